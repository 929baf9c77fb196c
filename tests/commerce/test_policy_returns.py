from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from frontdesk.commerce.decisions import Decision, Facts
from frontdesk.commerce.policy import decide
from frontdesk.commerce.rules import read_policy
from frontdesk.commerce.values import Money, Order, ReturnLine
from frontdesk.commerce.writes import RequestExchange, RequestReturn
from tests.commerce.demo_shops import NOW
from tests.commerce.desks import Counter, run

POLICY = read_policy()


def returning(
    order: Order,
    reason: str = "changed_mind",
    method: str = "label",
    quantity: int = 1,
    now: datetime = NOW,
    **facts: object,
) -> Decision:
    line = ReturnLine(order.items[0].id, quantity, reason)
    write = RequestReturn(order.number, (line,), method)
    return decide(POLICY, write, Facts(now=now, order=order, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "method", "reason"),
    [
        ("delivered", "label", ""),
        ("delivered_last_day", "label", ""),
        ("delivered_too_long_ago", "label", "window_over"),
        ("silver_within_45", "label", ""),
        ("gold_within_60", "label", ""),
        ("delivered_last_year", "label", "window_over"),
        ("clearance_10_days", "label", ""),
        ("clearance_20_days", "label", "window_over"),
        ("second_light", "label", ""),
        ("final_sale", "collection", "final_sale"),
        ("mattress_10_nights", "collection", "too_early"),
        ("mattress_60_nights", "collection", ""),
        ("delivered_appliance", "label", "needs_collection"),
        ("delivered_appliance", "shop", "needs_collection"),
        ("delivered_appliance", "collection", ""),
        ("shipped", "label", "not_delivered"),
        ("just_placed", "label", "not_delivered"),
        ("cancelled", "label", "not_delivered"),
    ],
)
def test_windows_and_ways(
    counter: Counter, kind: str, method: str, reason: str
) -> None:
    assert returning(counter.order(kind), method=method).reason == reason


def test_the_last_day_counts_whole(counter: Counter) -> None:
    order = counter.order("delivered")
    arrived = order.fulfilments[0].delivered_at
    assert arrived is not None
    order = replace(order, tier="")
    last = (arrived + timedelta(days=30)).replace(hour=23, minute=59)
    assert returning(order, now=last).outcome == "allowed"
    next_day = last + timedelta(minutes=1)
    assert returning(order, now=next_day).reason == "window_over"


def test_presents_of_the_season_have_until_the_end_of_january(counter: Counter) -> None:
    gift = counter.order("gift")
    bought = datetime(2026, 11, 9, 12, tzinfo=UTC)
    gift = replace(gift, placed_at=bought, tier="")
    day = datetime(2027, 1, 31, 20, tzinfo=UTC)
    assert returning(gift, now=day).outcome == "allowed"
    assert returning(gift, now=day + timedelta(days=1)).reason == "window_over"
    assert returning(replace(gift, gift=False), now=day).reason == "window_over"
    early = replace(gift, placed_at=datetime(2026, 10, 31, tzinfo=UTC))
    assert returning(early, now=day).reason == "window_over"


@pytest.mark.parametrize(
    ("reason", "kind", "said"),
    [
        ("faulty", "delivered_last_day", ""),
        ("faulty", "delivered_too_long_ago", "claim_instead"),
        ("damaged", "clearance_20_days", ""),
        ("wrong_item", "delivered", ""),
        ("because", "delivered", "unknown_reason"),
        ("", "delivered", "unknown_reason"),
    ],
)
def test_reasons(counter: Counter, reason: str, kind: str, said: str) -> None:
    assert returning(counter.order(kind), reason).reason == said


def test_pieces_cannot_go_back_twice(counter: Counter) -> None:
    order = counter.order("return_requested")
    returns = run(counter.shop.returns_of(order.number))
    assert returning(order, returns=returns).reason == "already_returned"
    declined = tuple(replace(one, status="declined") for one in returns)
    assert returning(order, returns=declined).outcome == "allowed"
    pieces = order.items[0].quantity
    assert returning(order, quantity=pieces + 1).reason == "already_returned"
    assert returning(order, quantity=0).reason == "already_returned"


