"""What came in and what is due to go out, remembered through every restart.

inbox          one row per vendor event: `accepted`, then `done`. The row stays (without
               the customer's words) so that a redelivery is known for what it is.
outbox         one row per API call: `due`, `sending`, then `sent` or `dead`.
conversations  who is working on a conversation, and where answers to it go.

A worker holds a conversation by a lease that it renews; the lease of a worker that died
runs out, and another one goes on where it stopped.
"""

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple, Union

from sqlalchemy import text
from sqlalchemy.engine import Connection

from addons.channels.database import Database
from addons.channels.messages import Inbound, Outgoing

LEASE_S = 15.0
# Vendors redeliver for a day, Meta for up to a week.
KEEP_S = 8 * 24 * 3600.0

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS inbox (
    seq {serial},
    channel TEXT NOT NULL, event_id TEXT NOT NULL, conversation TEXT NOT NULL,
    state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL, received_at DOUBLE PRECISION NOT NULL,
    UNIQUE (channel, event_id))""",
    """CREATE TABLE IF NOT EXISTS outbox (
    id {serial},
    channel TEXT NOT NULL, conversation TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, call TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '', vendor_id TEXT NOT NULL DEFAULT '',
    due_at DOUBLE PRECISION NOT NULL, changed_at DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS conversations (
    conversation TEXT PRIMARY KEY, channel TEXT NOT NULL, reply_to TEXT NOT NULL,
    heard_at DOUBLE PRECISION NOT NULL, worker TEXT,
    lease_until DOUBLE PRECISION NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox (conversation, sent_at, seq) "
    "WHERE state = 'accepted'",
    "CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (conversation, id) "
    "WHERE state IN ('due', 'sending')",
)


@dataclass(frozen=True)
class Turn:
    """A customer's message whose turn it is; `tries` counts the runs begun before."""

    seq: int
    conversation: str
    inbound: Inbound
    tries: int


def default_url() -> str:
    """FRONTDESK_DELIVERIES_URL, or a SQLite file in the folder of run-time data."""
    folder = os.environ.get("FRONTDESK_VAR") or "var"
    return os.environ.get("FRONTDESK_DELIVERIES_URL") or (
        f"sqlite:///{folder}/deliveries.db"
    )


class Deliveries:
    """The three tables; every method is one transaction."""

    def __init__(self, url: str, worker: str = "") -> None:
        """The deliveries of a database, seen by a worker with a name of its own."""
        self._database = Database(url)
        self._serial = (
            "INTEGER PRIMARY KEY AUTOINCREMENT"
            if url.startswith("sqlite")
            else "BIGSERIAL PRIMARY KEY"
        )
        self._for_update = "" if url.startswith("sqlite") else " FOR UPDATE"
        self.worker = worker or uuid.uuid4().hex

    async def open(self) -> None:
        """Create the tables that are missing."""

        def work(connection: Connection) -> None:
            if "BIGSERIAL" in self._serial:  # two workers that start at once
                connection.execute(text("SELECT pg_advisory_xact_lock(7281)"))
            for statement in _SCHEMA:
                connection.execute(text(statement.format(serial=self._serial)))

        await self._database.run(work)

    async def close(self) -> None:
        await self._database.close()

    async def accept(
        self, channel: str, events: Sequence[Inbound], now: float
    ) -> List[str]:
        """Remember events; the conversations of those that were not known yet."""

        def work(connection: Connection) -> List[str]:
            found = []
            for one in sorted(events, key=lambda event: event.sender):
                conversation = f"{channel}:{one.sender}"
                values = {
                    "channel": channel,
                    "conversation": conversation,
                    "now": now,
                    "event_id": one.event_id,
                    "body": one.as_json(),
                    "sent_at": one.sent_at or now,
                    "reply_to": json.dumps(one.reply_to),
                }
                self._hold(connection, conversation)
                if _one(connection, _INSERT_EVENT, values) is None:
                    continue
                connection.execute(text(_HEAR), values)
                found.append(conversation)
            return found

        return list(dict.fromkeys(await self._database.run(work)))

    async def claim(self, conversation: str, now: float) -> bool:
        """Whether the conversation is now this worker's."""
        values = {"c": conversation, "w": self.worker, "now": now}

        def work(connection: Connection) -> bool:
            return bool(
                connection.execute(
                    text(
                        "UPDATE conversations SET worker = :w, lease_until = :until "
                        "WHERE conversation = :c AND "
                        "(worker IS NULL OR worker = :w OR lease_until < :now)"
                    ),
                    {**values, "until": now + LEASE_S},
                ).rowcount
            )

        return await self._database.run(work)

    async def renew(self, now: float) -> None:
        """Keep what this worker holds for another while."""
        await self._execute(
            "UPDATE conversations SET lease_until = :until WHERE worker = :w",
            until=now + LEASE_S,
            w=self.worker,
        )

    async def next(
        self, conversation: str, now: float
    ) -> Union[Outgoing, Turn, float, None]:
        """What to do next in a conversation this worker holds.

        An answer that is due goes before the next turn. A number says how many seconds
        the first answer still has to wait. None: nothing is left, and the conversation
        has been let go. A turn that is returned counts as begun.
        """

        def work(connection: Connection) -> Union[Outgoing, Turn, float, None]:
            self._hold(connection, conversation)
            row = _one(connection, _NEXT_OUTGOING, {"c": conversation})
            if row is not None and row.due_at > now:
                return float(row.due_at - now)
            if row is not None:
                return _outgoing(row)
            row = _one(connection, _NEXT_EVENT, {"c": conversation})
            if row is not None:
                connection.execute(
                    text("UPDATE inbox SET tries = tries + 1 WHERE seq = :seq"),
                    {"seq": row.seq},
                )
                inbound = Inbound.from_json(row.body)
                return Turn(row.seq, conversation, inbound, row.tries)
            connection.execute(text(_LET_GO), {"c": conversation, "w": self.worker})
            return None

        return await self._database.run(work)

    async def release(self, conversation: str) -> None:
        """Let a conversation go although something is left to do in it."""
        await self._execute(_LET_GO, c=conversation, w=self.worker)

    async def answer(self, turn: Turn, calls: List[Dict[str, Any]], now: float) -> None:
        """Record what answers a turn, which is done with that.

        Recorded once: a second record of the same turn changes nothing.
        """
        channel = turn.conversation.split(":", 1)[0]

        def work(connection: Connection) -> None:
            changed = connection.execute(text(_DONE), {"seq": turn.seq}).rowcount
            if not changed:
                return
            for position, call in enumerate(calls):
                origin = f"{channel}\n{turn.inbound.event_id}\n{position}"
                key = hashlib.sha256(origin.encode()).hexdigest()[:32]
                _enqueue(connection, turn.conversation, key, call, now)

        await self._database.run(work)

    async def push(
        self, conversation: str, calls: List[Dict[str, Any]], now: float
    ) -> None:
        """Record calls that answer no message of the customer: a reminder, an agent."""

        def work(connection: Connection) -> None:
            channel = conversation.split(":", 1)[0]
            values = {"conversation": conversation, "channel": channel}
            connection.execute(text(_KNOW), values)
            for call in calls:
                _enqueue(connection, conversation, uuid.uuid4().hex, call, now)

        await self._database.run(work)

    async def where(self, conversation: str) -> Tuple[Dict[str, Any], float]:
        """Where answers go, and when the customer was last heard."""

        def work(connection: Connection) -> Tuple[Dict[str, Any], float]:
            row = _one(
                connection,
                "SELECT reply_to, heard_at FROM conversations WHERE conversation = :c",
                {"c": conversation},
            )
            return (json.loads(row.reply_to), row.heard_at) if row else ({}, 0.0)

        return await self._database.run(work)

    async def begin(self, id: int, now: float) -> None:
        """The call is about to be made; its outcome is unknown from here on."""
        await self._execute(_BEGIN, id=id, now=now)

    async def sent(self, id: int, vendor_id: str, now: float) -> None:
        """The vendor took the call; what it said is forgotten."""
        await self._execute(f"{_SENT} AND id = :id", id=id, v=vendor_id, now=now)

    async def is_settled(self, id: int) -> bool:
        """Whether the call needs no further try."""

        def work(connection: Connection) -> bool:
            row = _one(connection, "SELECT state FROM outbox WHERE id=:id", {"id": id})
            return row is None or row.state in ("sent", "dead")

        return await self._database.run(work)

    async def confirm(self, channel: str, key: str, vendor_id: str, now: float) -> None:
        """The vendor reports a call by its key: it did arrive."""
        await self._execute(
            f"{_SENT} AND key = :key AND channel = :channel",
            key=key,
            channel=channel,
            v=vendor_id,
            now=now,
        )

    async def postpone(
        self, id: int, due_at: float, error: str, uncertain: bool
    ) -> None:
        """Try the call again later; `uncertain` if it may have arrived already."""
        await self._execute(
            "UPDATE outbox SET state = :state, due_at = :due, error = :error, "
            "tries = tries + 1 WHERE id = :id AND state IN ('due', 'sending')",
            state="sending" if uncertain else "due",
            due=due_at,
            error=error,
            id=id,
        )

    async def bury(self, id: int, error: str, now: float) -> None:
        """Give the call up; `frontdesk outbox` lists it and can replay it."""
        await self._execute(
            "UPDATE outbox SET state = 'dead', error = :error, tries = tries + 1, "
            "changed_at = :now WHERE id = :id AND state IN ('due', 'sending')",
            error=error,
            id=id,
            now=now,
        )

    async def waiting(self, channel: str, now: float, limit: int = 1000) -> List[str]:
        """Conversations of a channel with something to do that no other worker holds.

        Its own are among them: one whose task broke is held by nobody else.
        """

        def work(connection: Connection) -> List[str]:
            rows = connection.execute(
                text(_WAITING),
                {"channel": channel, "now": now, "limit": limit, "w": self.worker},
            )
            return [row.conversation for row in rows]

        return await self._database.run(work)

    async def expire(self, now: float) -> None:
        """Forget what is over and older than a vendor's last redelivery."""
        before = now - KEEP_S
        for table, column, state in (
            ("inbox", "received_at", "state = 'done'"),
            ("outbox", "changed_at", "state IN ('sent', 'dead')"),
        ):
            await self._execute(
                f"DELETE FROM {table} WHERE {column} < :before AND {state}",
                before=before,
            )

    def _hold(self, connection: Connection, conversation: str) -> None:
        """Let nobody else accept for or let go of the conversation meanwhile."""
        if self._for_update:
            connection.execute(
                text("SELECT 1 FROM conversations WHERE conversation = :c FOR UPDATE"),
                {"c": conversation},
            )

    async def _execute(self, statement: str, **values: Any) -> None:
        await self._database.run(
            lambda connection: connection.execute(text(statement), values) and None
        )


_INSERT_EVENT = """INSERT INTO inbox
(channel, event_id, conversation, state, body, sent_at, received_at)
VALUES (:channel, :event_id, :conversation, 'accepted', :body, :sent_at, :now)
ON CONFLICT (channel, event_id) DO NOTHING RETURNING seq"""
_HEAR = """INSERT INTO conversations (conversation, channel, reply_to, heard_at)
VALUES (:conversation, :channel, :reply_to, :now)
ON CONFLICT (conversation) DO UPDATE
SET reply_to = excluded.reply_to, heard_at = excluded.heard_at"""
_KNOW = """INSERT INTO conversations (conversation, channel, reply_to, heard_at)
VALUES (:conversation, :channel, '{}', 0) ON CONFLICT (conversation) DO NOTHING"""
_NEXT_OUTGOING = """SELECT o.id, o.key, o.conversation, o.call, o.state, o.due_at,
o.changed_at, o.tries, c.reply_to, c.heard_at
FROM outbox o JOIN conversations c ON c.conversation = o.conversation
WHERE o.conversation = :c AND o.state IN ('due', 'sending') ORDER BY o.id LIMIT 1"""
_BEGIN = """UPDATE outbox SET state = 'sending', changed_at = :now
WHERE id = :id AND state = 'due'"""
_SENT = """UPDATE outbox SET state = 'sent', call = '{}', vendor_id = :v, error = '',
changed_at = :now WHERE state IN ('due', 'sending')"""
_NEXT_EVENT = """SELECT seq, body, tries FROM inbox
WHERE conversation = :c AND state = 'accepted' ORDER BY sent_at, seq LIMIT 1"""
_DONE = (
    "UPDATE inbox SET state = 'done', body = '' WHERE seq = :seq AND state <> 'done'"
)
_LET_GO = """UPDATE conversations SET worker = NULL, lease_until = 0
WHERE conversation = :c AND worker = :w"""
_ENQUEUE = """INSERT INTO outbox
(channel, conversation, key, state, call, due_at, changed_at)
VALUES (:channel, :conversation, :key, 'due', :call, :now, :now)
ON CONFLICT (key) DO NOTHING"""
_WAITING = """SELECT c.conversation FROM conversations c
WHERE c.channel = :channel AND (c.worker IS NULL OR c.worker = :w
OR c.lease_until < :now) AND (
EXISTS (SELECT 1 FROM inbox i
        WHERE i.conversation = c.conversation AND i.state = 'accepted')
OR EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.conversation
           AND o.state IN ('due', 'sending') AND o.due_at <= :now))
LIMIT :limit"""


def _one(connection: Connection, statement: str, values: Dict[str, Any]) -> Any:
    return connection.execute(text(statement), values).first()


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(
        id=row.id,
        key=row.key,
        conversation=row.conversation,
        call=json.loads(row.call),
        reply_to=json.loads(row.reply_to),
        heard_at=row.heard_at,
        uncertain=row.state == "sending",
        tries=row.tries,
        begun_at=row.changed_at if row.state == "sending" else 0.0,
    )


def _enqueue(
    connection: Connection,
    conversation: str,
    key: str,
    call: Dict[str, Any],
    now: float,
) -> None:
    connection.execute(
        text(_ENQUEUE),
        {
            "channel": conversation.split(":", 1)[0],
            "conversation": conversation,
            "key": key,
            "call": json.dumps(call),
            "now": now,
        },
    )
