"""The shop's rules for what goes back: windows, conditions, costs, exchanges."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from frontdesk.commerce.decisions import Decision, Facts, person, refused
from frontdesk.commerce.rules import Policy, ReturnRules
from frontdesk.commerce.values import Item, Money, Order, ReturnLine
from frontdesk.commerce.writes import RequestExchange, RequestReturn


def delivery(order: Order, item: Item) -> datetime | None:
    """When the last piece of an item arrived; None while none has."""
    times = [
        parcel.delivered_at
        for parcel in order.fulfilments
        if parcel.status == "delivered" and parcel.delivered_at
        for packed in parcel.contents
        if packed.item_id == item.id
    ]
    return max(times, default=None)


def decide_return(policy: Policy, write: RequestReturn, facts: Facts) -> Decision:
    """Whether these pieces may go back, for how much, and on which conditions."""
    order = facts.order
    if order is None:
        raise ValueError("The facts hold no order.")
    if not write.lines:
        return refused("nothing_chosen", "Please choose what you want to send back.")
    if problem := _problem(policy, order, write, facts):
        return problem
    goods = sum(
        (_item(order, ln).price.amount * ln.quantity for ln in write.lines), Decimal(0)
    )
    if goods > policy.person.return_above:
        limit = Money(policy.person.return_above, order.total.currency)
        return person("large_amount", f"A person looks at returns above {limit}.")
    return Decision(
        "allowed",
        conditions=_conditions(policy, order, write),
        cost=_cost(policy.returns, order, write),
        refund=Money(goods, order.total.currency),
    )


def decide_exchange(policy: Policy, write: RequestExchange, facts: Facts) -> Decision:
    """Whether these pieces may be swapped for other variants of the same product."""
    order, rules = facts.order, policy.exchange
    if order is None:
        raise ValueError("The facts hold no order.")
    if not write.lines:
        return refused("nothing_chosen", "Please choose what you want to exchange.")
    for line in write.lines:
        item = _item(order, line)
        if item.tags & set(rules.not_for_tags):
            return refused("single_piece", f"{item.title} cannot be exchanged.")
        if problem := _unsuitable(item, line, facts):
            return problem
    if problem := _problem(policy, order, write, facts):
        return problem
    earlier = sum(1 for other in facts.returns if other.kind == "exchange")
    price = policy.returns.label_price if earlier >= rules.free_times else Decimal(0)
    ours = all(line.reason in policy.returns.fault_reasons for line in write.lines)
    return Decision(
        "allowed",
        conditions=_conditions(policy, order, write),
        cost=Money(Decimal(0) if ours else price, order.total.currency),
    )


def _unsuitable(item: Item, line: ReturnLine, facts: Facts) -> Decision | None:
    """Why the wanted variant cannot replace the item."""
    product = facts.products.get(item.product_id)
    variants = {v.id: v for v in product.variants} if product else {}
    wanted = variants.get(line.variant_id)
    if wanted is None:
        if "mattress" in item.tags:
            return person("other_firmness", "A person arranges the other firmness.")
        return refused(
            "other_model",
            "Only another colour or size of the same product can be exchanged; another "
            "model is a return and a new order.",
        )
    if wanted.id == item.variant_id and line.reason not in ("faulty", "damaged"):
        return refused("same_variant", f"{item.title} is what you have already.")
    if not wanted.available:
        return refused("out_of_stock", f"{wanted.title} is sold out at the moment.")
    # What was paid may have been lowered by a voucher: the catalogue's are compared.
    mine = variants.get(item.variant_id)
    if mine is None or mine.price != wanted.price:
        return person("price_differs", "The prices differ, so a person arranges it.")
    return None


def _problem(
    policy: Policy, order: Order, write: RequestReturn | RequestExchange, facts: Facts
) -> Decision | None:
    """The first reason why a line cannot go back."""
    left = _left(order, facts)
    for line in write.lines:
        item = _item(order, line)
        arrived = delivery(order, item)
        if arrived is None:
            return refused("not_delivered", f"{item.title} has not been delivered yet.")
        left[item.id] -= line.quantity
        if line.quantity < 1 or left[item.id] < 0:
            return refused(
                "already_returned",
                f"There are not so many pieces of {item.title} left to send back.",
            )
        if problem := _late(policy.returns, order, item, line, arrived, facts.now):
            return problem
        bulky = {"large", "mattress"} & item.tags
        if bulky and write.method != "collection":
            return refused(
                "needs_collection", f"{item.title} is too large to post; we collect it."
            )
    return None


def _late(
    rules: ReturnRules,
    order: Order,
    item: Item,
    line: ReturnLine,
    arrived: datetime,
    now: datetime,
) -> Decision | None:
    """Why this item cannot go back for this reason today."""
    if line.reason in rules.fault_reasons:
        if now.date() <= (arrived + timedelta(days=rules.fault_days)).date():
            return None
        return refused(
            "claim_instead",
            f"More than {rules.fault_days} days after delivery a fault of {item.title} "
            "is a matter of the warranty: I can report it as a claim.",
        )
    if line.reason not in rules.own_reasons:
        return refused("unknown_reason", "Please choose one of the reasons.")
    if item.tags & set(rules.final_sale_tags):
        return refused("final_sale", f"{item.title} was a final sale.")
    if "mattress" in item.tags and now < arrived + timedelta(
        days=rules.mattress_min_nights
    ):
        return refused(
            "too_early",
            f"Please sleep on it for {rules.mattress_min_nights} nights at least.",
        )
    days = _window(rules, order, item)
    last = max(arrived + timedelta(days=days), _present_until(rules, order, item))
    if now.date() <= last.date():
        return None
    return refused(
        "window_over",
        f"{item.title} could be returned until {days} days after delivery, and that "
        "time is over.",
    )


def _window(rules: ReturnRules, order: Order, item: Item) -> int:
    if item.tags & set(rules.reduced_tags):
        return rules.reduced_window_days
    if "mattress" in item.tags:
        return rules.mattress_max_nights
    return rules.window_days.get(order.tier, rules.window_days["standard"])


def _present_until(rules: ReturnRules, order: Order, item: Item) -> datetime:
    """The last day for a present bought in the season, or the beginning of time."""
    day = order.placed_at.strftime("%m-%d")
    reduced = item.tags & set(rules.reduced_tags)
    if reduced or not order.gift or not rules.presents_from <= day <= rules.presents_to:
        return datetime.min.replace(tzinfo=UTC)
    month, last = map(int, rules.presents_until.split("-"))
    return datetime(order.placed_at.year + 1, month, last, tzinfo=UTC)


def _left(order: Order, facts: Facts) -> Counter[str]:
    """Delivered pieces of each item that have not been sent back."""
    left: Counter[str] = Counter()
    for parcel in order.fulfilments:
        if parcel.status == "delivered":
            for packed in parcel.contents:
                left[packed.item_id] += packed.quantity
    for earlier in facts.returns:
        if earlier.status != "declined":
            for line in earlier.lines:
                left[line.item_id] -= line.quantity
    return left


def _conditions(
    policy: Policy, order: Order, write: RequestReturn | RequestExchange
) -> tuple[str, ...]:
    conditions = policy.returns.conditions
    return tuple(
        f"{item.title}: {conditions[tag]}"
        for line in write.lines
        if line.reason not in policy.returns.fault_reasons
        for item in (_item(order, line),)
        for tag in sorted(item.tags & conditions.keys())
    )


def _cost(rules: ReturnRules, order: Order, write: RequestReturn) -> Money:
    """What the way back costs; nothing when every line is the shop's fault."""
    items = [_item(order, line) for line in write.lines]
    ours = all(line.reason in rules.fault_reasons for line in write.lines)
    trial = all("mattress" in item.tags for item in items)
    amount = Decimal(0)
    if write.method == "label" and order.tier not in rules.label_free_tiers:
        amount = rules.label_price
    elif write.method == "collection" and not trial:
        gold = order.tier == "gold"
        amount = rules.collection_price_gold if gold else rules.collection_price
    return Money(Decimal(0) if ours else amount, order.total.currency)


def _item(order: Order, line: ReturnLine) -> Item:
    return next(item for item in order.items if item.id == line.item_id)
