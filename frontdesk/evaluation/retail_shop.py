"""The retail set's data as a demo shop, its actions as our writes, and back again.

Names are translated and nothing is decided here: what is allowed and what happens is
the shop's to say. An action that our writes cannot express is `Inexpressible`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from frontdesk.commerce.database import open_database, reading, writing
from frontdesk.commerce.demo.backend import MIGRATIONS, DemoShop
from frontdesk.commerce.demo.models import (
    CustomerRow,
    FulfilmentRow,
    ItemRow,
    NoteRow,
    OrderRow,
    ProductRow,
    RefundRow,
    VariantRow,
)
from frontdesk.commerce.values import Address, ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    RequestExchange,
    RequestReturn,
    Write,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # the set has no times
STOCK = 1000  # the set says only that a variant can be had
_STATUS = {
    "pending": "received",
    "processed": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
}
_THEIRS = {ours: theirs for theirs, ours in _STATUS.items()}
_PARCEL = {"processed": "shipped", "delivered": "delivered", "cancelled": "shipped"}
_COUNTRY = {"USA": "US"}


class Inexpressible(Exception):
    """No write of ours says this; the message is what is lacking."""


def load(data: Mapping[str, Any], path: Path) -> None:
    """Write the set's data into a new demo-shop database at `path`."""
    engine = open_database(f"sqlite:///{path}", MIGRATIONS)
    with writing(engine) as session:
        session.add(NoteRow(name="filled_for", value=NOW.isoformat()))
        session.add_all(_product(one) for one in data["products"].values())
        session.add_all(_customer(one) for one in data["users"].values())
        session.flush()
        users = data["users"]
        for order in data["orders"].values():
            session.add(_order(order, users[order["user_id"]]))
    engine.dispose()


def open_shop(path: Path) -> DemoShop:
    """The shop in a database that `load` has written."""
    return DemoShop(f"sqlite:///{path}", Path("unused"), clock=lambda: NOW)


def write_of(shop: DemoShop, name: str, given: Mapping[str, Any]) -> Write:
    """An action of the set as one of our writes.

    Raises:
        Inexpressible: None of them says it.
    """
    if name == "cancel_pending_order":
        return CancelOrder(given["order_id"], given["reason"])
    if name == "modify_pending_order_address":
        with reading(shop.engine) as session:
            name_on_it = _row(session, given["order_id"]).address["name"]
        return ChangeAddress(given["order_id"], _address(given, name_on_it))
    if name == "return_delivered_order_items":
        lines = _lines(shop, given, [""] * len(given["item_ids"]))
        return RequestReturn(given["order_id"], lines)
    if name == "exchange_delivered_order_items":
        lines = _lines(shop, given, given["new_item_ids"])
        return RequestExchange(given["order_id"], lines)
    raise Inexpressible(f"no operation {name}")


