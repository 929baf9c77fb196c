"""The shop in the field's terms: what the back ends return, whoever the vendor is.

All values are frozen. Money is a Decimal with its currency, never a float; every
time carries its zone. Identifiers are the vendor's own strings, except an order's
`number`, which is what the customer reads on the invoice (`LO-100234`, `#1001`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

OrderStatus = Literal[
    "awaiting_payment",
    "on_hold",
    "received",
    "packing",
    "partly_shipped",
    "shipped",
    "partly_delivered",
    "delivered",
    "cancelled",
]
PaymentStatus = Literal[
    "pending", "authorised", "paid", "partly_refunded", "refunded", "voided"
]
FulfilmentStatus = Literal[
    "packing", "shipped", "out_for_delivery", "delivered", "failed"
]
ReturnStatus = Literal[
    "requested", "approved", "in_transit", "received", "closed", "declined"
]
RefundStatus = Literal["pending", "done", "failed"]
ReturnKind = Literal["return", "exchange"]

_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}


@dataclass(frozen=True)
class Money:
    """An amount in one currency (ISO 4217), e.g. `Money(Decimal("49.90"), "GBP")`."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        if sign := _SIGNS.get(self.currency):
            return f"{sign}{self.amount:,.2f}"
        return f"{self.amount:,.2f} {self.currency}"


@dataclass(frozen=True)
class Address:
    """A postal address; `country` is ISO 3166 alpha-2, absent parts are empty."""

    name: str
    line1: str
    line2: str
    city: str
    postcode: str
    country: str
    region: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Customer:
    """Somebody with an account; `phone` is E.164 or empty."""

    id: str
    name: str
    email: str
    phone: str = ""
    address: Address | None = None
    newsletter: bool = False
    tier: str = ""  # of the shop's membership scheme, such as `silver`


@dataclass(frozen=True)
class Variant:
    """One buyable form of a product; `id` is what an exchange or a notice names.

    Attributes:
        options: Pairs such as `("colour", "sage")`.
        stock: Pieces on hand; None where the shop does not count them.
        expected_at: When the supplier has confirmed the next delivery.
    """

    id: str
    title: str
    options: tuple[tuple[str, str], ...]
    price: Money
    available: bool
    stock: int | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True)
class Product:
    """An article of the catalogue.

    Attributes:
        attributes: Pairs as the shop writes them, such as `("width", "45 cm")`.
        tags: What policies speak of: `final_sale`, `clearance`, `refurbished`,
            `made_to_order`, `pre_order`, `gift_card`, `mattress`, `earbuds`, `hygiene`,
            `connected`, `large`; others are the shop's own.
    """

    id: str
    title: str
    family: str
    description: str
    price: Money
    url: str
    variants: tuple[Variant, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    tags: frozenset[str] = frozenset()
    image: str = ""

    @property
    def available(self) -> bool:
        """Whether any variant can be bought now."""
        return any(variant.available for variant in self.variants)


@dataclass(frozen=True)
class Item:
    """A line of an order; `price` is for one piece, as paid, after vouchers."""

    id: str
    product_id: str
    variant_id: str
    title: str
    quantity: int
    price: Money
    options: tuple[tuple[str, str], ...] = ()
    family: str = ""
    tags: frozenset[str] = frozenset()
    image: str = ""


@dataclass(frozen=True)
class PackedItem:
    """So many pieces of one of the order's items, in a parcel."""

    item_id: str
    quantity: int


@dataclass(frozen=True)
class Fulfilment:
    """One parcel or van load of an order."""

    id: str
    status: FulfilmentStatus
    contents: tuple[PackedItem, ...]
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    expected_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class Order:
    """An order as the back end has it now.

    Attributes:
        customer_id: None for a guest.
        version: Changes whenever the order does; shows that what was confirmed is
            still what was described.
        service: How it is sent: `standard`, `express`, `named_day`, `saturday`,
            `two_man`, `click_and_collect` or the vendor's own word.
        slot_at: When the crew comes, for services with an appointment.
        dispatch_at: The promised dispatch, where it is known (pre-orders).
        tier: The membership tier the customer had when ordering.
        payment_method: `card`, `paypal`, `gift_card`, `pay_in_3`, `finance` or the
            vendor's own word.
    """

    number: str
    customer_id: str | None
    email: str
    phone: str
    status: OrderStatus
    payment: PaymentStatus
    placed_at: datetime
    items: tuple[Item, ...]
    total: Money
    shipping: Money
    address: Address
    version: str
    fulfilments: tuple[Fulfilment, ...] = ()
    service: str = "standard"
    slot_at: datetime | None = None
    dispatch_at: datetime | None = None
    cancelled_at: datetime | None = None
    hold_reason: str = ""
    payment_method: str = ""
    gift: bool = False
    tier: str = ""


@dataclass(frozen=True)
class ReturnLine:
    """Pieces that go back; `variant_id` is what comes instead in an exchange."""

    item_id: str
    quantity: int
    reason: str
    variant_id: str = ""


@dataclass(frozen=True)
class Return:
    """A return or exchange; `label_url` is empty until there is a label."""

    id: str
    order_number: str
    kind: ReturnKind
    status: ReturnStatus
    lines: tuple[ReturnLine, ...]
    requested_at: datetime
    label_url: str = ""
    instructions: str = ""


@dataclass(frozen=True)
class Refund:
    """Money on its way back; `settled_at` is set when the shop has paid it out."""

    id: str
    order_number: str
    amount: Money
    status: RefundStatus
    method: str
    created_at: datetime
    settled_at: datetime | None = None


@dataclass(frozen=True)
class Invoice:
    """The invoice of an order; `url` opens the document for its owner."""

    number: str
    order_number: str
    issued_at: datetime
    total: Money
    url: str


@dataclass(frozen=True)
class Limit:
    """A wish about an attribute: `Limit("width", "at_most", "45 cm")`.

    `equals` compares words (`Limit("type", "equals", "freestanding")`).
    """

    attribute: str
    relation: Literal["at_most", "at_least", "equals"]
    value: str


@dataclass(frozen=True)
class ProductQuery:
    """What somebody looks for; everything left empty does not restrict.

    Attributes:
        text: Words of the customer; the best match comes first.
        family: A family of the catalogue such as `Dishwashers`.
        order_by: `relevance`, `price`, or an attribute; the smallest first, or with a
            minus in front (`-load`) the largest.
        top_k: At most so many products.
    """

    text: str = ""
    family: str = ""
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    limits: tuple[Limit, ...] = ()
    available_only: bool = False
    order_by: str = "relevance"
    top_k: int = 10
