"""Tables of the demo shop, as the migrations create them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from frontdesk.commerce.database import Cents, Moment


class Base(DeclarativeBase):
    """Types of the columns: times with zone, amounts in cents, JSON."""

    type_annotation_map = {  # noqa: RUF012 (declared so by SQLAlchemy)
        datetime: Moment,
        Decimal: Cents,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class ProductRow(Base):
    __tablename__ = "products"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    family: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String(2000))
    price: Mapped[Decimal]
    url: Mapped[str] = mapped_column(String(300))
    attributes: Mapped[list[Any]]
    tags: Mapped[list[Any]]
    variants: Mapped[list[VariantRow]] = relationship(
        order_by="VariantRow.position", back_populates="product"
    )


class VariantRow(Base):
    __tablename__ = "variants"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    options: Mapped[list[Any]]
    price: Mapped[Decimal]
    stock: Mapped[int]
    expected_at: Mapped[datetime | None]
    product: Mapped[ProductRow] = relationship(back_populates="variants")


class CustomerRow(Base):
    __tablename__ = "customers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    phone: Mapped[str] = mapped_column(String(20), index=True)
    address: Mapped[dict[str, Any]]
    tier: Mapped[str] = mapped_column(String(20))


class OrderRow(Base):
    __tablename__ = "orders"

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    customer_id: Mapped[str | None] = mapped_column(
        ForeignKey("customers.id"), index=True
    )
    email: Mapped[str] = mapped_column(String(254), index=True)  # lower case
    phone: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(32))
    payment: Mapped[str] = mapped_column(String(32))
    payment_method: Mapped[str] = mapped_column(String(32))
    placed_at: Mapped[datetime]
    total: Mapped[Decimal]
    shipping: Mapped[Decimal]
    address: Mapped[dict[str, Any]]
    service: Mapped[str] = mapped_column(String(32))
    slot_at: Mapped[datetime | None]
    dispatch_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    hold_reason: Mapped[str] = mapped_column(String(200), default="")
    gift: Mapped[bool] = mapped_column(default=False)
    tier: Mapped[str] = mapped_column(String(20), default="")
    version: Mapped[int] = mapped_column(default=1)
    items: Mapped[list[ItemRow]] = relationship(order_by="ItemRow.id")
    fulfilments: Mapped[list[FulfilmentRow]] = relationship(order_by="FulfilmentRow.id")
    returns: Mapped[list[ReturnRow]] = relationship(
        order_by="ReturnRow.requested_at, ReturnRow.id"
    )
    refunds: Mapped[list[RefundRow]] = relationship(
        order_by="RefundRow.created_at, RefundRow.id"
    )
    invoice: Mapped[InvoiceRow | None] = relationship()


class ItemRow(Base):
    __tablename__ = "items"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    product_id: Mapped[str] = mapped_column(String(64))
    variant_id: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int]
    price: Mapped[Decimal]
    options: Mapped[list[Any]]
    family: Mapped[str] = mapped_column(String(64))
    tags: Mapped[list[Any]]


class FulfilmentRow(Base):
    __tablename__ = "fulfilments"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    status: Mapped[str] = mapped_column(String(32))
    contents: Mapped[list[Any]]
    carrier: Mapped[str] = mapped_column(String(64))
    tracking_number: Mapped[str] = mapped_column(String(64))
    shipped_at: Mapped[datetime | None]
    expected_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class ReturnRow(Base):
    __tablename__ = "returns"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(32))
    lines: Mapped[list[Any]]
    requested_at: Mapped[datetime]


class RefundRow(Base):
    __tablename__ = "refunds"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    amount: Mapped[Decimal]
    status: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class InvoiceRow(Base):
    __tablename__ = "invoices"

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), unique=True)
    issued_at: Mapped[datetime]


class StockNoticeRow(Base):
    __tablename__ = "stock_notices"

    variant_id: Mapped[str] = mapped_column(ForeignKey("variants.id"), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    created_at: Mapped[datetime]


class ClaimRow(Base):
    __tablename__ = "claims"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("items.id"), index=True)
    problem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class SubscriberRow(Base):
    __tablename__ = "subscribers"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)  # lower case
    subscribed: Mapped[bool]
    changed_at: Mapped[datetime]


class DataRequestRow(Base):
    __tablename__ = "data_requests"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    requested_at: Mapped[datetime]


class WriteRow(Base):
    """What was done under an idempotency key; the key can be used once."""

    __tablename__ = "writes"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(Text)
    result: Mapped[dict[str, Any]]
    written_at: Mapped[datetime]


class NoteRow(Base):
    """Facts about the database itself, such as when it was filled."""

    __tablename__ = "notes"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
