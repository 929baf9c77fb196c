from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from frontdesk.commerce.decisions import Decision, Facts
from frontdesk.commerce.policy import decide, zone_of
from frontdesk.commerce.rules import read_policy
from frontdesk.commerce.values import Address, Money, Order
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    NotifyBackInStock,
    Reorder,
    RequestData,
    Write,
)
from tests.commerce.demo_shops import NOW, number_of
from tests.commerce.desks import Counter, run

POLICY = read_policy()
HERE = Address("Jo Field", "1 Mill Street", "", "Leeds", "LS1 2AB", "GB")


def verdict(write: Write, order: Order | None, **facts: object) -> tuple[str, str]:
    found = decide(POLICY, write, Facts(now=NOW, order=order, **facts))  # type: ignore[arg-type]
    return found.outcome, found.reason


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        ("just_placed", "allowed", ""),
        ("past_cut_off", "refused", "cut_off_passed"),
        ("express_just_placed", "allowed", ""),
        ("express_past_cut_off", "refused", "cut_off_passed"),
        ("packing", "refused", "already_shipped"),
        ("shipped", "refused", "already_shipped"),
        ("partly_shipped", "refused", "already_shipped"),
        ("partly_delivered", "refused", "already_shipped"),
        ("delivered", "refused", "already_shipped"),
        ("cancelled", "refused", "already_cancelled"),
        ("on_hold", "person", "on_hold"),
        ("awaiting_payment", "allowed", ""),
        ("pre_order", "allowed", ""),
        ("made_to_order_new", "allowed", ""),
        ("made_to_order_fixed", "refused", "cut_off_passed"),
        ("two_man_in_5_days", "allowed", ""),
        ("two_man_tomorrow", "person", "late_price"),
        ("to_collect", "allowed", ""),
    ],
)
def test_cancelling_each_kind_of_order(
    counter: Counter, kind: str, outcome: str, reason: str
) -> None:
    order = counter.order(kind)
    assert verdict(CancelOrder(order.number, "x"), order) == (outcome, reason)
    if kind not in ("to_collect", "cancelled"):
        change = ChangeAddress(order.number, order.address)
        assert verdict(change, order) == (outcome, reason)


def test_the_cut_off_is_a_minute_exactly(counter: Counter) -> None:
    order = counter.order("just_placed")
    write = CancelOrder(order.number, "x")
    for seconds, reason in ((3600, ""), (3601, "cut_off_passed")):
        placed = replace(order, placed_at=NOW - timedelta(seconds=seconds))
        assert verdict(write, placed)[1] == reason


def test_a_large_order_is_cancelled_by_a_person(counter: Counter) -> None:
    order = counter.order("just_placed")
    write = CancelOrder(order.number, "x")
    at = replace(order, total=Money(Decimal(5000), "GBP"))
    above = replace(order, total=Money(Decimal("5000.01"), "GBP"))
    assert verdict(write, at) == ("allowed", "")
    assert verdict(write, above) == ("person", "large_amount")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"line1": "PO Box 12"}, "po_box"),
        ({"line1": "p.o. box 12"}, "po_box"),
        ({"country": "FR", "postcode": "75001"}, "country"),
        ({"country": "IE", "postcode": "D02 AF30"}, "other_zone"),
        ({"postcode": "BT1 1AA"}, "other_zone"),
        ({"postcode": "ZE1 0AA"}, "other_zone"),
        ({"postcode": "IV2 3AA"}, "other_zone"),
        ({"postcode": "YO1 7HH"}, ""),
    ],
)
def test_new_addresses(counter: Counter, change: dict[str, str], reason: str) -> None:
    order = replace(counter.order("just_placed"), address=HERE)
    write = ChangeAddress(order.number, replace(HERE, **change))
    assert verdict(write, order)[1] == reason