def state_of(shop: DemoShop, before: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the shop holds now, in the words of `retail_reading.state_of`.

    Args:
        shop: The shop after the writes.
        before: The set's data: what a demo shop has no place for stays as it was.
    """
    state: dict[str, dict[str, Any]] = {}
    with reading(shop.engine) as session:
        whole = (OrderRow.items, OrderRow.returns, OrderRow.refunds)
        query = select(OrderRow).options(*map(selectinload, whole))
        for row in session.scalars(query):
            state[f"#{row.number}"] = _order_state(row)
        for customer in session.scalars(select(CustomerRow)):
            methods = before["users"][customer.id]["payment_methods"].values()
            state[customer.id] = {
                "default address": _address_state(customer.address),
                "gift cards": {
                    one["id"]: round(one["balance"] * 100)
                    for one in methods
                    if one["source"] == "gift_card"
                },
            }
    return state


def _product(given: Mapping[str, Any]) -> ProductRow:
    variants = [
        VariantRow(
            id=one["item_id"],
            position=position,
            title=given["name"],
            options=[list(pair) for pair in one["options"].items()],
            price=_amount(one["price"]),
            stock=STOCK if one["available"] else 0,
        )
        for position, one in enumerate(given["variants"].values())
    ]
    return ProductRow(
        id=given["product_id"],
        title=given["name"],
        family=given["name"],
        description="",
        price=min(variant.price for variant in variants),
        url="",
        attributes=[],
        tags=[],
        variants=variants,
    )


def _customer(given: Mapping[str, Any]) -> CustomerRow:
    return CustomerRow(
        id=given["user_id"],
        name=_name(given),
        email=given["email"].casefold(),
        phone="",
        address=asdict(_address(given["address"], _name(given))),
        tier="",
    )


def _order(given: Mapping[str, Any], user: Mapping[str, Any]) -> OrderRow:
    number = given["order_id"].lstrip("#")
    paid = given["payment_history"][0]
    items = [
        ItemRow(
            id=f"{number}-{position}",
            product_id=one["product_id"],
            variant_id=one["item_id"],
            title=one["name"],
            quantity=1,
            price=_amount(one["price"]),
            options=[list(pair) for pair in one["options"].items()],
            family=one["name"],
            tags=[],
        )
        for position, one in enumerate(given["items"], 1)
    ]
    cancelled = given["status"] == "cancelled"
    return OrderRow(
        number=number,
        customer_id=user["user_id"],
        email=user["email"].casefold(),
        phone="",
        status=_STATUS[given["status"]],
        payment="refunded" if cancelled else "paid",
        payment_method=paid["payment_method_id"],
        placed_at=NOW,
        total=_amount(paid["amount"]),
        shipping=Decimal(0),
        address=asdict(_address(given["address"], _name(user))),
        service="standard",
        cancelled_at=NOW if cancelled else None,
        items=items,
        fulfilments=_fulfilments(number, given, items),
        refunds=_refunds(number, given),
    )


def _fulfilments(
    number: str, given: Mapping[str, Any], items: list[ItemRow]
) -> list[FulfilmentRow]:
    left = list(items)
    rows = []
    for position, one in enumerate(given["fulfillments"], 1):
        packed = []
        for item_id in one["item_ids"]:
            item = next((row for row in left if row.variant_id == item_id), None)
            if item is not None:  # an item may be named by two parcels
                left.remove(item)
                packed.append({"item_id": item.id, "quantity": 1})
        delivered = given["status"] == "delivered"
        rows.append(
            FulfilmentRow(
                id=f"{number}-P{position}",
                status=_PARCEL[given["status"]],
                contents=packed,
                carrier="",
                tracking_number=one["tracking_id"][0],
                shipped_at=NOW,
                delivered_at=NOW if delivered else None,
            )
        )
    return rows


def _refunds(number: str, given: Mapping[str, Any]) -> list[RefundRow]:
    return [
        RefundRow(
            id=f"{number}-R{position}",
            amount=_amount(one["amount"]),
            status="done",
            method=one["payment_method_id"],
            created_at=NOW,
        )
        for position, one in enumerate(given["payment_history"])
        if one["transaction_type"] == "refund"
    ]


def _lines(
    shop: DemoShop, given: Mapping[str, Any], instead: list[str]
) -> tuple[ReturnLine, ...]:
    """The order's items of these ids; the reason is not in the set.

    Raises:
        Inexpressible: The money moves by another method than the order's.
    """
    with reading(shop.engine) as session:
        row = _row(session, given["order_id"])
        if row.payment_method != given["payment_method_id"]:
            raise Inexpressible("no choice of another payment method")
        left, lines = list(row.items), []
        for item_id, new_id in zip(given["item_ids"], instead, strict=True):
            item = next(one for one in left if one.variant_id == item_id)
            left.remove(item)
            lines.append(ReturnLine(item.id, 1, "other", new_id))
        return tuple(lines)


def _order_state(row: OrderRow) -> dict[str, Any]:
    state: dict[str, Any] = {
        "status": _THEIRS.get(row.status, row.status),
        "reason": row.cancel_reason,
        "items": sorted(item.variant_id for item in row.items),
        "address": _address_state(row.address),
        "refunds": sorted((int(one.amount * 100), one.method) for one in row.refunds),
        "returned": [],
        "return method": "",
        "exchanged": [],
        "instead": [],
        "difference": 0,
        "difference method": "",
    }
    variants = {item.id: item.variant_id for item in row.items}
    for back in row.returns:
        gone = sorted(variants[line["item_id"]] for line in back.lines)
        state["status"] = f"{back.kind} {back.status}"
        if back.kind == "exchange":
            state["exchanged"] = gone
            state["instead"] = sorted(line["variant_id"] for line in back.lines)
        else:
            state["returned"], state["return method"] = gone, row.payment_method
    return state


def _address(given: Mapping[str, Any], name: str) -> Address:
    return Address(
        name=name,
        line1=given["address1"],
        line2=given["address2"],
        city=given["city"],
        postcode=given["zip"],
        country=_COUNTRY.get(given["country"], given["country"]),
        region=given["state"],
    )


def _address_state(given: Mapping[str, Any]) -> list[str]:
    countries = {ours: theirs for theirs, ours in _COUNTRY.items()}
    names = ("line1", "line2", "city", "region", "country", "postcode")
    return [countries.get(given[name], given[name]) for name in names]


def _row(session: Session, order_id: str) -> OrderRow:
    row = session.get(OrderRow, order_id.lstrip("#"))
    assert row is not None, order_id
    return row


def _name(user: Mapping[str, Any]) -> str:
    return f"{user['name']['first_name']} {user['name']['last_name']}"


def _amount(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))
