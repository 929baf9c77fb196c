"""Shopify's JSON read as our values.

Identifiers lose their `gid://shopify/Kind/` prefix: `gid("Order", "17")` puts it back.
Amounts are what the customer was charged (`presentmentMoney`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from frontdesk.commerce.calls import understanding
from frontdesk.commerce.values import (
    Address,
    Customer,
    Fulfilment,
    FulfilmentStatus,
    Item,
    Money,
    Order,
    OrderStatus,
    PackedItem,
    PaymentStatus,
    Product,
    Refund,
    RefundStatus,
    Return,
    ReturnLine,
    ReturnStatus,
    Variant,
)

Json = Mapping[str, Any]

_PAYMENT: Mapping[str | None, PaymentStatus] = {
    "AUTHORIZED": "authorised",
    "EXPIRED": "voided",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "partly_refunded",
    "REFUNDED": "refunded",
    "VOIDED": "voided",
}  # PENDING, PARTIALLY_PAID and none: money is still awaited
_STATUS: Mapping[str, OrderStatus] = {
    "ON_HOLD": "on_hold",
    "IN_PROGRESS": "packing",
    "PENDING_FULFILLMENT": "packing",
}
_PARCEL: Mapping[str | None, FulfilmentStatus] = {
    "CONFIRMED": "packing",
    "LABEL_PRINTED": "packing",
    "LABEL_PURCHASED": "packing",
    "SUBMITTED": "packing",
    "OUT_FOR_DELIVERY": "out_for_delivery",
    "READY_FOR_PICKUP": "out_for_delivery",
    "DELIVERED": "delivered",
    "PICKED_UP": "delivered",
    "FAILURE": "failed",
    "NOT_DELIVERED": "failed",
}
_GONE = ("CANCELED", "LABEL_VOIDED")
_RETURN: Mapping[str, ReturnStatus] = {
    "REQUESTED": "requested",
    "OPEN": "approved",
    "CLOSED": "closed",
    "DECLINED": "declined",
    "CANCELED": "declined",
}
_METHODS = {"shopify_payments": "card", "Gift Card": "gift_card"}


def gid(kind: str, number: str) -> str:
    """Shopify's global id, such as `gid://shopify/Order/17`."""
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str) -> str:
    """The last part of a global id."""
    return global_id.rsplit("/", 1)[-1]


@understanding("Shopify")
def read_order(json: Json, items: Sequence[Json]) -> Order:
    """An order of the document's `OrderFields`; `items` are all its lines."""
    fulfilments = tuple(
        _fulfilment(one)
        for one in json["fulfillments"]
        if one["displayStatus"] not in _GONE
    )
    methods = json["paymentGatewayNames"]
    return Order(
        number=json["name"],
        customer_id=number_of(json["customer"]["id"]) if json["customer"] else None,
        email=json["email"] or "",
        phone=json["phone"] or "",
        status=_order_status(json, fulfilments),
        payment=_PAYMENT.get(json["displayFinancialStatus"], "pending"),
        placed_at=datetime.fromisoformat(json["createdAt"]),
        items=tuple(_item(one) for one in items),
        total=read_money(json["totalPriceSet"]),
        shipping=read_money(json["totalShippingPriceSet"]),
        address=read_address(json["shippingAddress"]),
        version=json["updatedAt"],
        fulfilments=fulfilments,
        service=(json["shippingLine"] or {}).get("title") or "standard",
        cancelled_at=read_time(json["cancelledAt"]),
        payment_method=_METHODS.get(methods[0], methods[0]) if methods else "",
    )


@understanding("Shopify")
def read_customer(json: Json) -> Customer:
    """A customer of the document `CUSTOMER`."""
    email = json["defaultEmailAddress"] or {}
    phone = json["defaultPhoneNumber"] or {}
    address = json["defaultAddress"]
    return Customer(
        id=number_of(json["id"]),
        name=json["displayName"],
        email=email.get("emailAddress") or "",
        phone=phone.get("phoneNumber") or "",
        address=read_address(address) if address else None,
        newsletter=email.get("marketingState") == "SUBSCRIBED",
    )


def read_address(json: Json | None) -> Address:
    """A postal address; absent parts are empty."""
    given = json or {}
    return Address(
        name=given.get("name") or "",
        line1=given.get("address1") or "",
        line2=given.get("address2") or "",
        city=given.get("city") or "",
        postcode=given.get("zip") or "",
        country=given.get("countryCodeV2") or "",
        region=given.get("provinceCode") or "",
        phone=given.get("phone") or "",
    )


def write_address(address: Address) -> dict[str, str | None]:
    """An address as Shopify's `MailingAddressInput`; absent parts are emptied."""
    first, _, last = address.name.rpartition(" ")
    given = {
        "firstName": first,
        "lastName": last,
        "address1": address.line1,
        "address2": address.line2,
        "city": address.city,
        "zip": address.postcode,
        "countryCode": address.country,
        "provinceCode": address.region,
        "phone": address.phone,
    }
    return {name: value or None for name, value in given.items()}


@understanding("Shopify")
def read_product(json: Json, currency: str) -> Product:
    """A product of the document's `ProductFields`."""
    variants = tuple(_variant(one, currency) for one in json["variants"]["nodes"])
    media = json["featuredMedia"] or {}
    image = (media.get("preview") or {}).get("image") or {}
    return Product(
        id=number_of(json["id"]),
        title=json["title"],
        family=json["productType"],
        description=json["description"],
        price=min((one.price for one in variants), key=lambda price: price.amount),
        url=json["onlineStoreUrl"] or "",
        variants=variants,
        attributes=tuple(
            (one["key"].replace("_", " "), one["value"])
            for one in json["metafields"]["nodes"]
        ),
        tags=_tags(json["tags"]),
        image=image.get("url") or "",
    )


