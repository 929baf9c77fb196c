"""How a WooCommerce shop is changed, and how a write is recognised afterwards.

Every write is one request that also leaves a meta value `_frontdesk_<key>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from frontdesk.commerce.calls import KeyLocks, digest, has_mark, write_once
from frontdesk.commerce.errors import RefusedError, UnsupportedError
from frontdesk.commerce.values import Money, Order
from frontdesk.commerce.woocommerce_rest import Json, WooCommerceRest
from frontdesk.commerce.woocommerce_values import (
    meta,
    refunded_amount,
    write_address,
)
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    Done,
    Reorder,
    Write,
    operation_of,
)

MAX_PAGES = 10  # of 100: refunds of an order, or orders of a customer


class WooCommerceReads(Protocol):
    """What a write has to look up first."""

    async def order_json(self, number: str) -> Json:
        """The order as WooCommerce has it; NotFoundError."""

    async def read_orders(self, orders: Sequence[Json]) -> tuple[Order, ...]:
        """The same orders as values."""


class WooCommerceWrites:
    """Changes in a shop on WooCommerce."""

    def __init__(self, rest: WooCommerceRest, reads: WooCommerceReads) -> None:
        self._rest = rest
        self._reads = reads
        self._locks = KeyLocks()

    async def perform(self, write: Write, key: str) -> Done:
        """Write, unless it is found to be done already; see `CommerceBackend.write`."""
        return await write_once(self._locks, self.find, self._send, write, key)

    async def find(self, write: Write, key: str) -> Done | None:
        """What the write did; see `CommerceBackend.find_write`."""
        match write:
            case CancelOrder():
                order = await self._reads.order_json(write.order_number)
                if _is_marked(order, write, key) and order["status"] == "cancelled":
                    return _cancelled(order, None, key)
                refund = await self._marked_refund(order, write, key)
                return _cancelled(order, refund, key) if refund else None
            case ChangeAddress():
                order = await self._reads.order_json(write.order_number)
                if not _is_marked(order, write, key):
                    return None
                return Done("change_address", key, reference=str(order["number"]))
            case Reorder():
                return await self._find_reorder(write, key)
        raise UnsupportedError(_no(write))

    async def _send(self, write: Write, key: str) -> Done:
        match write:
            case CancelOrder():
                return await self._cancel(write, key)
            case ChangeAddress():
                return await self._change_address(write, key)
            case Reorder():
                return await self._reorder(write, key)
        raise UnsupportedError(_no(write))

    async def _cancel(self, write: CancelOrder, key: str) -> Done:
        order = await self._open_order(write.order_number)
        path = f"orders/{order['id']}"
        left = Decimal(order["total"]) - refunded_amount(order)
        if order["date_paid_gmt"] and left > 0:
            body = {
                "amount": str(left),
                "reason": write.reason,
                "api_refund": True,
                "api_restock": True,
                "line_items": [] if order["refunds"] else _all_lines(order),
                "meta_data": [_mark(write, key)],
            }
            refund = await self._rest.write("POST", f"{path}/refunds", body)
            return _cancelled(order, refund, key)
        body = {"status": "cancelled", "meta_data": [_mark(write, key)]}
        return _cancelled(await self._rest.write("PUT", path, body), None, key)

    async def _change_address(self, write: ChangeAddress, key: str) -> Done:
        order = await self._open_order(write.order_number)
        body = {
            "shipping": write_address(write.address),
            "meta_data": [_mark(write, key)],
        }
        order = await self._rest.write("PUT", f"orders/{order['id']}", body)
        return Done("change_address", key, reference=str(order["number"]))

    async def _open_order(self, number: str) -> Json:
        """WooCommerce lets an API key change any order, so this is asked first."""
        order = await self._reads.order_json(number)
        (value,) = await self._reads.read_orders([order])
        if value.status == "cancelled":
            raise RefusedError(f"{value.number} is cancelled.", "already_cancelled")
        if value.status in ("shipped", "partly_shipped"):
            raise RefusedError(f"{value.number} is {value.status}.", "already_shipped")
        return order

    async def _marked_refund(self, order: Json, write: Write, key: str) -> Json | None:
        path = f"orders/{order['id']}/refunds"
        async for refund in self._rest.pages(path, MAX_PAGES):
            if _is_marked(refund, write, key):
                return refund
        return None

    async def _reorder(self, write: Reorder, key: str) -> Done:
        order = await self._reads.order_json(write.order_number)
        kept = ("product_id", "variation_id", "quantity")
        body = {
            "status": "pending",
            "customer_id": order["customer_id"],
            "billing": order["billing"],
            "shipping": order["shipping"],
            "line_items": [
                {name: line[name] for name in kept} for line in order["line_items"]
            ],
            "meta_data": [_mark(write, key)],
        }
        return _reordered(await self._rest.write("POST", "orders", body), key)

    async def _find_reorder(self, write: Reorder, key: str) -> Done | None:
        order = await self._reads.order_json(write.order_number)
        asked: dict[str, str | int] = {"orderby": "date", "order": "desc"}
        if order["customer_id"]:
            asked["customer"] = order["customer_id"]
        else:
            asked["search"] = order["billing"]["email"]
        async for one in self._rest.pages("orders", MAX_PAGES, **asked):
            if _is_marked(one, write, key):
                return _reordered(one, key)
        return None


def _all_lines(order: Json) -> list[dict[str, Any]]:
    """Every line of an order, refunded whole: WooCommerce puts those back in stock."""
    return [
        {
            "id": line["id"],
            "quantity": line["quantity"],
            "refund_total": line["total"],
            "refund_tax": [
                {"id": tax["id"], "refund_total": tax["total"]} for tax in line["taxes"]
            ],
        }
        for line in order["line_items"]
    ]


def _mark(write: Write, key: str) -> dict[str, str]:
    """A meta value; the underscore keeps it out of the shop's pages."""
    return {"key": f"_frontdesk_{key}", "value": digest(write)}


def _is_marked(json: Json, write: Write, key: str) -> bool:
    value = meta(json, f"_frontdesk_{key}")
    return value is not None and has_mark(f"{key}.{value}", write, key)


def _cancelled(order: Json, refund: Json | None, key: str) -> Done:
    amount = Money(Decimal(refund["amount"]), order["currency"]) if refund else None
    number = str(order["number"])
    return Done("cancel_order", key, reference=number, amount=amount)


def _reordered(order: Json, key: str) -> Done:
    return Done(
        "reorder",
        key,
        reference=str(order["number"]),
        url=order["payment_url"],
        amount=Money(Decimal(order["total"]), order["currency"]),
    )


def _no(write: Write) -> str:
    return f"WooCommerce's API does not offer {operation_of(write)!r}."
