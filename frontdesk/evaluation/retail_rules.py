"""Which rules of the retail set's policy our policy file can express, tried out.

A rule names where it would stand; its probe applies our rules, filled with that shop's
numbers, to a case of it. A rule without a probe has no place with us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

from frontdesk.commerce.decisions import Decision, Facts
from frontdesk.commerce.policy import decide
from frontdesk.commerce.rules import Policy, read_policy
from frontdesk.commerce.trust import Trust
from frontdesk.commerce.values import (
    Address,
    Fulfilment,
    Item,
    Money,
    Order,
    OrderStatus,
    PackedItem,
    Product,
    Return,
    ReturnLine,
    Variant,
)
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    Operation,
    RequestExchange,
    RequestReturn,
    Write,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3000)
_LONG = 10_000_000  # minutes or days: the set's policy knows no windows
_STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
_OPEN = ("awaiting_payment", "on_hold", "received")
_HOME = Address("Jo Field", "1 Elm Road", "", "Denver", "80279", "US", "CO")


@dataclass(frozen=True)
class Rule:
    """A rule of the set's policy in our words.

    Attributes:
        place: Where it stands with us, or why it stands nowhere.
        in_file: Whether that is the policy file; else it is code.
        probe: Whether our rules do what it says.
    """

    text: str
    place: str
    in_file: bool = False
    probe: Callable[[Policy], bool] | None = None


def retail_policy() -> Policy:
    """Our policy file with that shop's numbers in it."""
    ours = read_policy()
    return replace(
        ours,
        cancellation=replace(
            ours.cancellation,
            open_states=_OPEN,
            minutes_after_ordering={"standard": _LONG},
        ),
        address=replace(ours.address, countries=("US",), zones={}),
        returns=replace(
            ours.returns,
            window_days={tier: _LONG // 1000 for tier in ours.returns.window_days},
            label_price=Decimal(0),
            conditions={},
        ),
        person=replace(
            ours.person,
            order_above=Decimal(_LONG),
            return_above=Decimal(_LONG),
        ),
    )


def rule_rows() -> list[dict[str, str]]:
    """Each rule with `yes`, `code` or `no`, and where it stands or what is missing."""
    policy = retail_policy()
    return [
        {"rule": one.text, "expressed": _expressed(one, policy), "where": one.place}
        for one in RULES
    ]


def _expressed(rule: Rule, policy: Policy) -> str:
    if rule.probe is None or not rule.probe(policy):
        return "no"
    return "yes" if rule.in_file else "code"


def _order(status: OrderStatus = "received", **given: Any) -> Order:
    price = Money(Decimal("40.00"), "USD")
    item = Item("i1", "p1", "v1", "Shirt", 1, price)
    parcel = Fulfilment(
        "f1", "delivered", (PackedItem("i1", 1),), delivered_at=LONG_AGO
    )
    values: dict[str, Any] = {
        "number": "W1",
        "customer_id": "c1",
        "email": "jo@mail.example",
        "phone": "",
        "status": status,
        "payment": "paid",
        "placed_at": LONG_AGO,
        "items": (item,),
        "total": price,
        "shipping": Money(Decimal(0), "USD"),
        "address": _HOME,
        "version": "1",
        "fulfilments": (parcel,) if status == "delivered" else (),
        "payment_method": "paypal",
    }
    return Order(**(values | given))


def _facts(order: Order, *returns: Return, price: str = "40.00") -> Facts:
    def variant(name: str, amount: str, available: bool = True) -> Variant:
        return Variant(name, name, (), Money(Decimal(amount), "USD"), available)

    variants = (
        variant("v1", "40.00"),
        variant("v2", price),
        variant("v3", "40.00", available=False),
    )
    shirt = Product("p1", "Shirt", "Shirts", "", variants[0].price, "", variants)
    return Facts(NOW, order, returns, {"p1": shirt})


def _says(policy: Policy, write: Write, facts: Facts) -> str:
    decision: Decision = decide(policy, write, facts)
    return decision.outcome


def _only_in(statuses: tuple[str, ...], write: Write) -> Callable[[Policy], bool]:
    """Whether a write is allowed in these states of an order and in no other."""

    def probe(policy: Policy) -> bool:
        allowed = {
            status
            for status in _STATUSES
            if _says(policy, write, _facts(_order(status))) == "allowed"
        }
        return allowed == set(statuses)

    return probe


def _swap(variant_id: str) -> RequestExchange:
    return RequestExchange("W1", (ReturnLine("i1", 1, "other", variant_id),))


_BACK = RequestReturn("W1", (ReturnLine("i1", 1, "other"),))
_CANCEL = CancelOrder("W1", "no longer needed")


def _refunds_total(policy: Policy) -> bool:
    order = _order()
    return decide(policy, _CANCEL, _facts(order)).refund == order.total


def _other_variant_of_the_product(policy: Policy) -> bool:
    facts = _facts(_order("delivered"))
    verdicts = [_says(policy, _swap(name), facts) for name in ("v2", "v1", "v3", "x")]
    return verdicts == ["allowed", "refused", "refused", "refused"]


def _difference_is_charged(policy: Policy) -> bool:
    facts = _facts(_order("delivered"), price="45.00")
    return _says(policy, _swap("v2"), facts) == "allowed"


def _once_per_order(policy: Policy) -> bool:
    two = replace(_order("delivered").items[0], quantity=2)
    parcel = Fulfilment(
        "f1", "delivered", (PackedItem("i1", 2),), delivered_at=LONG_AGO
    )
    order = _order("delivered", items=(two,), fulfilments=(parcel,))
    earlier = Return("r1", "W1", "exchange", "requested", _swap("v2").lines, LONG_AGO)
    facts = _facts(order, earlier)
    return all(_says(policy, one, facts) == "refused" for one in (_swap("v2"), _BACK))


def _returns_years_later(policy: Policy) -> bool:
    return _says(policy, _BACK, _facts(_order("delivered"))) == "allowed"


def _own_orders_only(policy: Policy) -> bool:
    verified = Trust("signed_in", customer_id="c1")
    foreign = _order(customer_id="c2", email="else@mail.example")
    return verified.owns(_order()) and not verified.owns(foreign)


def _offers(operation: str) -> Callable[[Policy], bool]:
    return lambda policy: operation in get_args(Operation)


RULES = (
    Rule(
        "the customer is known by email, or name and postcode, before anything",
        "ours asks more: order number with contact, then a one-time code, or a token",
    ),
    Rule("one customer's data in a conversation", "trust.py", probe=_own_orders_only),
    Rule(
        "cancel only a pending order",
        "cancellation.open_states",
        True,
        _only_in(_OPEN, _CANCEL),
    ),
    Rule(
        "a cancellation has one of two reasons",
        "reasons of cancellations are kept, not limited",
    ),
    Rule("a cancellation pays everything back", "policy.py", probe=_refunds_total),
    Rule(
        "a gift card is refunded at once, other methods in days",
        "payment is the vendor's; we only report it",
    ),
    Rule(
        "another address only for a pending order",
        "cancellation.open_states",
        True,
        _only_in(_OPEN, ChangeAddress("W1", replace(_HOME, line1="2 Elm Road"))),
    ),
    Rule(
        "another payment method for a pending order",
        "no such operation",
        probe=_offers("change_payment"),
    ),
    Rule(
        "other options of a pending order's items, once",
        "no such operation",
        probe=_offers("change_items"),
    ),
    Rule(
        "another default address", "no such operation", probe=_offers("change_profile")
    ),
    Rule(
        "return only what is delivered",
        "policy_returns.py",
        probe=_only_in(("delivered",), _BACK),
    ),
    Rule(
        "a return at any time after delivery",
        "returns.window_days",
        True,
        _returns_years_later,
    ),
    Rule(
        "a return's money to the original method or a gift card",
        "always to the original method; no choice",
    ),
    Rule(
        "exchange only what is delivered",
        "policy_returns.py",
        probe=_only_in(("delivered",), _swap("v2")),
    ),
    Rule(
        "exchange for another available variant of the same product",
        "policy_returns.py",
        probe=_other_variant_of_the_product,
    ),
    Rule(
        "an exchange's price difference is paid by a method the customer names",
        "a person arranges it where prices differ",
        probe=_difference_is_charged,
    ),
    Rule(
        "a second exchange or return of an order is refused",
        "a second exchange has a price (exchange.free_times), pieces go back once",
        probe=_once_per_order,
    ),
)
"""The set's rules on what may be done; those on how to talk are not the shop's."""
