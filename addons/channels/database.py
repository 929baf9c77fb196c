"""A SQL connection in a thread of its own: no query waits in the event loop."""

import asyncio
import queue
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Callable, List, Tuple, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

T = TypeVar("T")
Work = Callable[[Connection], Any]
_Job = Tuple[Work, asyncio.AbstractEventLoop, "asyncio.Future[Any]"]

# SQLite writes to the disk once per commit: what waits meanwhile shares the next one.
_MAX_BATCH = 64
_WAL_WAIT_S = 10.0


class Database:
    """SQLite by default; PostgreSQL where several machines share the conversations."""

    def __init__(self, url: str) -> None:
        """A database by its SQLAlchemy URL; nothing is opened before `run`."""
        self._url = url
        self._jobs: queue.Queue[Any] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="deliveries")
        self._thread.daemon = True
        self._started = False
        self._batch = _MAX_BATCH if url.startswith("sqlite") else 1

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returned, committed; it runs in its own (nested) transaction."""
        if not self._started:
            self._started = True
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, loop, future))
        return await future

    async def close(self) -> None:
        """Finish what was asked for and close the connection."""
        if self._started:
            self._jobs.put(None)
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _work(self) -> None:
        engine = _engine(self._url)
        ended = False
        while not ended:
            jobs = [self._jobs.get()]
            while len(jobs) < self._batch and not self._jobs.empty():
                jobs.append(self._jobs.get_nowait())
            ended = None in jobs
            _run_all(engine, [job for job in jobs if job is not None])
        engine.dispose()


def _run_all(engine: Engine, jobs: List[_Job]) -> None:
    """Run jobs in one transaction; one that fails takes no other with it."""
    outcomes: List[Tuple[Any, Any]] = []
    try:
        with engine.begin() as connection:
            for work, _, _ in jobs:
                try:
                    with connection.begin_nested():
                        outcomes.append((work(connection), None))
                except Exception as error:
                    outcomes.append((None, error))
    except Exception as error:  # opening or committing failed: for all of them
        outcomes = [(None, error)] * len(jobs)
    for (_, loop, future), (result, failure) in zip(jobs, outcomes, strict=True):
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, future, result, failure)


def _settle(future: "asyncio.Future[Any]", result: Any, failure: Any) -> None:
    if future.done():  # whoever asked was cancelled
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)


def use_wal(connection: Any) -> None:
    """Switch a new connection to write-ahead logging.

    SQLite does not wait for its lock here, whatever the busy timeout: two workers that
    open a new database at one moment would fail.

    Raises:
        sqlite3.OperationalError: Somebody holds the lock for more than ten seconds.
    """
    until = time.monotonic() + _WAL_WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=1, pool_pre_ping=True)
    path = url.split("///", 1)[-1]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=QueuePool, pool_size=1)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA busy_timeout = 30000")
        use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
