"""The one door to the shop: every read is masked by level, every write is confirmed.

The actions call this and nothing else of the room. Reads give no more than the
visitor has shown; an order that is not theirs is answered like one that does not
exist. A write is proposed, shown in full, confirmed in its own turn by its key, and
executed once; what is reported is what the back end said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from frontdesk.commerce.trust import Trust, Visitor
from frontdesk.commerce.values import (
    FulfilmentStatus,
    Invoice,
    Order,
    OrderStatus,
    Product,
    ProductQuery,
    Refund,
    Return,
)
from frontdesk.commerce.writes import Done, Operation, Write

OutcomeState = Literal[
    "done",  # the back end says so
    "in_progress",  # accepted; the back end or another confirmation still works on it
    "uncertain",  # no answer; it may have happened, and is looked up before any retry
    "refused",  # the back end or a rule will not have it; nothing changed
    "failed",  # the back end cannot be reached; nothing changed; may be confirmed again
    "expired",  # confirmed too late, or the order has changed: propose again
    "unknown",  # nothing of this visitor waits for this key
]


@dataclass(frozen=True)
class ParcelStatus:
    """How far one parcel is; no number, no address."""

    status: FulfilmentStatus
    shipped_at: datetime | None
    expected_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class OrderStatusView:
    """An order for somebody who is identified only; `address` is masked."""

    number: str
    status: OrderStatus
    placed_at: datetime
    service: str
    slot_at: datetime | None
    dispatch_at: datetime | None
    parcels: tuple[ParcelStatus, ...]
    address: str


@dataclass(frozen=True)
class Proposal:
    """A write that waits for its confirmation.

    Attributes:
        key: What the confirming button carries.
        text: The whole change in plain words, with costs and conditions, ending in no
            question.
        expires_at: Until when it may be confirmed.
    """

    key: str
    operation: Operation
    text: str
    expires_at: datetime


@dataclass(frozen=True)
class NotPossible:
    """A rule of the shop is against it, or wants a person to decide.

    Attributes:
        person: Whether a person should decide.
        reason: A short word such as `cut_off_passed`.
        text: The reason in one or two sentences for the customer.
    """

    operation: Operation
    person: bool
    reason: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What became of a confirmed write.

    Attributes:
        text: The result in plain words for the customer.
        repeated: True when this key had been confirmed before.
    """

    state: OutcomeState
    text: str
    operation: Operation | None = None
    done: Done | None = None
    repeated: bool = False


class Desk:
    """What a conversation may see and do in the shop."""

    async def trust(self, visitor: Visitor) -> Trust:
        """What the visitor has shown, read anew each time."""
        raise NotImplementedError

    async def identify(self, visitor: Visitor, number: str, contact: str) -> bool:
        """Whether number and email or phone belong together; then the order is known.

        False says nothing about which of the two was wrong.

        Raises:
            TooManyTriesError: Of this conversation, or for this number.
        """
        raise NotImplementedError

    async def send_code(self, visitor: Visitor, email: str) -> None:
        """Send a one-time code to an address; it answers the same for every address.

        Raises:
            TooManyTriesError: Too many codes for this conversation or address.
        """
        raise NotImplementedError

    async def send_code_for_order(self, visitor: Visitor, number: str) -> str:
        """Send a code to the email address on file; returns it masked.

        Raises:
            NeedsLevelError: The order has not been identified here.
            TooManyTriesError: Too many codes for this conversation or address.
        """
        raise NotImplementedError

    async def check_code(self, visitor: Visitor, code: str) -> bool:
        """Whether this is the last code sent here; then the address is verified.

        Raises:
            TooManyTriesError: Of this conversation.
        """
        raise NotImplementedError

    async def forget(self, visitor: Visitor) -> None:
        """Drop what was shown and what waits for a confirmation."""
        raise NotImplementedError

    async def order(self, visitor: Visitor, number: str) -> Order | OrderStatusView:
        """The visitor's own order, or the masked status of an identified one.

        Raises:
            NeedsLevelError: Neither; the same for orders that do not exist.
        """
        raise NotImplementedError

    async def orders(self, visitor: Visitor) -> tuple[Order, ...]:
        """The visitor's own orders, newest first; needs `verified`."""
        raise NotImplementedError

    async def returns(self, visitor: Visitor, number: str) -> tuple[Return, ...]:
        """Returns of an own order; needs `verified`."""
        raise NotImplementedError

    async def refunds(self, visitor: Visitor, number: str) -> tuple[Refund, ...]:
        """Refunds of an own order; needs `verified`."""
        raise NotImplementedError

    async def invoice(self, visitor: Visitor, number: str) -> Invoice | None:
        """The invoice of an own order, None while there is none; needs `verified`."""
        raise NotImplementedError

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        """Products for anybody."""
        raise NotImplementedError

    async def product(self, product_id: str) -> Product:
        """A product with its stock, for anybody; NotFoundError."""
        raise NotImplementedError

    async def propose(self, visitor: Visitor, write: Write) -> Proposal | NotPossible:
        """The write kept for its confirmation, or why it cannot be.

        A new proposal of the same conversation replaces the one before.

        Raises:
            NeedsLevelError: Neither verified nor signed in, or not the visitor's own.
            NotFoundError: The order has no such item, the shop no such product.
            UnsupportedError: The shop does not offer it.
        """
        raise NotImplementedError

    async def confirm(self, visitor: Visitor, key: str) -> Outcome:
        """Execute what was proposed in this conversation, once; never raises."""
        raise NotImplementedError

    async def withdraw(self, visitor: Visitor) -> None:
        """Drop what waits for a confirmation in this conversation."""
        raise NotImplementedError
