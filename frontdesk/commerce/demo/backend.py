"""The demo shop as a `CommerceBackend`: one transaction per call, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session, selectinload

from frontdesk.commerce.backend import Reading
from frontdesk.commerce.database import open_database, reading
from frontdesk.commerce.demo import changes, mapping
from frontdesk.commerce.demo.models import (
    CustomerRow,
    OrderRow,
    ProductRow,
    SubscriberRow,
    WriteRow,
)
from frontdesk.commerce.demo.seed import fill
from frontdesk.commerce.errors import (
    NotFoundError,
    RefusedError,
    UnavailableError,
    UncertainError,
)
from frontdesk.commerce.products import find
from frontdesk.commerce.trust import normal_number
from frontdesk.commerce.values import (
    Customer,
    Invoice,
    Money,
    Order,
    Product,
    ProductQuery,
    Refund,
    Return,
)
from frontdesk.commerce.writes import Done, Operation, Write, to_json

MIGRATIONS = Path(__file__).parent / "migrations"

Result = TypeVar("Result")


def utc_now() -> datetime:
    """The time now, with its zone."""
    return datetime.now(UTC)


class DemoShop:
    """The demo shop in one database, filled when it is opened for the first time."""

    def __init__(
        self, url: str, catalogue: Path, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Open the database; blocking, two seconds at the first time.

        Raises:
            ShopSettingsError: The URL or the catalogue cannot be used.
        """
        self._clock = clock
        self._engine = open_database(url, MIGRATIONS)
        fill(self._engine, catalogue, clock())

    @property
    def engine(self) -> Engine:
        """The shop's database, for whoever wants to look at it."""
        return self._engine

    def capabilities(self) -> frozenset[Operation | Reading]:
        return frozenset((*get_args(Operation), *get_args(Reading)))

    async def order(self, number: str) -> Order:
        return await self._read(lambda s: mapping.order_of(_order(s, number)))

    async def orders_of(self, customer_id: str, top_k: int = 10) -> tuple[Order, ...]:
        query = (
            select(OrderRow)
            .where(OrderRow.customer_id == customer_id)
            .order_by(OrderRow.placed_at.desc(), OrderRow.number.desc())
            .limit(top_k)
        )
        return await self._read(
            lambda s: tuple(map(mapping.order_of, s.scalars(query)))
        )

    async def customer(self, customer_id: str) -> Customer:
        return await self._customer(CustomerRow.id == customer_id)

    async def customer_by_email(self, email: str) -> Customer:
        return await self._customer(CustomerRow.email == email.strip().casefold())

    async def customer_by_phone(self, phone: str) -> Customer:
        return await self._customer(CustomerRow.phone == (phone or None))

    async def returns_of(self, order_number: str) -> tuple[Return, ...]:
        return await self._read(
            lambda s: tuple(map(mapping.return_of, _order(s, order_number).returns))
        )

    async def refunds_of(self, order_number: str) -> tuple[Refund, ...]:
        return await self._read(
            lambda s: tuple(map(mapping.refund_of, _order(s, order_number).refunds))
        )

    async def invoice(self, order_number: str) -> Invoice | None:
        return await self._read(lambda s: mapping.invoice_of(_order(s, order_number)))

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        everything = select(ProductRow).options(selectinload(ProductRow.variants))
        return await self._read(
            lambda s: find(map(mapping.product_of, s.scalars(everything)), query)
        )

    async def product(self, product_id: str) -> Product:
        def read(session: Session) -> Product:
            row = session.get(ProductRow, product_id)
            if row is None:
                raise NotFoundError(f"The demo shop has no product {product_id!r}.")
            return mapping.product_of(row)

        return await self._read(read)

    async def write(self, write: Write, key: str) -> Done:
        return await asyncio.to_thread(self._write, write, key)

    async def find_write(self, write: Write, key: str) -> Done | None:
        def read(session: Session) -> Done | None:
            row = session.get(WriteRow, key)
            return None if row is None else _repeated(row, write)

        return await self._read(read)

    async def close(self) -> None:
        await asyncio.to_thread(self._engine.dispose)

    async def _customer(self, condition: Any) -> Customer:
        def read(session: Session) -> Customer:
            rows = session.scalars(select(CustomerRow).where(condition)).all()
            if len(rows) != 1:
                raise NotFoundError("The demo shop has no such customer.")
            listed = session.get(SubscriberRow, rows[0].email)
            return mapping.customer_of(rows[0], bool(listed and listed.subscribed))

        return await self._read(read)

    async def _read(self, read: Callable[[Session], Result]) -> Result:
        return await asyncio.to_thread(self._read_now, read)

    def _read_now(self, read: Callable[[Session], Result]) -> Result:
        with _reachable(), reading(self._engine) as session:
            return read(session)

    def _write(self, write: Write, key: str) -> Done:
        try:
            return self._write_once(write, key)
        except IntegrityError:
            # Somebody else wrote the same at the same time: now it can be read.
            return self._write_once(write, key)

    def _write_once(self, write: Write, key: str) -> Done:
        """Take the key first: whoever comes second with it waits, then fails."""
        immediate = self._engine.execution_options(immediate=True)
        with Session(immediate, expire_on_commit=False) as session:
            with _reachable():
                if row := session.get(WriteRow, key):
                    return _repeated(row, write)
                now = self._clock()
                row = WriteRow(key=key, request=to_json(write), result={})
                row.written_at = now
                session.add(row)
                session.flush()
                done = changes.apply(session, write, key, now)
                row.result = _stored(done)
                session.flush()
            try:
                session.commit()
            except SQLAlchemyError as error:
                raise UncertainError(
                    f"The demo shop did not say whether it kept {done.operation!r}."
                ) from error
            return done


def _order(session: Session, number: str) -> OrderRow:
    row = session.get(OrderRow, normal_number(number))
    if row is None:
        raise NotFoundError(f"The demo shop has no order {number!r}.")
    return row


def _stored(done: Done) -> dict[str, Any]:
    fields = asdict(done)
    if done.amount:
        fields["amount"] = [str(done.amount.amount), done.amount.currency]
    return fields


def _repeated(row: WriteRow, write: Write) -> Done:
    """What was done under this key.

    Raises:
        RefusedError: It was another write.
    """
    if row.request != to_json(write):
        raise RefusedError("The key belongs to another write.", "key_reused")
    fields = dict(row.result)
    if fields["amount"]:
        amount, currency = fields["amount"]
        fields["amount"] = Money(Decimal(amount), currency)
    return Done(**fields)


@contextmanager
def _reachable() -> Any:
    """Turn the database's errors, other than a key taken twice, into ours."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise UnavailableError(
            f"The demo shop's database does not answer: {type(error).__name__}."
        ) from error