@pytest.mark.parametrize(
    ("postcode", "zone"),
    [
        ("LS1 2AB", ""),
        ("BT7 1NN", "northern_ireland"),
        ("IV2 3AA", "highlands"),
        ("IV51 9XX", "scottish_islands"),
        ("IV5 1AA", "highlands"),
        ("KW15 1AA", "scottish_islands"),
        ("KW1 5AA", "highlands"),
        ("PH1 5AA", ""),
        ("PH415AA", "highlands"),
        ("PA20 9AA", "scottish_islands"),
        ("PA2 9AA", ""),
        ("JE2 3AB", "channel_islands"),
        ("B1 1AA", ""),
        ("", ""),
    ],
)
def test_delivery_zones(postcode: str, zone: str) -> None:
    assert zone_of(POLICY, replace(HERE, postcode=postcode)) == zone


def test_an_order_to_collect_has_no_address_to_change(counter: Counter) -> None:
    order = counter.order("to_collect")
    assert verdict(ChangeAddress(order.number, HERE), order)[1] == "to_collect"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("delivered", ""),
        ("cancelled", ""),
        ("clearance_10_days", "single_piece"),
        ("second_light", "single_piece"),
    ],
)
def test_ordering_again(counter: Counter, kind: str, reason: str) -> None:
    order = counter.order(kind)
    assert verdict(Reorder(order.number), order)[1] == reason


def test_many_pieces_are_for_a_person(counter: Counter) -> None:
    order = counter.order("delivered")
    item = order.items[0]
    six = replace(order, items=(replace(item, quantity=6),))
    many = replace(
        order, items=tuple(replace(item, id=str(i), quantity=5) for i in range(5))
    )
    for one in (six, many):
        assert verdict(Reorder(order.number), one) == ("person", "many_pieces")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("delivered", ""),
        ("delivered_last_year", ""),
        ("warranty_gone", "warranty_over"),
        ("shipped", "not_delivered"),
        ("second_light", ""),
    ],
)
def test_warranty_claims(counter: Counter, kind: str, reason: str) -> None:
    order = counter.order(kind)
    write = ClaimWarranty(order.number, order.items[0].id, "It leaks.")
    assert verdict(write, order)[1] == reason


def test_refurbished_goods_have_one_year(counter: Counter) -> None:
    order = counter.order("delivered_last_year")
    used = replace(order.items[0], tags=frozenset({"refurbished"}))
    write = ClaimWarranty(order.number, used.id, "It leaks.")
    assert verdict(write, replace(order, items=(used,)))[1] == "warranty_over"


def test_data_is_deleted_when_nothing_is_open(counter: Counter) -> None:
    done, waiting = counter.order("delivered"), counter.order("shipped")
    write = RequestData("C-1001", "deletion")
    assert verdict(write, None, orders=(done,)) == ("allowed", "")
    assert verdict(write, None, orders=(done, waiting))[1] == "open_orders"
    assert verdict(write, None, orders=(done,), open_returns=1)[1] == "open_orders"
    export = RequestData("C-1001", "export")
    assert verdict(export, None, orders=(waiting,)) == ("allowed", "")


def test_a_notice_is_for_what_is_sold_out(counter: Counter) -> None:
    here, gone = (
        run(counter.shop.product(i)).variants[0] for i in ("mira-1-5", "tarn-long")
    )
    assert (
        verdict(NotifyBackInStock(gone.id, "a@b.c"), None, variant=gone)[0] == "allowed"
    )
    assert (
        verdict(NotifyBackInStock(here.id, "a@b.c"), None, variant=here)[1]
        == "in_stock"
    )


def test_what_was_taken_is_named_as_refund(counter: Counter) -> None:
    paid, reserved = counter.order("paid_by_paypal"), counter.order("just_placed")
    write = CancelOrder(number_of("just_placed"), "x")
    both: list[Decision] = [
        decide(POLICY, write, Facts(now=NOW, order=order)) for order in (paid, reserved)
    ]
    assert [decision.refund for decision in both] == [paid.total, None]
