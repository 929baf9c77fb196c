"""How a Shopify shop is changed, and how a write is recognised afterwards.

| write | what it leaves in the shop |
| --- | --- |
| cancel | our mark as a metafield, set before; then the order is cancelled |
| address | our mark as a metafield, set together with the address |
| return, exchange | our mark in the note of each line |
| order again | our mark as the draft's tag |
| newsletter | the customer's state |
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from frontdesk.commerce import shopify_documents as documents
from frontdesk.commerce.calls import KeyLocks, digest, has_mark, mark, write_once
from frontdesk.commerce.errors import (
    NotFoundError,
    RefusedError,
    UnavailableError,
    UncertainError,
    UnsupportedError,
)
from frontdesk.commerce.shopify_admin import ShopifyAdmin
from frontdesk.commerce.shopify_values import (
    gid,
    number_of,
    read_money,
    write_address,
)
from frontdesk.commerce.values import Customer, Order, ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    Done,
    Reorder,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
    operation_of,
)

JOB_POLLS = 4
JOB_POLL_S = 0.5
NOTE_LENGTH = 255  # of Shopify's shortest note, mark included
NAMESPACE = "$app:frontdesk"
_SENT = ("partly_shipped", "shipped", "partly_delivered", "delivered")


class ShopifyReads(Protocol):
    """What a write has to look up first."""

    async def order_with_id(self, number: str) -> tuple[str, Order]:
        """Global id and value of an order; NotFoundError."""

    async def customer(self, customer_id: str) -> Customer:
        """The customer; NotFoundError."""

    async def customer_by_email(self, email: str) -> Customer:
        """The customer; NotFoundError."""


class ShopifyWrites:
    """Changes in a shop at Shopify."""

    def __init__(
        self, admin: ShopifyAdmin, reads: ShopifyReads, job_poll_s: float
    ) -> None:
        self._admin = admin
        self._reads = reads
        self._job_poll_s = job_poll_s
        self._locks = KeyLocks()

    async def perform(self, write: Write, key: str) -> Done:
        """Write, unless it is found to be done already; see `CommerceBackend.write`."""
        return await write_once(self._locks, self.find, self._send, write, key)

    async def find(self, write: Write, key: str) -> Done | None:
        """What the write did; see `CommerceBackend.find_write`."""
        match write:
            case CancelOrder() | ChangeAddress():
                return await self._find_marked(write, key)
            case RequestReturn() | RequestExchange():
                return await self._find_return(write, key)
            case Reorder():
                return await self._find_draft(write, key)
            case SetNewsletter():
                customer = await self._reads.customer_by_email(write.email)
                same = customer.newsletter == write.subscribed
                return Done("set_newsletter", key) if same else None
        raise UnsupportedError(_no(write))

    async def _send(self, write: Write, key: str) -> Done:
        match write:
            case CancelOrder():
                return await self._cancel(write, key)
            case ChangeAddress():
                return await self._change_address(write, key)
            case RequestReturn() | RequestExchange():
                return await self._send_back(write, key)
            case Reorder():
                return await self._reorder(write, key)
            case SetNewsletter():
                return await self._set_newsletter(write, key)
        raise UnsupportedError(_no(write))

    async def _cancel(self, write: CancelOrder, key: str) -> Done:
        order_id, order = await self._reads.order_with_id(write.order_number)
        _check_open(order)
        await self._set_mark(order_id, write, key)
        note = f"{write.reason[: NOTE_LENGTH - 100]} [{mark(write, key)}]"
        data = await self._admin.write(
            documents.CANCEL, orderId=order_id, staffNote=note
        )
        _check(data["orderCancel"]["orderCancelUserErrors"], "not_allowed")
        accepted = Done("cancel_order", key, "in_progress", order.number)
        try:
            ended = await self._job_ended(data["orderCancel"]["job"])
            done = await self._find_marked(write, key)
        except UnavailableError:
            return accepted
        if ended and not done:
            raise RefusedError(
                f"Shopify's job did not cancel order {order.number!r}.", "not_allowed"
            )
        return done or accepted

    async def _set_mark(self, order_id: str, write: Write, key: str) -> None:
        intent = _metafield(write, key) | {"ownerId": order_id}
        try:
            marked = await self._admin.write(documents.SET_MARK, metafields=[intent])
        except UncertainError as error:  # a mark alone changes nothing of the order
            raise UnavailableError(str(error)) from error
        _check(marked["metafieldsSet"]["userErrors"], "not_allowed")

    async def _job_ended(self, job: Mapping[str, Any]) -> bool:
        for _ in range(JOB_POLLS):
            if job["done"]:
                return True
            await asyncio.sleep(self._job_poll_s)
            job = (await self._admin.read(documents.JOB, id=job["id"]))["job"]
        return bool(job["done"])

    async def _change_address(self, write: ChangeAddress, key: str) -> Done:
        order_id, order = await self._reads.order_with_id(write.order_number)
        _check_open(order)
        change = {
            "id": order_id,
            "shippingAddress": write_address(write.address),
            "metafields": [_metafield(write, key)],
        }
        data = await self._admin.write(documents.UPDATE, input=change)
        _check(data["orderUpdate"]["userErrors"], "not_allowed")
        return Done("change_address", key, reference=order.number)

    async def _find_marked(
        self, write: CancelOrder | ChangeAddress, key: str
    ) -> Done | None:
        order_id, order = await self._reads.order_with_id(write.order_number)
        found = await self._admin.read(documents.MARKED, id=order_id, key=key)
        metafield = found["order"]["metafield"]
        if not metafield or not has_mark(f"{key}.{metafield['value']}", write, key):
            return None
        if isinstance(write, ChangeAddress):
            return Done("change_address", key, reference=order.number)
        if not found["order"]["cancelledAt"]:
            return None
        paid = read_money(found["order"]["totalReceivedSet"])
        amount = paid if paid.amount else None
        return Done("cancel_order", key, reference=order.number, amount=amount)

    async def _send_back(
        self, write: RequestReturn | RequestExchange, key: str
    ) -> Done:
        order_id, order = await self._reads.order_with_id(write.order_number)
        for line in write.lines:
            if line.item_id not in {item.id for item in order.items}:
                raise NotFoundError(f"{order.number} has no item {line.item_id!r}.")
        lines = await self._returnable(order_id, write.lines)
        note = f"[{mark(write, key)}]"
        if isinstance(write, RequestExchange):
            made = await self._create_exchange(order_id, write, lines, note)
        else:
            made = await self._request_return(order_id, lines, note)
        _check(made["userErrors"], "not_allowed")
        return Done(operation_of(write), key, reference=made["return"]["name"])

    async def _create_exchange(
        self,
        order_id: str,
        write: RequestExchange,
        lines: Sequence[tuple[ReturnLine, str, int]],
        note: str,
    ) -> Mapping[str, Any]:
        wanted = {
            "orderId": order_id,
            "returnLineItems": [
                _return_line(place, count) | {"returnReasonNote": _note(line, note)}
                for line, place, count in lines
            ],
            "exchangeLineItems": [
                {"variantId": gid("ProductVariant", line.variant_id)}
                | {"quantity": line.quantity}
                for line in write.lines
            ],
        }
        data = await self._admin.write(documents.CREATE_EXCHANGE, returnInput=wanted)
        made: Mapping[str, Any] = data["returnCreate"]
        return made

    async def _request_return(
        self, order_id: str, lines: Sequence[tuple[ReturnLine, str, int]], note: str
    ) -> Mapping[str, Any]:
        wanted = {
            "orderId": order_id,
            "returnLineItems": [
                _return_line(place, count) | {"customerNote": _note(line, note)}
                for line, place, count in lines
            ],
        }
        data = await self._admin.write(documents.REQUEST_RETURN, input=wanted)
        made: Mapping[str, Any] = data["returnRequest"]
        return made

    async def _returnable(
        self, order_id: str, lines: Sequence[ReturnLine]
    ) -> list[tuple[ReturnLine, str, int]]:
        """Which fulfilled pieces the lines mean: line, fulfilment line id, pieces."""
        left: dict[str, list[tuple[str, int]]] = {}
        path, variables = ("returnableFulfillments",), {"id": order_id}
        async for node in self._admin.pages(documents.RETURNABLE, path, variables):
            for one in node["returnableFulfillmentLineItems"]["nodes"]:
                place = one["fulfillmentLineItem"]
                item_id = number_of(place["lineItem"]["id"])
                left.setdefault(item_id, []).append((place["id"], one["quantity"]))
        chosen = []
        for line in lines:
            wanted = line.quantity
            for place, count in left.get(line.item_id, ()):
                taken = min(wanted, count)
                if taken:
                    chosen.append((line, place, taken))
                wanted -= taken
            if wanted:
                raise RefusedError(
                    f"{wanted} of item {line.item_id!r} cannot be returned: not "
                    "delivered yet, or returned already.",
                    "already_returned",
                )
        return chosen

    async def _find_return(
        self, write: RequestReturn | RequestExchange, key: str
    ) -> Done | None:
        order_id, _ = await self._reads.order_with_id(write.order_number)
        async for node in self._admin.pages(
            documents.RETURNS, ("order", "returns"), {"id": order_id}
        ):
            for line in node["returnLineItems"]["nodes"]:
                note = f"{line['customerNote']} {line['returnReasonNote']}"
                if has_mark(note, write, key):
                    return Done(operation_of(write), key, reference=node["name"])
        return None

    async def _reorder(self, write: Reorder, key: str) -> Done:
        _, order = await self._reads.order_with_id(write.order_number)
        draft = {
            "email": order.email,
            "tags": [_tag(write, key)],
            "note": f"Order {order.number} again [{mark(write, key)}]",
            "shippingAddress": write_address(order.address),
            "lineItems": [
                {"variantId": gid("ProductVariant", item.variant_id)}
                | {"quantity": item.quantity}
                for item in order.items
                if item.variant_id
            ],
        }
        if order.customer_id:
            buyer = {"customerId": gid("Customer", order.customer_id)}
            draft["purchasingEntity"] = buyer
        data = await self._admin.write(documents.CREATE_DRAFT, input=draft)
        _check(data["draftOrderCreate"]["userErrors"], "out_of_stock")
        return _draft_done(data["draftOrderCreate"]["draftOrder"], key)

    async def _find_draft(self, write: Reorder, key: str) -> Done | None:
        await self._reads.order_with_id(write.order_number)
        query = f"tag:{_tag(write, key)}"
        found = (await self._admin.read(documents.DRAFTS, query=query))["draftOrders"]
        return _draft_done(found["nodes"][0], key) if found["nodes"] else None

    async def _set_newsletter(self, write: SetNewsletter, key: str) -> Done:
        customer = await self._reads.customer_by_email(write.email)
        state = "SUBSCRIBED" if write.subscribed else "UNSUBSCRIBED"
        consent = {
            "customerId": gid("Customer", customer.id),
            "emailMarketingConsent": {
                "marketingState": state,
                "marketingOptInLevel": "SINGLE_OPT_IN",
            },
        }
        data = await self._admin.write(documents.SET_CONSENT, input=consent)
        _check(data["customerEmailMarketingConsentUpdate"]["userErrors"], "not_allowed")
        return Done("set_newsletter", key)


def _metafield(write: Write, key: str) -> dict[str, str]:
    kind = "single_line_text_field"
    return {"namespace": NAMESPACE, "key": key, "type": kind, "value": digest(write)}


def _return_line(place: str, count: int) -> dict[str, Any]:
    return {"fulfillmentLineItemId": place, "quantity": count}


def _note(line: ReturnLine, note: str) -> str:
    return f"{line.reason[: NOTE_LENGTH - len(note) - 1]} {note}"


def _tag(write: Write, key: str) -> str:
    """A tag has at most 40 characters."""
    return f"frontdesk-{digest(write)}-{key[:16]}"


def _draft_done(draft: Mapping[str, Any], key: str) -> Done:
    amount = read_money(draft["totalPriceSet"])
    return Done(
        "reorder", key, reference=draft["name"], url=draft["invoiceUrl"], amount=amount
    )


def _check_open(order: Order) -> None:
    if order.status == "cancelled":
        raise RefusedError(f"{order.number} is cancelled.", "already_cancelled")
    if order.status in _SENT:
        raise RefusedError(f"{order.number} is {order.status}.", "already_shipped")


def _check(errors: Sequence[Mapping[str, Any]], reason: str) -> None:
    """Refuse when Shopify reports errors of the user; nothing was changed then."""
    if errors:
        said = "; ".join(error["message"] for error in errors)
        raise RefusedError(f"Shopify refused: {said}", reason)


def _no(write: Write) -> str:
    return f"Shopify's API does not offer {operation_of(write)!r} as asked: {write!r}."
