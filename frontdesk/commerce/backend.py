"""The one interface to a shop; each vendor's adapter is one file that provides it.

Adapters hold no rule of ours: who may see or do something is decided in
`frontdesk.commerce.service`, which is the only caller. Errors are those of
`frontdesk.commerce.errors`; an adapter lets no other error out.
"""

from __future__ import annotations

from typing import Literal, Protocol

from frontdesk.commerce.values import (
    Customer,
    Invoice,
    Order,
    Product,
    ProductQuery,
    Refund,
    Return,
)
from frontdesk.commerce.writes import Done, Operation, Write

Reading = Literal["read_returns", "read_refunds", "read_invoice", "read_stock"]


class CommerceBackend(Protocol):
    """A shop's own systems, read and written asynchronously.

    Every method may raise `UnavailableError`; reads never raise `UncertainError`.
    """

    def capabilities(self) -> frozenset[Operation | Reading]:
        """The writes and the optional reads that this vendor offers.

        Whatever is missing raises `UnsupportedError` when called.
        """

    async def order(self, number: str) -> Order:
        """The order with this number, compared without regard to case and `#`.

        Raises:
            NotFoundError: There is none; a part of a number finds nothing.
        """

    async def orders_of(self, customer_id: str, top_k: int = 10) -> tuple[Order, ...]:
        """The customer's orders, newest first; empty for an unknown customer."""

    async def customer(self, customer_id: str) -> Customer:
        """The customer with this id.

        Raises:
            NotFoundError: There is none.
        """

    async def customer_by_email(self, email: str) -> Customer:
        """The customer with this address, compared without regard to case.

        Raises:
            NotFoundError: There is none.
        """

    async def customer_by_phone(self, phone: str) -> Customer:
        """The one customer with this number (E.164).

        Raises:
            NotFoundError: There is none, or there are several.
        """

    async def returns_of(self, order_number: str) -> tuple[Return, ...]:
        """Returns and exchanges of an order, oldest first."""

    async def refunds_of(self, order_number: str) -> tuple[Refund, ...]:
        """Refunds of an order, oldest first."""

    async def invoice(self, order_number: str) -> Invoice | None:
        """The order's invoice; None while it has not been written."""

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        """Products that fit, best first, with all their variants and stock.

        A limit on an attribute that a product does not have leaves the product out.
        """

    async def product(self, product_id: str) -> Product:
        """The product with this id, with its stock as of now.

        Raises:
            NotFoundError: There is none.
        """

    async def write(self, write: Write, key: str) -> Done:
        """What the back end did; called again with the same key, it does nothing more.

        Args:
            write: What to change.
            key: At most 64 characters of `[0-9a-f]`, one per confirmed write. The
                same key with another write is refused (`key_reused`).

        Raises:
            NotFoundError: What the write names does not exist.
            RefusedError: The back end will not do it; nothing was changed.
            UnsupportedError: The vendor does not offer it.
            UnavailableError: Certainly nothing was changed.
            UncertainError: It may have been done.
        """

    async def find_write(self, write: Write, key: str) -> Done | None:
        """What this write did, asked of the back end; None if it was not done.

        Vendors without keys are asked for the state that the write would have left.
        """

    async def close(self) -> None:
        """Give back connections; the back end is not used afterwards."""
