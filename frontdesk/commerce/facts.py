"""Gathers what the rules need to know about a write, asked of the back end now."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from frontdesk.commerce.backend import CommerceBackend
from frontdesk.commerce.decisions import Facts
from frontdesk.commerce.errors import NotFoundError, UnsupportedError
from frontdesk.commerce.values import Order, Product
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

_ALL_ORDERS = 200
# A return of an older order than this is over.
_RETURNS_LAST = timedelta(days=180)
_OPEN_RETURN = ("requested", "approved", "in_transit", "received")


def order_number_of(write: Write) -> str | None:
    """The order that a write concerns, if it concerns one."""
    match write:
        case (
            CancelOrder()
            | ChangeAddress()
            | RequestReturn()
            | RequestExchange()
            | Reorder()
            | ClaimWarranty()
        ):
            return write.order_number
        case NotifyBackInStock() | SetNewsletter() | RequestData():
            return None


async def gather(
    backend: CommerceBackend, write: Write, order: Order | None, now: datetime
) -> Facts:
    """The facts for a write to an order that its owner may see.

    Raises:
        NotFoundError: The order has no such item, the shop no such product.
    """
    facts = Facts(now=now, order=order)
    match write:
        case RequestReturn(lines=lines) | RequestExchange(lines=lines) if order:
            _check_items(order, [line.item_id for line in lines])
            facts = replace(facts, returns=await backend.returns_of(order.number))
            if isinstance(write, RequestExchange):
                items = {line.item_id for line in lines}
                facts = replace(facts, products=await _products(backend, order, items))
        case ClaimWarranty(item_id=item_id) if order:
            _check_items(order, [item_id])
        case NotifyBackInStock(product_id=product_id) if product_id:
            product = await backend.product(product_id)
            found = [v for v in product.variants if v.id == write.variant_id]
            if not found:
                raise NotFoundError(
                    f"{product_id!r} has no variant {write.variant_id!r}."
                )
            facts = replace(facts, variant=found[0])
        case RequestData(kind="deletion"):
            orders = await backend.orders_of(write.customer_id, top_k=_ALL_ORDERS)
            waiting = await _open_returns(backend, orders, now)
            facts = replace(facts, orders=orders, open_returns=waiting)
    return facts


def before(facts: Facts) -> str:
    """What the audit keeps of the state before a write, as JSON."""
    if facts.order is None:
        return ""
    kept = ("number", "status", "payment", "total", "address", "version", "items")
    fields = {
        name: value for name, value in asdict(facts.order).items() if name in kept
    }
    return json.dumps(fields, default=_plain, sort_keys=True)


def _check_items(order: Order, item_ids: list[str]) -> None:
    known = {item.id for item in order.items}
    for item_id in item_ids:
        if item_id not in known:
            raise NotFoundError(f"Order {order.number} has no item {item_id!r}.")


async def _products(
    backend: CommerceBackend, order: Order, item_ids: set[str]
) -> dict[str, Product]:
    found = {}
    for product_id in {i.product_id for i in order.items if i.id in item_ids}:
        try:
            found[product_id] = await backend.product(product_id)
        except NotFoundError:
            continue  # no longer sold: the rules say what that means
    return found


async def _open_returns(
    backend: CommerceBackend, orders: tuple[Order, ...], now: datetime
) -> int:
    waiting = 0
    for order in orders:
        if order.status == "delivered" and order.placed_at > now - _RETURNS_LAST:
            try:
                returns = await backend.returns_of(order.number)
            except UnsupportedError:
                return waiting
            waiting += sum(1 for one in returns if one.status in _OPEN_RETURN)
    return waiting


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
