"""WooCommerce's JSON read as our values.

Core WooCommerce knows no delivery: an order that is sent stays `shipped`. Tracking
comes from the core's order fulfilments where the shop has switched them on, else from
the meta data of the Shipment Tracking extension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from frontdesk.commerce.calls import understanding
from frontdesk.commerce.values import (
    Address,
    Customer,
    Fulfilment,
    Item,
    Money,
    Order,
    OrderStatus,
    PackedItem,
    PaymentStatus,
    Product,
    Refund,
    Variant,
)

Json = Mapping[str, Any]

TRACKING_META = "_wc_shipment_tracking_items"
_STATUS: Mapping[str, OrderStatus] = {
    "pending": "awaiting_payment",
    "failed": "awaiting_payment",
    "on-hold": "on_hold",
    "processing": "received",
    "completed": "shipped",
    "cancelled": "cancelled",
}
_METHODS = {"stripe": "card", "woocommerce_payments": "card", "ppcp-gateway": "paypal"}
_CENT = Decimal("0.01")


@understanding("WooCommerce")
def read_order(
    json: Json, products: Mapping[int, Json], fulfilments: Sequence[Json]
) -> Order:
    """An order.

    Args:
        json: The order.
        products: The products of its lines by id; deleted ones are missing.
        fulfilments: Its order fulfilments.
    """
    currency = json["currency"]
    parcels = tuple(
        _fulfilment(one) for one in fulfilments if not one["date_deleted"]
    ) or _tracked(json)
    lines = json["shipping_lines"]
    return Order(
        number=str(json["number"]),
        customer_id=str(json["customer_id"]) if json["customer_id"] else None,
        email=json["billing"]["email"],
        phone=json["billing"]["phone"],
        status=_order_status(json, parcels),
        payment=payment_status(json),
        placed_at=read_time(json["date_created_gmt"]),
        items=tuple(_item(one, currency, products) for one in json["line_items"]),
        total=Money(Decimal(json["total"]), currency),
        shipping=Money(
            Decimal(json["shipping_total"]) + Decimal(json["shipping_tax"]), currency
        ),
        address=_address(json["shipping"]),
        version=json["date_modified_gmt"],
        fulfilments=parcels,
        service=lines[0]["method_title"] if lines else "standard",
        cancelled_at=_cancelled_at(json),
        payment_method=str(
            _METHODS.get(json["payment_method"], json["payment_method"])
        ),
    )


@understanding("WooCommerce")
def read_customer(json: Json) -> Customer:
    """A customer."""
    billing = json["billing"]
    name = f"{json['first_name']} {json['last_name']}".strip()
    return Customer(
        id=str(json["id"]),
        name=name or json["username"],
        email=json["email"],
        phone=billing["phone"],
        address=_address(json["shipping"]) if json["shipping"]["address_1"] else None,
    )


def write_address(address: Address) -> dict[str, str]:
    """An address as the `shipping` of an order."""
    first, _, last = address.name.rpartition(" ")
    return {
        "first_name": first,
        "last_name": last,
        "address_1": address.line1,
        "address_2": address.line2,
        "city": address.city,
        "postcode": address.postcode,
        "country": address.country,
        "state": address.region,
        "phone": address.phone,
    }


@understanding("WooCommerce")
def read_product(json: Json, variations: Sequence[Json], currency: str) -> Product:
    """A product; one without variations is its own only variant."""
    variants = tuple(
        _variant(one, json["name"], currency) for one in variations or (json,)
    )
    categories, images = json["categories"], json["images"]
    return Product(
        id=str(json["id"]),
        title=json["name"],
        family=categories[0]["name"] if categories else "",
        description=json["short_description"] or json["description"],
        price=min((one.price for one in variants), key=lambda price: price.amount),
        url=json["permalink"],
        variants=variants,
        attributes=tuple(
            (one["name"].lower(), ", ".join(one["options"]))
            for one in json["attributes"]
            if not one["variation"]
        ),
        tags=tags_of(json),
        image=images[0]["src"] if images else "",
    )


@understanding("WooCommerce")
def read_refund(json: Json, order: Json) -> Refund:
    """A refund; one that was only noted and not paid by the gateway is pending."""
    created = read_time(json["date_created_gmt"])
    method = order["payment_method"]
    return Refund(
        id=str(json["id"]),
        order_number=str(order["number"]),
        amount=Money(Decimal(json["amount"]), order["currency"]),
        status="done" if json["refunded_payment"] else "pending",
        method=str(_METHODS.get(method, method)),
        created_at=created,
        settled_at=created if json["refunded_payment"] else None,
    )


def payment_status(json: Json) -> PaymentStatus:
    """What has happened to an order's money."""
    total, refunded = Decimal(json["total"]), refunded_amount(json)
    if not json["date_paid_gmt"]:
        return "voided" if json["status"] in ("cancelled", "failed") else "pending"
    if refunded >= total:
        return "refunded"
    return "partly_refunded" if refunded else "paid"


