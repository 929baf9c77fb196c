"""The kinds of orders the demo shop has: every state a customer can ask about.

Times are relative to the moment at which the shop is filled, so that "an hour ago" and
"within 30 days" always exist. Each kind is made once with a fixed number, in this
order from `LO-100101` on, for examples and tests, and `share` times among the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from frontdesk.commerce.values import (
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
    RefundStatus,
    ReturnKind,
    ReturnStatus,
)

Goods = Literal[
    "small",
    "appliance",
    "sofa",
    "to_order",
    "mattress",
    "earbuds",
    "kettle",
    "clearance",
    "refurbished",
    "pre_order",
]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)


@dataclass(frozen=True)
class Parcel:
    """A parcel: which part of the order, how far, and how long ago."""

    status: FulfilmentStatus
    shipped: timedelta | None = None
    delivered: timedelta | None = None
    part: Literal["all", "first", "rest"] = "all"


@dataclass(frozen=True)
class Back:
    """A return of the first item, or of all, asked for so long ago."""

    kind: ReturnKind
    status: ReturnStatus
    asked: timedelta
    everything: bool = False
    refund: RefundStatus | None = None


@dataclass(frozen=True)
class Kind:
    """What an order of this kind is like; see `values.Order` for the fields."""

    name: str
    status: OrderStatus
    placed: timedelta
    share: int
    goods: Goods = "small"
    payment: PaymentStatus = "paid"
    method: str = "card"
    service: str = "standard"
    parcels: tuple[Parcel, ...] = ()
    back: Back | None = None
    tier: str = ""
    guest: bool = False
    gift: bool = False
    hold: str = ""
    slot: timedelta | None = None  # from now on
    dispatch: timedelta | None = None  # from now on


def delivered(name: str, ago: float, share: int, **rest: object) -> Kind:
    """An order delivered in one parcel so many days ago, placed four days earlier."""
    parcel = Parcel("delivered", shipped=days(ago + 2), delivered=days(ago))
    return Kind(name, "delivered", days(ago + 4), share, parcels=(parcel,), **rest)  # type: ignore[arg-type]


KINDS = (
    Kind("just_placed", "received", minutes(10), 20, payment="authorised"),
    Kind("past_cut_off", "received", minutes(95), 25, payment="authorised"),
    Kind(
        "express_just_placed",
        "received",
        minutes(5),
        10,
        payment="authorised",
        service="express",
    ),
    Kind(
        "express_past_cut_off",
        "received",
        minutes(40),
        10,
        payment="authorised",
        service="express",
    ),
    Kind("paid_by_paypal", "received", minutes(20), 15, method="paypal"),
    Kind("packing", "packing", hours(20), 40, payment="authorised"),
    Kind("shipped", "shipped", days(2), 70, parcels=(Parcel("shipped", days(1)),)),
    Kind(
        "out_for_delivery",
        "shipped",
        days(3),
        40,
        parcels=(Parcel("out_for_delivery", days(2)),),
    ),
    Kind(
        "two_parcels",
        "shipped",
        days(3),
        40,
        parcels=(
            Parcel("shipped", days(2), part="first"),
            Parcel("out_for_delivery", days(2), part="rest"),
        ),
    ),
    Kind(
        "partly_shipped",
        "partly_shipped",
        days(2),
        30,
        parcels=(
            Parcel("shipped", days(1), part="first"),
            Parcel("packing", part="rest"),
        ),
    ),
    Kind(
        "partly_delivered",
        "partly_delivered",
        days(6),
        30,
        parcels=(
            Parcel("delivered", days(4), days(2), part="first"),
            Parcel("shipped", days(1), part="rest"),
        ),
    ),
    Kind(
        "delivery_failed",
        "shipped",
        days(6),
        15,
        parcels=(Parcel("failed", days(4)),),
    ),
    delivered("delivered", 5, 150),
    delivered("delivered_last_day", 29.5, 30),
    delivered("delivered_too_long_ago", 33, 60),
    delivered("silver_within_45", 40, 20, tier="silver"),
    delivered("gold_within_60", 55, 15, tier="gold"),
    delivered("delivered_last_year", 400, 60),
    delivered("delivered_kettle", 6, 25, goods="kettle"),
    delivered("delivered_earbuds", 8, 15, goods="earbuds"),
    delivered("delivered_appliance", 12, 20, goods="appliance", service="two_man"),
    delivered("delivered_sofa", 9, 10, goods="sofa", service="two_man"),
    delivered("mattress_10_nights", 10, 8, goods="mattress", service="two_man"),
    delivered("mattress_60_nights", 60, 8, goods="mattress", service="two_man"),
    delivered("clearance_10_days", 10, 12, goods="clearance"),
    delivered("clearance_20_days", 20, 12, goods="clearance"),
    delivered("second_light", 10, 12, goods="refurbished"),
    delivered("final_sale", 7, 8, goods="to_order", service="two_man"),
    delivered("gift", 11, 25, gift=True),
    delivered("guest", 4, 60, guest=True),
    delivered("warranty_gone", 1100, 20, goods="kettle"),
    Kind(
        "cancelled",
        "cancelled",
        days(8),
        45,
        payment="voided",
    ),
    Kind(
        "cancelled_refund_pending",
        "cancelled",
        days(2),
        10,
        method="paypal",
        back=Back("return", "closed", days(1), everything=True, refund="pending"),
    ),
    delivered("return_requested", 9, 25, back=Back("return", "requested", days(2))),
    delivered("return_on_its_way", 14, 20, back=Back("return", "in_transit", days(4))),
    delivered(
        "return_received",
        18,
        15,
        back=Back("return", "received", days(6), refund="pending"),
    ),
    delivered(
        "partly_refunded",
        25,
        25,
        payment="partly_refunded",
        back=Back("return", "closed", days(15), refund="done"),
    ),
    delivered(
        "refunded",
        28,
        30,
        payment="refunded",
        back=Back("return", "closed", days(17), everything=True, refund="done"),
    ),
    delivered("exchange_requested", 7, 15, back=Back("exchange", "requested", days(1))),
    Kind(
        "on_hold",
        "on_hold",
        hours(30),
        20,
        payment="pending",
        hold="payment has to be confirmed with the bank",
    ),
    Kind("awaiting_payment", "awaiting_payment", hours(3), 10, payment="pending"),
    Kind(
        "pre_order",
        "received",
        days(12),
        20,
        goods="pre_order",
        payment="authorised",
        dispatch=days(20),
    ),
    Kind(
        "made_to_order_new",
        "received",
        hours(8),
        6,
        goods="to_order",
        service="two_man",
        slot=days(40),
    ),
    Kind(
        "made_to_order_fixed",
        "received",
        days(3),
        6,
        goods="to_order",
        service="two_man",
        slot=days(38),
    ),
    Kind(
        "two_man_in_5_days",
        "received",
        days(3),
        15,
        goods="appliance",
        payment="authorised",
        service="two_man",
        slot=days(5),
    ),
    Kind(
        "two_man_tomorrow",
        "received",
        days(6),
        15,
        goods="appliance",
        payment="authorised",
        service="two_man",
        slot=hours(26),
    ),
    Kind(
        "to_collect",
        "received",
        hours(30),
        20,
        payment="authorised",
        service="click_and_collect",
    ),
)
