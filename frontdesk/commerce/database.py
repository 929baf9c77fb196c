"""Engines and migrations of the two databases of this room, on SQLite or PostgreSQL.

The demo shop and the desk's own records each have a folder of Alembic migrations;
`open_database` brings a database to the newest one, also when several processes do it
at once. Nothing of Alembic's command line is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    TypeDecorator,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from frontdesk.commerce.errors import ShopSettingsError

# Longer than a busy machine needs to fill the demo shop while others wait.
BUSY_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5
# Any number, the same in every process: who upgrades or fills a database waits for it.
_LOCK = 711_003
_upgrading = Lock()


class Moment(TypeDecorator[datetime]):
    """A time with its zone; SQLite, which has none, holds UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no zone; give a time with one.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


class Cents(TypeDecorator[Decimal]):
    """An amount as a whole number of hundredths: exact in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = value * 100
        if cents != cents.to_integral_value():
            raise ValueError(f"{value!r} has more than two decimal places.")
        return int(cents)

    def process_result_value(
        self, value: int | None, dialect: Dialect
    ) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


def open_database(url: str, migrations: Path) -> Engine:
    """An engine on the database at a URL, brought to the newest migration.

    Raises:
        ShopSettingsError: The URL is none, or the database cannot be opened.
    """
    try:
        engine = _engine(url)
        _upgrade(engine, migrations)
    except (ArgumentError, SQLAlchemyError, ImportError, OSError) as error:
        # The URL may hold a password; the engine's own text does not.
        raise ShopSettingsError(
            f"The database cannot be opened ({type(error).__name__}: "
            f"{str(error).splitlines()[0]}). Correct its URL, such as "
            "sqlite:///var/shop.sqlite3 or postgresql+psycopg://user@host/name."
        ) from error
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session for reading, closed at the end."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session that commits at the end, or rolls back when something was raised.

    On SQLite it takes the write lock at once, so that what it read stays true.
    """
    immediate = engine.execution_options(immediate=True)
    with Session(immediate, expire_on_commit=False) as session, session.begin():
        yield session


def one_at_a_time(connection: Connection) -> None:
    """Wait until no other transaction holds this lock; it ends with the transaction.

    SQLite needs none: a writing transaction is alone from its beginning.
    """
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(lock, {"number": _LOCK})


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed,
            pool_pre_ping=True,
            pool_timeout=CONNECT_TIMEOUT_S,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Any) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _upgrade(engine: Engine, migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    locked = engine.execution_options(immediate=True)
    # Alembic's context is one for the whole process.
    with _upgrading, locked.begin() as connection:
        one_at_a_time(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