def refunded_amount(json: Json) -> Decimal:
    """What an order's refunds come to; they are listed as negative totals."""
    return -sum((Decimal(one["total"]) for one in json["refunds"]), Decimal(0))


def meta(json: Json, key: str) -> Any | None:
    """The value of a meta key, or None."""
    for one in json["meta_data"]:
        if one["key"] == key:
            return one["value"]
    return None


def tags_of(json: Json) -> frozenset[str]:
    """A product's tags as policies write them: `final_sale` for `final-sale`."""
    return frozenset(one["slug"].replace("-", "_") for one in json["tags"])


def read_time(text: str) -> datetime:
    """A GMT time, which mostly carries no zone."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _order_status(json: Json, parcels: Sequence[Fulfilment]) -> OrderStatus:
    status = json["status"]
    if status == "refunded":  # before or after it was sent
        return "shipped" if json["date_completed_gmt"] else "cancelled"
    sent = [one for one in parcels if one.status == "shipped"]
    if status == "processing" and sent:
        pieces = sum(one["quantity"] for one in json["line_items"])
        packed = sum(held.quantity for one in sent for held in one.contents)
        return "shipped" if packed >= pieces else "partly_shipped"
    return _STATUS.get(status, "received")  # shops add statuses of their own


def _cancelled_at(json: Json) -> datetime | None:
    if json["status"] != "cancelled":
        return None
    return read_time(json["date_modified_gmt"])


def _address(json: Json) -> Address:
    return Address(
        name=f"{json['first_name']} {json['last_name']}".strip(),
        line1=json["address_1"],
        line2=json["address_2"],
        city=json["city"],
        postcode=json["postcode"],
        country=json["country"],
        region=json["state"],
        phone=json.get("phone", ""),
    )


def _item(json: Json, currency: str, products: Mapping[int, Json]) -> Item:
    product = products.get(json["product_id"])
    paid = Decimal(json["total"]) + Decimal(json["total_tax"])
    categories = product["categories"] if product else ()
    return Item(
        id=str(json["id"]),
        product_id=str(json["product_id"]),
        variant_id=str(json["variation_id"] or json["product_id"]),
        title=json["name"],
        quantity=json["quantity"],
        price=Money((paid / json["quantity"]).quantize(_CENT), currency),
        options=tuple(
            (str(one["display_key"]).lower(), str(one["display_value"]))
            for one in json["meta_data"]
            if not one["key"].startswith("_")
        ),
        family=categories[0]["name"] if categories else "",
        tags=tags_of(product) if product else frozenset(),
    )


def _fulfilment(json: Json) -> Fulfilment:
    sent = json["is_fulfilled"]
    return Fulfilment(
        id=str(json["id"]),
        status="shipped" if sent else "packing",
        contents=tuple(
            PackedItem(str(one["item_id"]), one["qty"])
            for one in meta(json, "_items") or ()
        ),
        carrier=meta(json, "_shipment_provider") or "",
        tracking_number=meta(json, "_tracking_number") or "",
        tracking_url=meta(json, "_tracking_url") or "",
        shipped_at=read_time(json["date_updated"]) if sent else None,
    )


def _tracked(json: Json) -> tuple[Fulfilment, ...]:
    """Parcels of the Shipment Tracking extension, which does not say what is inside."""
    return tuple(
        Fulfilment(
            id=one["tracking_id"],
            status="shipped",
            contents=(),
            carrier=one["tracking_provider"] or one["custom_tracking_provider"],
            tracking_number=one["tracking_number"],
            shipped_at=_stamp(one["date_shipped"]),
        )
        for one in meta(json, TRACKING_META) or ()
    )


def _stamp(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def _variant(json: Json, title: str, currency: str) -> Variant:
    options = tuple(
        (one["name"].lower(), one["option"])
        for one in json["attributes"]
        if "option" in one
    )
    named = ", ".join(value for _, value in options)
    return Variant(
        id=str(json["id"]),
        title=f"{title} - {named}" if named else title,
        options=options,
        price=Money(Decimal(json["price"] or 0), currency),
        available=json["purchasable"] and json["stock_status"] != "outofstock",
        stock=json["stock_quantity"] if json["manage_stock"] else None,
    )
