"""What was said on the website, in order, and which messages wait for a reply.

Rasa's tracker is the dialogue's memory; this is the channel's: numbered messages as
the browser shows them, for reloads, second tabs and resent messages. `SqliteLog` serves
one Rasa worker, `RedisLog` (web_redis.py) any number.
"""

import asyncio
import json
import sqlite3
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from addons.channels.database import use_wal

KEEP_DAYS = 30
Message = Dict[str, Any]
T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  session TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, message_id TEXT,
  body TEXT NOT NULL, waiting TEXT, PRIMARY KEY (session, seq)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS messages_once ON messages (session, message_id);
CREATE INDEX IF NOT EXISTS messages_at ON messages (at);
CREATE TABLE IF NOT EXISTS sessions (
  session TEXT PRIMARY KEY, customer TEXT, ended INTEGER NOT NULL DEFAULT 0,
  at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
"""


class LogError(Exception):
    """The log cannot be read or written just now."""


@dataclass(frozen=True)
class Waiting:
    """A customer's message without reply yet.

    Attributes:
        message: As in history, with its `seq`.
        turn: What the turn needs and nobody else: `text`, `context`, `pressed`.
    """

    message: Message
    turn: Dict[str, Any]


class ConversationLog(ABC):
    """Numbered messages of conversations. Every method may raise LogError."""

    @abstractmethod
    async def accept(
        self, session: str, message: Message, turn: Dict[str, Any]
    ) -> Tuple[Message, bool]:
        """Store a customer's message once; with its `seq`, and whether it is new."""

    @abstractmethod
    async def append(self, session: str, message: Message) -> Message:
        """Store a message of ours; with its `seq`."""

    @abstractmethod
    async def answer(
        self, session: str, seqs: Sequence[int], replies: Sequence[Message]
    ) -> List[Message]:
        """Store the replies to waiting messages, in one step.

        Returns:
            The replies with `seq`; empty if the messages were answered already.
        """

    @abstractmethod
    async def waiting(self, session: str) -> List[Waiting]:
        """Messages without reply, oldest first."""

    @abstractmethod
    async def history(
        self,
        session: str,
        limit: int,
        after: int = 0,
        before: Optional[int] = None,
    ) -> Tuple[List[Message], bool]:
        """Messages with after < seq < before, oldest first; whether there are more.

        Without `after` the last ones, else the first ones.
        """

    @abstractmethod
    async def bind(self, session: str, customer: str) -> str:
        """Whom the session belongs to: the first customer who was named here."""

    @abstractmethod
    async def end(self, session: str) -> None:
        """Delete what was said and open the session to nobody any more."""

    @abstractmethod
    async def is_ended(self, session: str) -> bool:
        """Whether the session was ended."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of files and connections."""


class SqliteLog(ConversationLog):
    """A log in one file, for one process; its calls run in order in one thread."""

    def __init__(self, path: Path) -> None:
        """A log that opens `path` at first use."""
        self._path = path
        self._thread = ThreadPoolExecutor(1, "web-log")
        self._database: Optional[sqlite3.Connection] = None

    async def accept(
        self, session: str, message: Message, turn: Dict[str, Any]
    ) -> Tuple[Message, bool]:
        def store(database: sqlite3.Connection) -> Tuple[Message, bool]:
            found = database.execute(
                "SELECT body FROM messages WHERE session = ? AND message_id = ?",
                (session, message["message_id"]),
            ).fetchone()
            if found is not None:
                return json.loads(found[0]), False
            return _insert(database, session, message, json.dumps(turn)), True

        return await self._run(store)

    async def append(self, session: str, message: Message) -> Message:
        return await self._run(lambda database: _insert(database, session, message))

    async def answer(
        self, session: str, seqs: Sequence[int], replies: Sequence[Message]
    ) -> List[Message]:
        def store(database: sqlite3.Connection) -> List[Message]:
            marks = ",".join("?" * len(seqs))
            changed = database.execute(
                "UPDATE messages SET waiting = NULL WHERE session = ? "
                f"AND waiting IS NOT NULL AND seq IN ({marks})",
                (session, *seqs),
            ).rowcount
            if not changed:
                return []
            return [_insert(database, session, reply) for reply in replies]

        return await self._run(store)

    async def waiting(self, session: str) -> List[Waiting]:
        rows = await self._select(
            "SELECT body, waiting FROM messages WHERE session = ? "
            "AND waiting IS NOT NULL ORDER BY seq",
            session,
        )
        return [Waiting(json.loads(body), json.loads(turn)) for body, turn in rows]

    async def history(
        self,
        session: str,
        limit: int,
        after: int = 0,
        before: Optional[int] = None,
    ) -> Tuple[List[Message], bool]:
        rows = await self._select(
            "SELECT body FROM messages WHERE session = ? AND seq > ? AND seq < ? "
            f"ORDER BY seq {'' if after else 'DESC'} LIMIT ?",
            *(session, after, before or 2**31, limit + 1),
        )
        messages = [json.loads(body) for (body,) in rows[:limit]]
        return messages if after else messages[::-1], len(rows) > limit

    async def bind(self, session: str, customer: str) -> str:
        def store(database: sqlite3.Connection) -> str:
            database.execute(
                "INSERT INTO sessions (session, customer) VALUES (?, ?) ON CONFLICT "
                "(session) DO UPDATE SET customer = coalesce(customer, ?)",
                (session, customer, customer),
            )
            found = database.execute(
                "SELECT customer FROM sessions WHERE session = ?", (session,)
            )
            return str(found.fetchone()[0])

        return await self._run(store)

    async def end(self, session: str) -> None:
        def store(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM messages WHERE session = ?", (session,))
            database.execute(
                "INSERT INTO sessions (session, ended) VALUES (?, 1) "
                "ON CONFLICT (session) DO UPDATE SET ended = 1, customer = NULL",
                (session,),
            )

        await self._run(store)

    async def is_ended(self, session: str) -> bool:
        rows = await self._select(
            "SELECT 1 FROM sessions WHERE session = ? AND ended", session
        )
        return bool(rows)

    async def close(self) -> None:
        def shut() -> None:
            if self._database is not None:
                self._database.close()
                self._database = None

        await asyncio.get_running_loop().run_in_executor(self._thread, shut)
        self._thread.shutdown()

    async def _select(self, query: str, *values: object) -> List[Tuple[Any, ...]]:
        return await self._run(
            lambda database: database.execute(query, values).fetchall()
        )

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def in_thread() -> T:
            with self._transaction() as database:
                return work(database)

        return await asyncio.get_running_loop().run_in_executor(self._thread, in_thread)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._database is None:
                self._database = _open(self._path)
            with self._database:  # commits, or rolls back what failed
                yield self._database
        except (sqlite3.Error, OSError) as error:
            raise LogError(f"{str(self._path)!r} cannot be used: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=2.0, check_same_thread=False)
    use_wal(database)
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(_SCHEMA)
    oldest = f"-{KEEP_DAYS} days"
    for table in ("messages", "sessions"):
        database.execute(
            f"DELETE FROM {table} WHERE at < datetime('now', ?)", (oldest,)
        )
    database.commit()
    return database


def _insert(
    database: sqlite3.Connection,
    session: str,
    message: Message,
    turn: Optional[str] = None,
) -> Message:
    row = database.execute(
        "SELECT coalesce(max(seq), 0) + 1 FROM messages WHERE session = ?", (session,)
    ).fetchone()
    numbered = {"seq": row[0], **message}
    database.execute(
        "INSERT INTO messages (session, seq, at, message_id, body, waiting) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            *(session, row[0], message["at"], message.get("message_id")),
            *(json.dumps(numbered), turn),
        ),
    )
    return numbered
