"""What the fake Shopify does when it is asked to change something."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]

NOTE_MAX, REASON_MAX, STAFF_MAX, TAG_MAX = 300, 255, 255, 40


def error(message: str, field: str = "", code: str = "INVALID") -> Record:
    return {"field": [field] if field else None, "message": message, "code": code}


class ShopifyChanges:
    """The shop's records and its mutations.

    Attributes:
        job_polls: How often a job is asked for before it is done.
        job_works: Whether the job of a cancellation has any effect.
    """

    def __init__(self) -> None:
        self.shop: Record = {"name": "Lumen & Oak", "currencyCode": "GBP"}
        self.all_orders: list[Record] = []
        self.customers: list[Record] = []
        self.all_products: list[Record] = []
        self.drafts: list[Record] = []
        self.job_polls = 1
        self.job_works = True
        self._jobs: dict[str, int] = {}
        self._changes = 0

    def by_id(self, records: Iterable[Record], id: str) -> Record | None:
        return next((one for one in records if one["id"] == id), None)

    def poll_job(self, id: str) -> Record | None:
        if id not in self._jobs:
            return None
        self._jobs[id] -= 1
        return {"id": id, "done": self._jobs[id] <= 0}

    def metafieldsSet(self, info: Any, metafields: list[Record]) -> Record:
        for one in metafields:
            owner = self.by_id(self.all_orders, one["ownerId"])
            if owner is None:
                return _failed("metafields", [error("Owner does not exist")])
            if not 2 <= len(one["key"]) <= 64 or "type" not in one:
                return _failed("metafields", [error("Key or type is invalid", "key")])
            self._put_metafield(owner, one)
        return {"metafields": metafields, "userErrors": []}

    def orderCancel(self, info: Any, orderId: str, **given: Any) -> Record:
        order = self.by_id(self.all_orders, orderId)
        wrong = self._not_cancellable(order, given)
        if order is None or wrong:
            return {"job": None, "orderCancelUserErrors": [wrong]}
        if self.job_works:
            paid = order["displayFinancialStatus"] == "PAID"
            order["cancelledAt"] = self._touch(order)
            order["staffNote"] = given.get("staffNote")
            order["displayFinancialStatus"] = "REFUNDED" if paid else "VOIDED"
        job = f"gid://shopify/Job/{len(self._jobs) + 1}"
        self._jobs[job] = self.job_polls
        done = self.job_polls == 0
        return {"job": {"id": job, "done": done}, "orderCancelUserErrors": []}

    def orderUpdate(self, info: Any, input: Record) -> Record:
        order = self.by_id(self.all_orders, input["id"])
        if order is None:
            return _failed("order", [error("Order does not exist", "id")])
        if address := input.get("shippingAddress"):
            order["shippingAddress"] = _mailing_address(address)
        for one in input.get("metafields", ()):
            self._put_metafield(order, one)
        self._touch(order)
        return {"order": order, "userErrors": []}

    def returnRequest(self, info: Any, input: Record) -> Record:
        return self._return(input, [], "REQUESTED")

    def returnCreate(self, info: Any, returnInput: Record) -> Record:
        wanted = returnInput.get("exchangeLineItems", [])
        known = {one["id"] for p in self.all_products for one in p["variants"]}
        if any(one["variantId"] not in known for one in wanted):
            return _failed("return", [error("Variant does not exist", "variantId")])
        return self._return(returnInput, wanted, "OPEN")

    def draftOrderCreate(self, info: Any, input: Record) -> Record:
        if any(len(tag) > TAG_MAX for tag in input.get("tags", ())):
            return _failed("draftOrder", [error("Tag is too long", "tags")])
        prices = {
            one["id"]: float(one["price"])
            for product in self.all_products
            for one in product["variants"]
        }
        lines = input["lineItems"]
        if any(one["variantId"] not in prices for one in lines):
            return _failed("draftOrder", [error("Merchandise is unavailable")])
        number = len(self.drafts) + 1
        total = sum(prices[one["variantId"]] * one["quantity"] for one in lines)
        draft = {
            "id": f"gid://shopify/DraftOrder/{number}",
            "name": f"#D{number}",
            "invoiceUrl": f"https://shop.example/invoices/{number}",
            "tags": input.get("tags", []),
            "totalPriceSet": money(f"{total:.2f}"),
        }
        self.drafts.append(draft)
        return {"draftOrder": draft, "userErrors": []}

    def customerEmailMarketingConsentUpdate(self, info: Any, input: Record) -> Record:
        customer = self.by_id(self.customers, input["customerId"])
        state = input["emailMarketingConsent"]["marketingState"]
        if customer is None or not customer["defaultEmailAddress"]:
            return _failed("customer", [error("Customer has no email address")])
        if state not in ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING"):
            return _failed("customer", [error("State cannot be set", "marketingState")])
        customer["defaultEmailAddress"]["marketingState"] = state
        return {"customer": customer, "userErrors": []}

    def returnableFulfillments(self, info: Any, orderId: str, **_: Any) -> list[Record]:
        order = self.by_id(self.all_orders, orderId)
        assert order is not None
        found = []
        for fulfilment in order["fulfillments"]:
            lines = [
                {"fulfillmentLineItem": one, "quantity": left}
                for one in fulfilment["fulfillmentLineItems"]
                if (left := self._left(order, one)) > 0
            ]
            found.append(
                {"id": fulfilment["id"], "returnableFulfillmentLineItems": lines}
            )
        return found

    def _not_cancellable(self, order: Record | None, given: Record) -> Record | None:
        if order is None:
            return error("Order does not exist", "orderId", "NOT_FOUND")
        if len(given.get("staffNote") or "") > STAFF_MAX:
            return error("Staff note is too long", "staffNote")
        if order["cancelledAt"]:
            return error("Order has already been cancelled", "orderId")
        if order["fulfillments"] or order["returns"]:
            return error("Cannot cancel an order that is fulfilled", "orderId")
        return None

    def _return(self, given: Record, wanted: list[Record], status: str) -> Record:
        order = self.by_id(self.all_orders, given["orderId"])
        if order is None:
            return _failed("return", [error("Order does not exist", "orderId")])
        places = {
            one["id"]: one
            for fulfilment in order["fulfillments"]
            for one in fulfilment["fulfillmentLineItems"]
        }
        lines = []
        for one in given["returnLineItems"]:
            place = places.get(one["fulfillmentLineItemId"])
            if place is None or self._left(order, place) < one["quantity"]:
                return _failed("return", [error("Quantity is not available")])
            notes = (one.get("customerNote") or "", one.get("returnReasonNote") or "")
            if len(notes[0]) > NOTE_MAX or len(notes[1]) > REASON_MAX:
                return _failed("return", [error("Note is too long", code="TOO_LONG")])
            lines.append(
                {
                    "__typename": "ReturnLineItem",
                    "id": f"gid://shopify/ReturnLineItem/{len(lines) + 1}",
                    "quantity": one["quantity"],
                    "customerNote": notes[0] or None,
                    "returnReasonNote": notes[1],
                    "fulfillmentLineItem": place,
                }
            )
        number = len(order["returns"]) + 1
        made = {
            "id": f"{order['id'].replace('Order', 'Return')}{number}",
            "name": f"{order['name']}-R{number}",
            "status": status,
            "createdAt": self._touch(order),
            "returnLineItems": lines,
            "exchangeLineItems": [
                {"id": f"gid://shopify/ExchangeLineItem/{place}", **one}
                for place, one in enumerate(wanted)
            ],
            "reverseFulfillmentOrders": [],
        }
        order["returns"].append(made)
        return {"return": made, "userErrors": []}

    def _left(self, order: Record, place: Record) -> int:
        back = sum(
            line["quantity"]
            for one in order["returns"]
            if one["status"] not in ("DECLINED", "CANCELED")
            for line in one["returnLineItems"]
            if line["fulfillmentLineItem"]["id"] == place["id"]
        )
        return int(place["quantity"] - back)

    def _put_metafield(self, owner: Record, given: Record) -> None:
        kept = {one: given.get(one) for one in ("namespace", "key", "value", "type")}
        stored = owner.setdefault("metafields", {})
        stored[(kept["namespace"], kept["key"])] = kept

    def _touch(self, order: Record) -> str:
        self._changes += 1
        moment = datetime(2026, 11, 20, 12, 0, self._changes, tzinfo=UTC).isoformat()
        order["updatedAt"] = moment
        return moment


def money(amount: str) -> Record:
    value = {"amount": amount, "currencyCode": "GBP"}
    return {"presentmentMoney": value, "shopMoney": value}


def _failed(name: str, errors: list[Record]) -> Record:
    return {name: None, "userErrors": errors}


def _mailing_address(given: Record) -> Record:
    first, last = given.get("firstName") or "", given.get("lastName") or ""
    return {
        **{one: given.get(one) for one in ("address1", "address2", "city", "zip")},
        "name": f"{first} {last}".strip(),
        "firstName": first,
        "lastName": last,
        "provinceCode": given.get("provinceCode"),
        "countryCodeV2": given["countryCode"],
        "phone": given.get("phone"),
    }