@understanding("Shopify")
def read_return(json: Json, order_number: str) -> Return:
    """A return of the document `RETURNS`; with new items it is an exchange.

    Its id is its name, such as `#1001-R1`, which the customer reads in mails.
    """
    wanted = [number_of(one["variantId"]) for one in json["exchangeLineItems"]["nodes"]]
    lines = [
        one for one in json["returnLineItems"]["nodes"] if "fulfillmentLineItem" in one
    ]
    return Return(
        id=json["name"],
        order_number=order_number,
        kind="exchange" if wanted else "return",
        status=_RETURN[json["status"]],
        lines=tuple(
            ReturnLine(
                item_id=number_of(one["fulfillmentLineItem"]["lineItem"]["id"]),
                quantity=one["quantity"],
                reason=_reason(one),
                variant_id=wanted[place] if place < len(wanted) else "",
            )
            for place, one in enumerate(lines)
        ),
        requested_at=datetime.fromisoformat(json["createdAt"]),
        label_url=_label(json),
    )


@understanding("Shopify")
def read_refund(json: Json, order_number: str) -> Refund:
    """A refund of the document `REFUNDS`."""
    payments = json["transactions"]["nodes"]
    method = payments[0]["gateway"] if payments else ""
    status = _refund_status([one["status"] for one in payments])
    settled = [one["processedAt"] for one in payments if one["processedAt"]]
    return Refund(
        id=number_of(json["id"]),
        order_number=order_number,
        amount=read_money(json["totalRefundedSet"]),
        status=status,
        method=_METHODS.get(method, method),
        created_at=datetime.fromisoformat(json["createdAt"]),
        settled_at=read_time(max(settled)) if settled and status == "done" else None,
    )


def read_money(json: Json) -> Money:
    """The amount that the customer was shown."""
    money = json["presentmentMoney"]
    return Money(Decimal(money["amount"]), money["currencyCode"])


def read_time(text: str | None) -> datetime | None:
    """A time with its zone, or None."""
    return datetime.fromisoformat(text) if text else None


def _order_status(json: Json, fulfilments: Sequence[Fulfilment]) -> OrderStatus:
    if json["cancelledAt"]:
        return "cancelled"
    status = json["displayFulfillmentStatus"]
    delivered = [one.status == "delivered" for one in fulfilments]
    if status == "FULFILLED" and delivered:
        return "delivered" if all(delivered) else _some(delivered, "shipped")
    if status in ("FULFILLED", "PARTIALLY_FULFILLED"):
        return _some(
            delivered, "shipped" if status == "FULFILLED" else "partly_shipped"
        )
    if status in _STATUS:
        return _STATUS[status]
    payment = _PAYMENT.get(json["displayFinancialStatus"], "pending")
    return "awaiting_payment" if payment == "pending" else "received"


def _some(delivered: Sequence[bool], otherwise: OrderStatus) -> OrderStatus:
    return "partly_delivered" if any(delivered) else otherwise


def _fulfilment(json: Json) -> Fulfilment:
    tracking = json["trackingInfo"][0] if json["trackingInfo"] else {}
    return Fulfilment(
        id=number_of(json["id"]),
        status=_PARCEL.get(json["displayStatus"], "shipped"),
        contents=tuple(
            PackedItem(number_of(one["lineItem"]["id"]), one["quantity"])
            for one in json["fulfillmentLineItems"]["nodes"]
        ),
        carrier=tracking.get("company") or "",
        tracking_number=tracking.get("number") or "",
        tracking_url=tracking.get("url") or "",
        shipped_at=read_time(json["createdAt"]),
        expected_at=read_time(json["estimatedDeliveryAt"]),
        delivered_at=read_time(json["deliveredAt"]),
    )


def _item(json: Json) -> Item:
    product = json["product"] or {}
    variant = json["variant"] or {}
    return Item(
        id=number_of(json["id"]),
        product_id=number_of(product.get("id", "")),
        variant_id=number_of(variant.get("id", "")),
        title=json["title"],
        quantity=json["quantity"],
        price=read_money(json["discountedUnitPriceSet"]),
        options=_options(variant.get("selectedOptions", ())),
        family=product.get("productType", ""),
        tags=_tags(product.get("tags", ())),
        image=(json["image"] or {}).get("url") or "",
    )


def _variant(json: Json, currency: str) -> Variant:
    return Variant(
        id=number_of(json["id"]),
        title=json["title"],
        options=_options(json["selectedOptions"]),
        price=Money(Decimal(json["price"]), currency),
        available=json["availableForSale"],
        stock=json["inventoryQuantity"] if json["inventoryItem"]["tracked"] else None,
    )


def _options(selected: Sequence[Json]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one["name"].lower(), one["value"])
        for one in selected
        if one["name"] != "Title"  # what a product without options carries
    )


def _tags(names: Sequence[str]) -> frozenset[str]:
    """Tags as policies write them: `final_sale` for `Final Sale`."""
    return frozenset(re.sub(r"[ -]+", "_", name.lower()) for name in names)


def _reason(json: Json) -> str:
    note: str = json["customerNote"] or json["returnReasonNote"] or ""
    return note.split(" [", 1)[0]


def _label(json: Json) -> str:
    for order in json["reverseFulfillmentOrders"]["nodes"]:
        for delivery in order["reverseDeliveries"]["nodes"]:
            label = (delivery["deliverable"] or {}).get("label") or {}
            return label.get("publicFileUrl") or ""
    return ""


def _refund_status(payments: Sequence[str]) -> RefundStatus:
    if any(one in ("ERROR", "FAILURE") for one in payments):
        return "failed"
    return "done" if payments and set(payments) == {"SUCCESS"} else "pending"
