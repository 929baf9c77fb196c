"""What the demo shop does when it is asked to change something.

One function per write, inside one transaction whose order row is locked. They guard
what a warehouse would guard (a parcel that has left cannot be cancelled, a piece
cannot come back twice), not the shop's policy.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from frontdesk.commerce.demo.mapping import METHODS, SITE, label_url, money
from frontdesk.commerce.demo.models import (
    ClaimRow,
    CustomerRow,
    DataRequestRow,
    ItemRow,
    OrderRow,
    RefundRow,
    ReturnRow,
    StockNoticeRow,
    SubscriberRow,
    VariantRow,
)
from frontdesk.commerce.errors import NotFoundError, RefusedError
from frontdesk.commerce.trust import normal_number
from frontdesk.commerce.values import ReturnKind
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    Done,
    NotifyBackInStock,
    Reorder,
    RequestData,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
    operation_of,
)

_OPEN = ("awaiting_payment", "on_hold", "received")


def apply(session: Session, write: Write, key: str, now: datetime) -> Done:
    """What the shop did; the transaction is the caller's.

    Raises:
        NotFoundError: What the write names does not exist.
        RefusedError: The shop will not do it.
    """
    change: Callable[..., dict[str, Any]] = _CHANGES[type(write)]
    return Done(operation_of(write), key, **change(session, write, now))


def locked_order(session: Session, number: str) -> OrderRow:
    """The order, which nobody else changes until the transaction ends.

    Raises:
        NotFoundError: There is none.
    """
    query = select(OrderRow).where(OrderRow.number == normal_number(number))
    row = session.scalar(query.with_for_update())
    if row is None:
        raise NotFoundError(f"The demo shop has no order {number!r}.")
    return row


def _cancel(session: Session, write: CancelOrder, now: datetime) -> dict[str, Any]:
    order = _open_order(session, write.order_number)
    order.status, order.cancelled_at = "cancelled", now
    order.cancel_reason = write.reason
    order.version += 1
    for item in order.items:
        variant = session.get(VariantRow, item.variant_id, with_for_update=True)
        if variant is not None:
            variant.stock += item.quantity
    if order.payment != "paid":
        order.payment = "voided"
        return {}
    refund = _refund(order, order.total, now)
    session.add(refund)
    return {"reference": refund.id, "amount": money(order.total)}


def _change_address(
    session: Session, write: ChangeAddress, now: datetime
) -> dict[str, Any]:
    order = _open_order(session, write.order_number)
    order.address = asdict(write.address)
    order.version += 1
    return {}


def _send_back(
    session: Session, write: RequestReturn | RequestExchange, now: datetime
) -> dict[str, Any]:
    order = locked_order(session, write.order_number)
    if write.method not in METHODS:
        raise RefusedError(f"There is no way back {write.method!r}.", "not_allowed")
    if not write.lines:
        raise RefusedError("A return needs at least one item.", "not_allowed")
    _check_pieces(order, write)
    kind: ReturnKind = "return"
    if isinstance(write, RequestExchange):
        _reserve(session, order, write)
        kind = "exchange"
    row = ReturnRow(
        id=f"RT-{order.number.removeprefix('LO-')}-{len(order.returns) + 1}",
        order_number=order.number,
        kind=kind,
        status="requested",
        method=write.method,
        lines=[asdict(line) for line in write.lines],
        requested_at=now,
    )
    order.version += 1
    session.add(row)
    url = label_url(row.id) if write.method == "label" else ""
    return {"reference": row.id, "url": url, "note": METHODS[write.method]}


def _reorder(session: Session, write: Reorder, now: datetime) -> dict[str, Any]:
    order = locked_order(session, write.order_number)
    total = Decimal(0)
    for item in order.items:
        variant = session.get(VariantRow, item.variant_id)
        if variant is None or variant.stock < item.quantity:
            raise RefusedError(f"{item.title} is sold out.", "out_of_stock")
        total += variant.price * item.quantity
    reference = f"B-{secrets.token_hex(6)}"
    return {
        "reference": reference,
        "url": f"{SITE}/basket/{reference}",
        "amount": money(total),
    }


def _notify(
    session: Session, write: NotifyBackInStock, now: datetime
) -> dict[str, Any]:
    variant = session.get(VariantRow, write.variant_id)
    if variant is None:
        raise NotFoundError(f"The demo shop has no variant {write.variant_id!r}.")
    if variant.stock > 0:
        raise RefusedError(f"{variant.title} can be bought now.", "in_stock")
    email = write.email.casefold()
    if session.get(StockNoticeRow, (variant.id, email)) is None:
        session.add(StockNoticeRow(variant_id=variant.id, email=email, created_at=now))
    return {}


def _claim(session: Session, write: ClaimWarranty, now: datetime) -> dict[str, Any]:
    order = locked_order(session, write.order_number)
    item = _item(order, write.item_id)
    if _delivered(order).get(item.id, 0) == 0:
        raise RefusedError(f"{item.title} has not been delivered.", "not_delivered")
    earlier = session.scalars(select(ClaimRow).where(ClaimRow.item_id == item.id)).all()
    row = ClaimRow(
        id=f"W-{item.id.removeprefix('LO-')}-{len(earlier) + 1}",
        item_id=item.id,
        problem=write.problem,
        created_at=now,
    )
    session.add(row)
    return {"reference": row.id}


def _set_newsletter(
    session: Session, write: SetNewsletter, now: datetime
) -> dict[str, Any]:
    email = write.email.casefold()
    row = session.get(SubscriberRow, email, with_for_update=True)
    if row is None:
        row = SubscriberRow(email=email)
        session.add(row)
    row.subscribed, row.changed_at = write.subscribed, now
    return {}


def _request_data(
    session: Session, write: RequestData, now: datetime
) -> dict[str, Any]:
    query = select(CustomerRow).where(CustomerRow.id == write.customer_id)
    if session.scalar(query.with_for_update()) is None:
        raise NotFoundError(f"The demo shop has no customer {write.customer_id!r}.")
    reference = f"D-{secrets.token_hex(6)}"
    session.add(
        DataRequestRow(
            id=reference,
            customer_id=write.customer_id,
            kind=write.kind,
            requested_at=now,
        )
    )
    return {"reference": reference}


def _open_order(session: Session, number: str) -> OrderRow:
    order = locked_order(session, number)
    if order.status == "cancelled":
        raise RefusedError(f"{order.number} is cancelled.", "already_cancelled")
    if order.status not in _OPEN:
        raise RefusedError(f"{order.number} is {order.status}.", "already_shipped")
    return order


def _check_pieces(order: OrderRow, write: RequestReturn | RequestExchange) -> None:
    left = _delivered(order)
    for earlier in order.returns:
        if earlier.status != "declined":
            for line in earlier.lines:
                left[line["item_id"]] = left.get(line["item_id"], 0) - line["quantity"]
    for line in write.lines:
        item = _item(order, line.item_id)
        if line.quantity < 1:
            raise RefusedError(f"{line.quantity} pieces cannot go back.", "not_allowed")
        left[item.id] = left.get(item.id, 0) - line.quantity
        if left[item.id] < 0:
            raise RefusedError(
                f"{item.title} has not so many pieces left.", "already_returned"
            )


def _reserve(session: Session, order: OrderRow, write: RequestExchange) -> None:
    for line in write.lines:
        item = _item(order, line.item_id)
        variant = session.get(VariantRow, line.variant_id, with_for_update=True)
        if variant is None:
            raise NotFoundError(f"The demo shop has no variant {line.variant_id!r}.")
        if variant.stock < line.quantity:
            raise RefusedError(f"{variant.title} is sold out.", "out_of_stock")
        variant.stock -= line.quantity
        if variant.id == item.variant_id:
            raise RefusedError("An exchange needs another variant.", "not_allowed")


def _delivered(order: OrderRow) -> dict[str, int]:
    """How many pieces of each item have arrived."""
    pieces: dict[str, int] = {}
    for parcel in order.fulfilments:
        if parcel.status == "delivered":
            for packed in parcel.contents:
                item_id = packed["item_id"]
                pieces[item_id] = pieces.get(item_id, 0) + packed["quantity"]
    return pieces


def _item(order: OrderRow, item_id: str) -> ItemRow:
    for item in order.items:
        if item.id == item_id:
            return item
    raise NotFoundError(f"{order.number} has no item {item_id!r}.")


def _refund(order: OrderRow, amount: Decimal, now: datetime) -> RefundRow:
    return RefundRow(
        id=f"RF-{order.number.removeprefix('LO-')}-{len(order.refunds) + 1}",
        order_number=order.number,
        amount=amount,
        status="pending",
        method=order.payment_method,
        created_at=now,
    )


_CHANGES: dict[type[Write], Callable[..., dict[str, Any]]] = {
    CancelOrder: _cancel,
    ChangeAddress: _change_address,
    RequestReturn: _send_back,
    RequestExchange: _send_back,
    Reorder: _reorder,
    NotifyBackInStock: _notify,
    ClaimWarranty: _claim,
    SetNewsletter: _set_newsletter,
    RequestData: _request_data,
}
