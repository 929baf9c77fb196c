"""Writes that wait, run or are over, and the audit of them all.

    proposed -> running -> done | refused | failed | uncertain
                  ^                             |        |
                  +-----------------------------+--------+  confirmed again

Taking a write to run it is one atomic step, so that of two confirmations at once one
executes and the other waits for its result. A write that was running when its process
died counts as uncertain after `STALE`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Engine, bindparam, delete, select, text, update
from sqlalchemy.orm import Session

from frontdesk.commerce.database import Moment, reading, writing
from frontdesk.commerce.records import reachable
from frontdesk.commerce.tables import AuditRow, ClaimRow, PendingRow
from frontdesk.commerce.values import Money
from frontdesk.commerce.writes import Done, Write, from_json, operation_of, to_json

STALE = timedelta(seconds=90)
# A request that has not arrived after this long never will.
IN_FLIGHT = timedelta(seconds=60)
# How long the same change of the same state of an order counts as the same wish.
SAME_WISH = timedelta(minutes=10)
# Setting these twice leaves the same state, and back and forth is no repetition.
_REPEATABLE = ("set_newsletter", "notify_back_in_stock")

State = Literal[
    "proposed", "running", "done", "refused", "failed", "uncertain", "withdrawn"
]
Turn = Literal["run", "look_up", "over", "busy", "expired", "unknown"]

_TAKE = text(
    """
    INSERT INTO desk_claims (fingerprint, key, expires_at)
    VALUES (:fingerprint, :key, :until)
    ON CONFLICT (fingerprint) DO UPDATE
      SET key = excluded.key, expires_at = excluded.expires_at
      WHERE desk_claims.expires_at <= :now OR desk_claims.key = excluded.key
    RETURNING key
    """
).bindparams(bindparam("now", type_=Moment()), bindparam("until", type_=Moment()))


@dataclass(frozen=True)
class Pending:
    """A write as it was proposed, and what became of it."""

    key: str
    conversation: str
    write: Write
    version: str
    state: State
    proposed_at: datetime
    done: Done | None
    reason: str  # why it was refused, else empty


@dataclass(frozen=True)
class AuditEvent:
    """What the audit table holds for one event; see `tables.AuditRow`."""

    event: str
    conversation: str
    who: str
    write: Write
    key: str
    before: str
    result: str


class PendingWrites:
    """The tables of pending writes and of the audit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def propose(self, pending: Pending, audit: AuditEvent, now: datetime) -> None:
        """Keep a proposal instead of what waited in its conversation."""
        with reachable(), writing(self._engine) as session:
            _withdraw(session, pending.conversation)
            session.add(_audit_row(audit, now))
            if session.get(PendingRow, pending.key) is not None:
                return  # uncertain still: it goes on under its key
            session.add(
                PendingRow(
                    key=pending.key,
                    conversation=pending.conversation,
                    operation=operation_of(pending.write),
                    write=to_json(pending.write),
                    version=pending.version,
                    state="proposed",
                    proposed_at=pending.proposed_at,
                    claimed_at=None,
                    sent_at=None,
                )
            )

    def withdraw(self, conversation: str) -> None:
        """Drop what waits for a confirmation in a conversation."""
        with reachable(), writing(self._engine) as session:
            _withdraw(session, conversation)

    def read(self, key: str) -> Pending | None:
        """The write with this key."""
        with reachable(), reading(self._engine) as session:
            row = session.get(PendingRow, key)
            return None if row is None else _pending(row)

    def unsettled(self, conversation: str, now: datetime) -> list[Pending]:
        """Writes of a conversation that may have happened or not, oldest first."""
        query = (
            select(PendingRow)
            .where(PendingRow.conversation == conversation)
            .where(PendingRow.state.in_(("uncertain", "running")))
            .order_by(PendingRow.proposed_at)
        )
        with reachable(), reading(self._engine) as session:
            rows = [
                row
                for row in session.scalars(query)
                if row.state == "uncertain" or _stale(row, now)
            ]
            return [_pending(row) for row in rows]

    def take(
        self, pending: Pending, audit: AuditEvent, now: datetime, lifetime: timedelta
    ) -> tuple[Turn, str]:
        """Whose turn it is: ours to `run` or `look_up`, or another key's.

        Returns:
            The turn, and the key to watch when it is `busy` or `over`.
        """
        with reachable(), writing(self._engine) as session:
            query = select(PendingRow).where(PendingRow.key == pending.key)
            row = session.scalar(query.with_for_update())
            if row is None or row.state == "withdrawn":
                return "unknown", pending.key
            if row.state in ("done", "refused"):
                return "over", row.key
            if row.state == "running" and not _stale(row, now):
                return "busy", row.key
            fresh = row.state in ("proposed", "failed")
            if fresh and row.proposed_at + lifetime <= now:
                return "expired", row.key
            if holder := _held_by_another(session, row, now):
                return "busy", holder
            row.state, row.claimed_at = "running", now
            if fresh:
                row.sent_at = now
            session.add(_audit_row(audit, now))
            return ("run" if fresh else "look_up"), row.key

    def finish(
        self,
        key: str,
        state: State,
        audit: AuditEvent,
        done: Done | None,
        now: datetime,
    ) -> None:
        """Keep what became of a write that was taken."""
        with reachable(), writing(self._engine) as session:
            row = session.get_one(PendingRow, key, with_for_update=True)
            row.state = state
            row.result = _result_text(done, audit.result)
            if state in ("refused", "failed"):
                session.execute(delete(ClaimRow).where(ClaimRow.key == key))
            session.add(_audit_row(audit, now))

    def may_send_again(self, key: str, now: datetime) -> bool:
        """Whether a write that was not found may be sent again; notes that it is.

        Only when a request on its way would have arrived by now: not every vendor
        recognises a key that it has not finished with.
        """
        with reachable(), writing(self._engine) as session:
            row = session.get_one(PendingRow, key, with_for_update=True)
            if row.sent_at is not None and now < row.sent_at + IN_FLIGHT:
                return False
            row.sent_at = now
            return True

    def audit(self) -> list[AuditRow]:
        """Every event, oldest first."""
        with reachable(), reading(self._engine) as session:
            return list(session.scalars(select(AuditRow).order_by(AuditRow.id)))


