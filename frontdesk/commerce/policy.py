"""The shop's rules applied to a write: pure functions of rules and facts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from frontdesk.commerce.decisions import ALLOWED, Decision, Facts, person, refused
from frontdesk.commerce.policy_returns import decide_exchange, decide_return, delivery
from frontdesk.commerce.rules import Policy
from frontdesk.commerce.values import Address, Item, Money, Order
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    NotifyBackInStock,
    Reorder,
    RequestData,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
)

_PO_BOX = re.compile(r"\bp\.?\s*o\.?\s*box\b|\bparcel\s*locker\b", re.IGNORECASE)
_FINISHED = ("delivered", "cancelled")


def decide(policy: Policy, write: Write, facts: Facts) -> Decision:
    """What the rules say about a write, given the facts."""
    rule: Callable[..., Decision] = _RULES[type(write)]
    return rule(policy, write, facts)


def zone_of(policy: Policy, address: Address) -> str:
    """The delivery zone of an address; empty for the mainland."""
    outward = address.postcode.upper().split()[0] if address.postcode.split() else ""
    if len(address.postcode.split()) == 1 and len(outward) > 4:
        outward = outward[:-3]  # written without the space
    best, found = 0, ""
    for zone, areas in policy.address.zones.items():
        for area in areas:
            # An area (IV) holds its districts, a district (KW1) only itself.
            whole = area == outward
            inside = area.isalpha() and re.match(rf"{area}\d", outward)
            if (whole or inside) and len(area) > best:
                best, found = len(area), zone
    return found


def _cancel(policy: Policy, write: CancelOrder, facts: Facts) -> Decision:
    order = _order(facts)
    if order.status == "cancelled":
        return refused("already_cancelled", f"Order {order.number} is cancelled.")
    if late := _cut_off(policy, order, facts, "cancelled"):
        return late
    if order.total.amount > policy.person.order_above:
        limit = Money(policy.person.order_above, order.total.currency)
        return person("large_amount", f"A person looks at orders above {limit}.")
    taken = order.total if order.payment == "paid" else None
    return Decision("allowed", refund=taken)


def _change_address(policy: Policy, write: ChangeAddress, facts: Facts) -> Decision:
    order, new = _order(facts), write.address
    if order.status == "cancelled":
        return refused("already_cancelled", f"Order {order.number} is cancelled.")
    if order.service == "click_and_collect":
        return refused("to_collect", "This order is collected in a shop.")
    if late := _cut_off(policy, order, facts, "sent to another address"):
        return late
    if _PO_BOX.search(f"{new.line1} {new.line2}"):
        return refused("po_box", "We do not deliver to PO boxes or parcel lockers.")
    if new.country not in policy.address.countries:
        return refused("country", "We do not deliver to that country.")
    moved = new.country != order.address.country
    if moved or zone_of(policy, new) != zone_of(policy, order.address):
        return refused(
            "other_zone",
            "Delivery there has another price, so the order has to be cancelled and "
            "placed anew.",
        )
    return ALLOWED


def _cut_off(policy: Policy, order: Order, facts: Facts, what: str) -> Decision | None:
    """Why it is too late to cancel or redirect an order; None while it is not."""
    rules = policy.cancellation
    if order.status not in rules.open_states:
        return _too_far(order, what)
    if order.status == "awaiting_payment" or order.service in (
        rules.until_collection_services
    ):
        return None
    tags = {tag for item in order.items for tag in item.tags}
    if "made_to_order" in tags:
        hours = rules.made_to_order_hours_after_ordering
        if facts.now <= order.placed_at + timedelta(hours=hours):
            return None
        return refused(
            "cut_off_passed",
            f"Made-to-order goods can only be {what} within {hours} hours of ordering.",
        )
    if tags & set(rules.until_dispatch_tags):
        return None
    if order.service == "two_man":
        return _two_man(policy, order, facts, what)
    limits = rules.minutes_after_ordering
    minutes = limits.get(order.service, limits["standard"])
    if facts.now <= order.placed_at + timedelta(minutes=minutes):
        return None
    text = f"This order could be {what} for {minutes} minutes after it was placed."
    if order.status == "on_hold":
        return person("on_hold", f"{text} It is on hold, so a person can look at it.")
    return refused("cut_off_passed", f"{text} You can refuse the parcel or return it.")


def _two_man(policy: Policy, order: Order, facts: Facts, what: str) -> Decision | None:
    hours = policy.cancellation.two_man_hours_before_slot
    if order.slot_at is None:
        return person("no_slot", "A person has to look up the crew's day first.")
    if facts.now <= order.slot_at - timedelta(hours=hours):
        return None
    fee = Money(policy.cancellation.two_man_late_price, order.total.currency)
    return person(
        "late_price",
        f"Within {hours} hours of the crew's slot an order can only be {what} for "
        f"{fee}, and the slot is lost.",
    )


def _too_far(order: Order, what: str) -> Decision:
    if order.status == "packing":
        text = f"It is being packed, so it can no longer be {what}."
    elif order.status == "delivered":
        text = f"It has been delivered, so it can no longer be {what}."
    else:
        text = f"It has left our warehouse, so it can no longer be {what}."
    hint = (
        "You can return it."
        if order.status == "delivered"
        else ("You can refuse the parcel or return it.")
    )
    return refused("already_shipped", f"{text} {hint}")


def _reorder(policy: Policy, write: Reorder, facts: Facts) -> Decision:
    order, rules = _order(facts), policy.reorder
    for item in order.items:
        if item.tags & set(rules.not_for_tags):
            return refused(
                "single_piece",
                f"{item.title} was a single offer and cannot come again.",
            )
        if item.quantity > rules.max_of_one_article:
            return person(
                "many_pieces",
                f"More than {rules.max_of_one_article} of one article are for business "
                "accounts.",
            )
    if sum(item.quantity for item in order.items) > rules.max_articles:
        return person("many_pieces", "An order this large is looked at by a person.")
    if order.total.amount > policy.person.order_above:
        limit = Money(policy.person.order_above, order.total.currency)
        return person("large_amount", f"A person looks at orders above {limit}.")
    return ALLOWED


def _notify(policy: Policy, write: NotifyBackInStock, facts: Facts) -> Decision:
    if facts.variant is not None and facts.variant.available:
        return refused("in_stock", f"{facts.variant.title} can be bought now.")
    return ALLOWED


def _claim(policy: Policy, write: ClaimWarranty, facts: Facts) -> Decision:
    order = _order(facts)
    item = next(item for item in order.items if item.id == write.item_id)
    arrived = delivery(order, item)
    if arrived is None:
        return refused("not_delivered", f"{item.title} has not been delivered yet.")
    years = _warranty_years(policy, item)
    if facts.now > arrived + timedelta(days=round(365.25 * years)):
        span = "1 year" if years == 1 else f"{years} years"
        return refused(
            "warranty_over",
            f"The warranty of {item.title} lasts {span} from delivery and is over.",
        )
    return ALLOWED


def _warranty_years(policy: Policy, item: Item) -> int:
    rules = policy.warranty
    if "refurbished" in item.tags:
        return rules.refurbished_years
    fitting = [start for start in rules.years if item.product_id.startswith(start)]
    return rules.years[max(fitting, key=len)] if fitting else rules.default_years


def _request_data(policy: Policy, write: RequestData, facts: Facts) -> Decision:
    if write.kind == "export":
        return ALLOWED
    waiting = [order for order in facts.orders if order.status not in _FINISHED]
    if waiting or facts.open_returns:
        return refused(
            "open_orders",
            "Open orders and returns have to be finished before the account and its "
            "data can be deleted.",
        )
    return ALLOWED


def _set_newsletter(policy: Policy, write: SetNewsletter, facts: Facts) -> Decision:
    return ALLOWED


def _order(facts: Facts) -> Order:
    if facts.order is None:
        raise ValueError("The facts hold no order.")
    return facts.order


_RULES: dict[type[Write], Callable[..., Decision]] = {
    CancelOrder: _cancel,
    ChangeAddress: _change_address,
    RequestReturn: decide_return,
    RequestExchange: decide_exchange,
    Reorder: _reorder,
    NotifyBackInStock: _notify,
    ClaimWarranty: _claim,
    SetNewsletter: _set_newsletter,
    RequestData: _request_data,
}
