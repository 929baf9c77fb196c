"""Databases for tests that need a server: used when there, skipped when not.

With FRONTDESK_REQUIRE_SERVICES=1 a missing server is a failure instead.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

POSTGRES = os.environ.get(
    "FRONTDESK_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test"
)


@contextmanager
def postgres_database(template: str = "") -> Iterator[str]:
    """The URL of a new PostgreSQL database, dropped at the end.

    Args:
        template: The URL of a database to copy, to which nobody is connected.
    """
    server = make_url(POSTGRES).set(drivername="postgresql")
    try:
        connection = psycopg.connect(
            server.render_as_string(False), autocommit=True, connect_timeout=15
        )
    except psycopg.OperationalError as error:
        missing(f"PostgreSQL is not there: {error}")
    name = f"frontdesk_{secrets.token_hex(6)}"
    with connection:
        copied = f" TEMPLATE {make_url(template).database}" if template else ""
        connection.execute(f"CREATE DATABASE {name}{copied}")
        try:
            url = make_url(POSTGRES).set(database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def missing(reason: str) -> None:
    """Skip the test, or fail it where services are required."""
    if os.environ.get("FRONTDESK_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