def _withdraw(session: Session, conversation: str) -> None:
    session.execute(
        update(PendingRow)
        .where(PendingRow.conversation == conversation)
        .where(PendingRow.state.in_(("proposed", "failed")))
        .values(state="withdrawn")
    )


def _held_by_another(session: Session, row: PendingRow, now: datetime) -> str:
    """The key under which the same wish runs or ran a moment ago, else empty."""
    if row.operation in _REPEATABLE:
        return ""
    wish = f"{row.write}|{row.version}".encode()
    fingerprint = hashlib.sha256(wish).hexdigest()
    values = {"fingerprint": fingerprint, "key": row.key, "now": now}
    taken = session.execute(_TAKE, values | {"until": now + SAME_WISH}).first()
    if taken is not None:
        return ""
    return session.get_one(ClaimRow, fingerprint).key


def _stale(row: PendingRow, now: datetime) -> bool:
    return row.claimed_at is None or row.claimed_at + STALE <= now


def _audit_row(event: AuditEvent, now: datetime) -> AuditRow:
    return AuditRow(
        at=now,
        event=event.event,
        conversation=event.conversation,
        who=event.who,
        operation=operation_of(event.write),
        key=event.key,
        before=event.before,
        after=to_json(event.write),
        result=event.result,
    )


def _result_text(done: Done | None, reason: str) -> str:
    fields: dict[str, Any] | None = None
    if done is not None:
        fields = asdict(done)
        if done.amount:
            fields["amount"] = [str(done.amount.amount), done.amount.currency]
    return json.dumps({"done": fields, "reason": "" if done else reason})


def _pending(row: PendingRow) -> Pending:
    result = json.loads(row.result or '{"done": null, "reason": ""}')
    fields = result["done"]
    if fields and fields["amount"]:
        amount, currency = fields["amount"]
        fields["amount"] = Money(Decimal(amount), currency)
    return Pending(
        key=row.key,
        conversation=row.conversation,
        write=from_json(row.write),
        version=row.version,
        state=row.state,  # type: ignore[arg-type]
        proposed_at=row.proposed_at,
        done=Done(**fields) if fields else None,
        reason=result["reason"],
    )
