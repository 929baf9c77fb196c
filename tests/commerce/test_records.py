from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from frontdesk.commerce import tables
from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.commerce.pending import AuditEvent, Pending, PendingWrites
from frontdesk.commerce.records import Records
from frontdesk.commerce.writes import CancelOrder
from tests.commerce.demo_shops import NOW
from tests.services import postgres_database

HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    if request.param == "sqlite":
        records = Records(f"sqlite:///{tmp_path}/desk.sqlite3")
        yield records
        records.engine.dispose()
        return
    with postgres_database() as url:
        records = Records(url)
        yield records
        records.engine.dispose()


def propose(records: Records, key: str) -> PendingWrites:
    pending = PendingWrites(records.engine)
    write = CancelOrder("LO-1", "x")
    pending.propose(
        Pending(key, "one", write, "1", "proposed", NOW, None, ""),
        AuditEvent("proposed", "one", "somebody", write, key, "", ""),
        NOW,
    )
    return pending


def test_the_migrations_make_what_the_tables_say(records: Records) -> None:
    with records.engine.connect() as connection:
        options = {"version_table": "desk_version"}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.Base.metadata) == []


def test_the_audit_only_grows(records: Records) -> None:
    pending = propose(records, "a" * 64)
    for change in (
        "UPDATE desk_audit SET who = 'nobody'",
        "DELETE FROM desk_audit",
        "DELETE FROM desk_audit WHERE id = 1",
    ):
        with pytest.raises(DBAPIError, match="only grows"):
            with records.engine.begin() as connection:
                connection.exec_driver_sql(change)
    (row,) = pending.audit()
    assert (row.event, row.who, row.operation) == (
        "proposed",
        "somebody",
        "cancel_order",
    )


def test_tries_at_once_are_all_counted(records: Records) -> None:
    def count(_: int) -> int:
        return records.count_try("subject", NOW, HOUR)[0]

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(count, range(24))) == list(range(1, 25))


def test_tries_are_forgotten_after_their_window(records: Records) -> None:
    assert records.count_try("s", NOW, HOUR) == (1, NOW + HOUR)
    later = NOW + timedelta(minutes=30)
    assert records.count_try("s", later, HOUR) == (2, NOW + HOUR)
    records.take_back("s")
    assert records.count_try("s", later, HOUR) == (2, NOW + HOUR)
    assert records.count_try("s", NOW + HOUR, HOUR) == (1, NOW + 2 * HOUR)


def test_a_code_can_be_used_once_even_at_once(records: Records) -> None:
    records.keep_code("one", "a@b.example", "123456", NOW + HOUR, tries=20)

    def check(_: int) -> str:
        return records.check_code("one", "123456", NOW)[0]

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(check, range(8))) == ["none"] * 7 + ["right"]


def test_one_of_many_takes_a_write(records: Records) -> None:
    pending = propose(records, "a" * 64)
    found = pending.read("a" * 64)
    assert found is not None
    event = AuditEvent("confirmed", "one", "x", found.write, found.key, "", "")

    def take(_: int) -> str:
        return pending.take(found, event, NOW, HOUR)[0]

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(take, range(8))) == ["busy"] * 7 + ["run"]


def test_expired_grants_are_gone_and_forgetting_clears_them(records: Records) -> None:
    records.grant("one", [("email", "a@b.example"), ("order", "LO-1")], NOW + HOUR)
    assert len(records.grants("one", NOW)) == 2
    assert records.grants("two", NOW) == ()
    assert records.grants("one", NOW + HOUR) == ()
    records.forget("one", NOW)
    assert records.grants("one", NOW) == ()


def test_an_unusable_url_stops_the_start_without_telling_the_password() -> None:
    with pytest.raises(ShopSettingsError) as stopped:
        Records("postgresql+psycopg://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(stopped.value)
    with pytest.raises(ShopSettingsError, match="Correct its URL"):
        Records("nonsense")