def test_only_what_has_arrived_goes_back(counter: Counter) -> None:
    order = counter.order("partly_delivered")
    first, second = order.items
    assert returning(replace(order, items=(first,))).outcome == "allowed"
    assert returning(replace(order, items=(second,))).reason == "not_delivered"


@pytest.mark.parametrize(
    ("method", "tier", "reason", "cost"),
    [
        ("label", "", "changed_mind", "3.50"),
        ("label", "silver", "changed_mind", "3.50"),
        ("label", "gold", "changed_mind", "0"),
        ("label", "", "faulty", "0"),
        ("shop", "", "changed_mind", "0"),
        ("collection", "", "changed_mind", "35.00"),
        ("collection", "gold", "changed_mind", "17.50"),
        ("collection", "", "damaged", "0"),
    ],
)
def test_what_it_costs(
    counter: Counter, method: str, tier: str, reason: str, cost: str
) -> None:
    order = replace(counter.order("delivered"), tier=tier)
    decision = returning(order, reason, method)
    assert decision.cost == Money(Decimal(cost), "GBP")
    assert decision.refund == order.items[0].price


def test_a_mattress_is_collected_free(counter: Counter) -> None:
    decision = returning(counter.order("mattress_60_nights"), method="collection")
    assert decision.cost == Money(Decimal(0), "GBP")


def test_a_large_return_is_for_a_person(counter: Counter) -> None:
    order = counter.order("delivered")
    for price, outcome in (("1000.00", "allowed"), ("1000.01", "person")):
        item = replace(order.items[0], price=Money(Decimal(price), "GBP"))
        assert returning(replace(order, items=(item,))).outcome == outcome


def test_conditions_are_part_of_it_unless_it_is_our_fault(counter: Counter) -> None:
    order = counter.order("delivered_kettle")
    (condition,) = returning(order).conditions
    assert condition.startswith(f"{order.items[0].title}: it is unused")
    assert returning(order, "faulty").conditions == ()


def exchanging(
    counter: Counter, order: Order, variant_id: str, **facts: object
) -> Decision:
    item = order.items[0]
    line = ReturnLine(item.id, 1, "wrong_size", variant_id)
    write = RequestExchange(order.number, (line,))
    products = {item.product_id: run(counter.shop.product(item.product_id))}
    known = Facts(now=NOW, order=order, products=products, **facts)  # type: ignore[arg-type]
    return decide(POLICY, write, known)


def swappable(counter: Counter) -> tuple[Order, str, str, str]:
    """A delivered order, with a variant in stock, its own, and one sold out."""
    order = counter.order("delivered")
    product = run(counter.shop.product("arden-m"))
    brass, black, chalk = product.variants
    item = replace(order.items[0], product_id="arden-m", variant_id=brass.id)
    return replace(order, items=(item,)), black.id, brass.id, chalk.id


def test_exchanges_are_for_another_variant_in_stock(counter: Counter) -> None:
    order, good, same, sold_out = swappable(counter)
    assert exchanging(counter, order, good).outcome == "allowed"
    assert exchanging(counter, order, same).reason == "same_variant"
    assert exchanging(counter, order, sold_out).reason == "out_of_stock"
    assert exchanging(counter, order, "TAR-2-CREAM").reason == "other_model"
    assert exchanging(counter, order, "").reason == "other_model"


def test_the_first_exchange_is_free_and_the_second_costs_the_label(
    counter: Counter,
) -> None:
    order, good, _, _ = swappable(counter)
    assert exchanging(counter, order, good).cost == Money(Decimal(0), "GBP")
    earlier = run(counter.shop.returns_of("LO-100139"))
    assert [one.kind for one in earlier] == ["exchange"]
    second = exchanging(counter, order, good, returns=earlier)
    assert second.cost == Money(Decimal("3.50"), "GBP")


def test_single_pieces_and_other_firmness(counter: Counter) -> None:
    clearance = counter.order("clearance_10_days")
    assert exchanging(counter, clearance, "X").reason == "single_piece"
    mattress = counter.order("mattress_60_nights")
    assert exchanging(counter, mattress, "HAV-MMD").outcome == "person"


def test_another_price_is_for_a_person(counter: Counter) -> None:
    order, good, _, _ = swappable(counter)
    with counter.shop.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE variants SET price = 1 WHERE id = '{good}'")
    assert exchanging(counter, order, good).reason == "price_differs"
