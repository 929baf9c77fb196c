import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from addons.channels.database import Database, use_wal

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/new/folder/test.db")
    await found.run(lambda c: c.execute(text("CREATE TABLE t (n INTEGER UNIQUE)")))
    yield found
    await found.close()


def insert(number: int) -> Any:
    return lambda c: c.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})


def count(connection: Any) -> int:
    return int(connection.execute(text("SELECT count(*) FROM t")).scalar())


async def test_work_that_fails_takes_no_other_with_it(database: Database) -> None:
    numbers = [1, 2, 1, 3]
    outcomes = await asyncio.gather(
        *(database.run(insert(number)) for number in numbers), return_exceptions=True
    )
    assert [isinstance(one, IntegrityError) for one in outcomes] == [
        False,
        False,
        True,
        False,
    ]
    assert await database.run(count) == 3


async def test_slow_work_does_not_hold_up_the_event_loop(database: Database) -> None:
    work = asyncio.create_task(database.run(lambda c: time.sleep(0.3)))
    started = time.perf_counter()
    await asyncio.sleep(0.01)
    assert time.perf_counter() - started < 0.2
    await work


async def test_all_work_runs_in_one_thread_that_is_not_ours(
    database: Database,
) -> None:
    names = [await database.run(lambda c: threading.current_thread()) for _ in range(3)]
    assert len(set(names)) == 1
    assert names[0] is not threading.current_thread()


async def test_what_is_done_survives_closing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/test.db"
    first = Database(url)
    await first.run(lambda c: c.execute(text("CREATE TABLE t (n INTEGER)")))
    await first.run(insert(1))
    await first.close()
    second = Database(url)
    assert await second.run(count) == 1
    await second.close()


async def test_database_that_is_away_fails_the_work_and_nothing_else() -> None:
    away = Database("postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(OperationalError):
        await away.run(count)
    with pytest.raises(OperationalError):
        await away.run(count)
    await away.close()


async def test_opening_waits_for_a_worker_that_holds_the_new_database(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new.db"
    first = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    first.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.2, lambda: first.execute("COMMIT")).start()
    second = sqlite3.connect(path)
    use_wal(second)
    assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    second.close()
    first.close()
