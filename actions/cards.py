"""Orders and products as rich messages, and as the plain text that goes with each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from frontdesk.commerce.service import OrderStatusView, ParcelStatus
from frontdesk.commerce.values import Fulfilment, Order, Product

STATUS = {
    "awaiting_payment": "waiting for your payment",
    "on_hold": "on hold",
    "received": "received, not packed yet",
    "packing": "being packed",
    "partly_shipped": "partly on its way",
    "shipped": "on its way",
    "partly_delivered": "partly delivered",
    "delivered": "delivered",
    "cancelled": "cancelled",
}
_STEPS = ("Ordered", "Packed", "On its way", "Delivered")
# How many of the steps are behind an order in each state.
_REACHED = {
    "awaiting_payment": 0,
    "on_hold": 1,
    "received": 1,
    "packing": 1,
    "partly_shipped": 2,
    "shipped": 3,
    "partly_delivered": 3,
    "delivered": 4,
}
MOST_FACTS = 4


def day(moment: datetime) -> str:
    """A date as the British write it, `3 May 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def order_text(order: Order | OrderStatusView) -> str:
    """Where an order is, in sentences."""
    text = f"Order {order.number} of {day(order.placed_at)} is {STATUS[order.status]}."
    parts = [text, *_parcels(order)]
    if order.slot_at and order.status not in ("delivered", "cancelled"):
        parts.append(f"The delivery crew comes on {day(order.slot_at)}.")
    elif order.dispatch_at and order.status == "received":
        parts.append(f"It is due to leave us on {day(order.dispatch_at)}.")
    if isinstance(order, Order):
        titles = ", ".join(f"{i.quantity} x {i.title}" for i in order.items)
        parts.append(f"In it: {titles}. Total: {order.total}.")
        parts += [
            f"Follow it here: {f.tracking_url}"
            for f in order.fulfilments
            if f.tracking_url and f.status != "delivered"
        ]
    elif order.address:
        parts.append(f"It goes to {order.address}.")
    return " ".join(parts)


def _parcels(order: Order | OrderStatusView) -> list[str]:
    parcels: Sequence[Fulfilment | ParcelStatus] = (
        order.fulfilments if isinstance(order, Order) else order.parcels
    )
    said = []
    for number, parcel in enumerate(parcels, 1):
        name = f"Parcel {number}" if len(parcels) > 1 else "The parcel"
        if parcel.status == "failed":
            said.append(f"{name} could not be delivered.")
        elif parcel.delivered_at:
            said.append(f"{name} was delivered on {day(parcel.delivered_at)}.")
        elif parcel.status == "out_for_delivery":
            said.append(f"{name} is out for delivery.")
        elif parcel.shipped_at:
            due = (
                f" and is due on {day(parcel.expected_at)}"
                if parcel.expected_at
                else ""
            )
            said.append(f"{name} left on {day(parcel.shipped_at)}{due}.")
    return said


def order_card(order: Order) -> dict[str, Any]:
    """An order as a card; only for the customer it belongs to."""
    card = {
        "type": "order",
        "number": order.number,
        "status": order.status,
        "status_text": STATUS[order.status],
        "placed_at": order.placed_at.isoformat(),
        "total": {"amount": str(order.total.amount), "currency": order.total.currency},
        "items": [_item(i.title, i.quantity, i.image) for i in order.items],
        "timeline": _timeline(order),
    }
    urls = [f.tracking_url for f in order.fulfilments if f.tracking_url]
    return {**card, "tracking_url": urls[-1]} if urls else card


def _item(title: str, quantity: int, image: str) -> dict[str, Any]:
    item: dict[str, Any] = {"title": title, "quantity": quantity}
    return {**item, "image": image} if image else item


def _timeline(order: Order) -> list[dict[str, Any]]:
    if order.status == "cancelled":
        times = (order.placed_at, order.cancelled_at)
        return [
            {"label": label, "at": at and at.isoformat(), "state": "done"}
            for label, at in zip(("Ordered", "Cancelled"), times, strict=True)
        ]
    shipped = [f.shipped_at for f in order.fulfilments if f.shipped_at]
    delivered = [f.delivered_at for f in order.fulfilments if f.delivered_at]
    first, last = min(shipped, default=None), max(delivered, default=None)
    reached = _REACHED[order.status]
    return [
        {
            "label": label,
            "at": at.isoformat() if at and index < reached else None,
            "state": _state(index, reached),
        }
        for index, (label, at) in enumerate(
            zip(_STEPS, (order.placed_at, first, first, last), strict=True)
        )
    ]


def _state(index: int, reached: int) -> str:
    if index < reached:
        return "done"
    return "current" if index == reached else "next"


def product_text(products: Sequence[Product], wanted: Sequence[str] = ()) -> str:
    """Products as a list, one a line."""
    return "\n".join(
        f"- {p.title}: {p.price}, {', '.join(facts(p, wanted)) or p.family}"
        f"{'' if p.available else ' (out of stock)'}. {p.url}"
        for p in products
    )


def facts(product: Product, wanted: Sequence[str] = ()) -> list[str]:
    """The product's main attributes, those that were asked for first."""
    attributes = sorted(product.attributes, key=lambda pair: pair[0] not in wanted)
    return [_fact(name, value) for name, value in attributes[:MOST_FACTS]]


def _fact(name: str, value: str) -> str:
    if name == "type":
        return value
    return f"{name}: {value}" if value else name


def product_cards(
    products: Sequence[Product], wanted: Sequence[str] = ()
) -> dict[str, Any]:
    """Products as one carousel."""
    return {
        "type": "products",
        "products": [
            {
                "id": p.id,
                "title": p.title,
                "price": {"amount": str(p.price.amount), "currency": p.price.currency},
                "url": p.url,
                **({"image": p.image} if p.image else {}),
                "facts": facts(p, wanted),
                "available": p.available,
                "buttons": _product_buttons(p),
            }
            for p in products
        ],
    }


def _product_buttons(product: Product) -> list[dict[str, str]]:
    title = "Is it in stock?" if product.available else "Tell me when it is back"
    ask = "Is the {} in stock?" if product.available else "Tell me when the {} is back"
    return [{"title": title, "payload": ask.format(product.title)}]


def comparison_card(products: Sequence[Product]) -> dict[str, Any]:
    """Products side by side; a row for everything that at least two of them tell."""
    names = dict.fromkeys(n for p in products for n, _ in p.attributes)
    rows = [["Price", *(str(p.price) for p in products)]]
    for name in names:
        values = [dict(p.attributes).get(name, "") for p in products]
        if sum(bool(value) for value in values) > 1:
            rows.append([name.capitalize(), *(value or "-" for value in values)])
    return {
        "type": "comparison",
        "columns": [p.title for p in products],
        "rows": rows,
        "urls": [p.url for p in products],
    }


def comparison_text(card: dict[str, Any]) -> str:
    """The comparison as text, a line for each row."""
    lines = [f"{' / '.join(card['columns'])}:"]
    lines += [f"- {name}: {' / '.join(values)}" for name, *values in card["rows"]]
    return "\n".join([*lines, *card["urls"]])
