"""Values of the room from the demo shop's rows."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from frontdesk.commerce.demo.models import (
    CustomerRow,
    FulfilmentRow,
    ItemRow,
    OrderRow,
    ProductRow,
    RefundRow,
    ReturnRow,
    VariantRow,
)
from frontdesk.commerce.values import (
    Address,
    Customer,
    Fulfilment,
    FulfilmentStatus,
    Invoice,
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
    ReturnKind,
    ReturnLine,
    ReturnStatus,
    Variant,
)

CURRENCY = "GBP"
SITE = "https://lumenandoak.example"
METHODS = {
    "label": "Print the label or show its code in a parcel shop within 7 days.",
    "shop": "Bring the goods and the order number to any of our shops.",
    "collection": "We write to you to agree on a day and a slot of four hours.",
}


def money(amount: Decimal) -> Money:
    """An amount in the demo shop's only currency."""
    return Money(amount, CURRENCY)


def product_of(row: ProductRow) -> Product:
    """A product with its variants."""
    return Product(
        id=row.id,
        title=row.title,
        family=row.family,
        description=row.description,
        price=money(row.price),
        url=row.url,
        variants=tuple(_variant(variant) for variant in row.variants),
        attributes=_pairs(row.attributes),
        tags=frozenset(row.tags),
    )


def customer_of(row: CustomerRow, newsletter: bool) -> Customer:
    """A customer with what the list of subscribers says."""
    return Customer(
        id=row.id,
        name=row.name,
        email=row.email,
        phone=row.phone,
        address=Address(**row.address),
        newsletter=newsletter,
        tier=row.tier,
    )


def order_of(row: OrderRow) -> Order:
    """An order with its items and parcels."""
    return Order(
        number=row.number,
        customer_id=row.customer_id,
        email=row.email,
        phone=row.phone,
        status=cast(OrderStatus, row.status),
        payment=cast(PaymentStatus, row.payment),
        placed_at=row.placed_at,
        items=tuple(_item(item) for item in row.items),
        total=money(row.total),
        shipping=money(row.shipping),
        address=Address(**row.address),
        version=str(row.version),
        fulfilments=tuple(_fulfilment(parcel) for parcel in row.fulfilments),
        service=row.service,
        slot_at=row.slot_at,
        dispatch_at=row.dispatch_at,
        cancelled_at=row.cancelled_at,
        hold_reason=row.hold_reason,
        payment_method=row.payment_method,
        gift=row.gift,
        tier=row.tier,
    )


def return_of(row: ReturnRow) -> Return:
    """A return with the way back that was chosen."""
    has_label = row.method == "label" and row.status in ("requested", "approved")
    return Return(
        id=row.id,
        order_number=row.order_number,
        kind=cast(ReturnKind, row.kind),
        status=cast(ReturnStatus, row.status),
        lines=tuple(ReturnLine(**line) for line in row.lines),
        requested_at=row.requested_at,
        label_url=label_url(row.id) if has_label else "",
        instructions=METHODS[row.method],
    )


def refund_of(row: RefundRow) -> Refund:
    """A refund."""
    return Refund(
        id=row.id,
        order_number=row.order_number,
        amount=money(row.amount),
        status=cast(RefundStatus, row.status),
        method=row.method,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def invoice_of(order: OrderRow) -> Invoice | None:
    """The order's invoice, once there is one."""
    if order.invoice is None:
        return None
    return Invoice(
        number=order.invoice.number,
        order_number=order.number,
        issued_at=order.invoice.issued_at,
        total=money(order.total),
        url=f"{SITE}/account/invoices/{order.invoice.number}.pdf",
    )


def label_url(return_id: str) -> str:
    """Where the label of a return is printed."""
    return f"{SITE}/returns/{return_id}/label"


def _variant(row: VariantRow) -> Variant:
    return Variant(
        id=row.id,
        title=row.title,
        options=_pairs(row.options),
        price=money(row.price),
        available=row.stock > 0,
        stock=row.stock,
        expected_at=row.expected_at,
    )


def _item(row: ItemRow) -> Item:
    return Item(
        id=row.id,
        product_id=row.product_id,
        variant_id=row.variant_id,
        title=row.title,
        quantity=row.quantity,
        price=money(row.price),
        options=_pairs(row.options),
        family=row.family,
        tags=frozenset(row.tags),
    )


def _fulfilment(row: FulfilmentRow) -> Fulfilment:
    tracking = f"{SITE}/track/{row.tracking_number}" if row.tracking_number else ""
    return Fulfilment(
        id=row.id,
        status=cast(FulfilmentStatus, row.status),
        contents=tuple(PackedItem(**packed) for packed in row.contents),
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        tracking_url=tracking,
        shipped_at=row.shipped_at,
        expected_at=row.expected_at,
        delivered_at=row.delivered_at,
    )


def _pairs(rows: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in rows)
