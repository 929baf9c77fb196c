"""The desk's records of what visitors have shown and tried; one transaction a call."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, Integer, bindparam, delete, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.commerce.database import Moment, open_database, reading, writing
from frontdesk.commerce.errors import UnavailableError
from frontdesk.commerce.tables import CodeRow, GrantRow, PendingRow, TriesRow

MIGRATIONS = Path(__file__).parent / "migrations"
# A guess at a six-digit code in a stolen table costs this many rounds.
_ROUNDS = 50_000

GrantKind = Literal["order", "email", "customer"]
Grant = tuple[GrantKind, str]
# What a code that was typed turned out to be.
CodeCheck = Literal["right", "wrong", "none", "used_up"]

_COUNT = (
    text(
        """
        INSERT INTO desk_tries (subject, count, expires_at)
        VALUES (:subject, 1, :until)
        ON CONFLICT (subject) DO UPDATE SET
          count = CASE WHEN desk_tries.expires_at <= :now
                  THEN 1 ELSE desk_tries.count + 1 END,
          expires_at = CASE WHEN desk_tries.expires_at <= :now
                       THEN excluded.expires_at ELSE desk_tries.expires_at END
        RETURNING count, expires_at
        """
    )
    .bindparams(bindparam("now", type_=Moment()), bindparam("until", type_=Moment()))
    .columns(count=Integer(), expires_at=Moment())
)


class Records:
    """Grants, tries and codes in the desk's own database."""

    def __init__(self, url: str) -> None:
        """Open and migrate the database; blocking.

        Raises:
            ShopSettingsError: It cannot be opened.
        """
        self.engine: Engine = open_database(url, MIGRATIONS)

    def grants(self, conversation: str, now: datetime) -> tuple[Grant, ...]:
        """What a conversation has shown and that has not expired."""
        query = select(GrantRow).where(
            GrantRow.conversation == conversation, GrantRow.expires_at > now
        )
        with reachable(), reading(self.engine) as session:
            return tuple((row.kind, row.subject) for row in session.scalars(query))  # type: ignore[misc]

    def grant(self, conversation: str, grants: list[Grant], until: datetime) -> None:
        """Keep what a conversation has shown until a time."""
        with reachable(), writing(self.engine) as session:
            for kind, subject in grants:
                row = GrantRow(conversation=conversation, kind=kind, subject=subject)
                row.expires_at = until
                session.merge(row)

    def forget(self, conversation: str, now: datetime) -> None:
        """Drop a conversation's grants, code and proposals, and what has expired."""
        with reachable(), writing(self.engine) as session:
            for kind in (GrantRow, CodeRow):
                session.execute(delete(kind).where(kind.conversation == conversation))
                session.execute(delete(kind).where(kind.expires_at <= now))
            session.execute(delete(TriesRow).where(TriesRow.expires_at <= now))
            session.execute(
                update(PendingRow)
                .where(PendingRow.conversation == conversation)
                .where(PendingRow.state.in_(("proposed", "failed")))
                .values(state="withdrawn")
            )

    def count_try(
        self, subject: str, now: datetime, window: timedelta
    ) -> tuple[int, datetime]:
        """How often it was tried, this time included, and until when that counts."""
        values = {"subject": _named(subject), "now": now, "until": now + window}
        with reachable(), writing(self.engine) as session:
            count, until = session.execute(_COUNT, values).one()
            return int(count), until

    def take_back(self, subject: str) -> None:
        """Undo one `count_try`: it was no failure."""
        with reachable(), writing(self.engine) as session:
            session.execute(
                update(TriesRow)
                .where(TriesRow.subject == _named(subject), TriesRow.count > 0)
                .values(count=TriesRow.count - 1)
            )

    def keep_code(
        self, conversation: str, email: str, code: str, until: datetime, tries: int
    ) -> None:
        """Keep a code that is being sent; it replaces the one before."""
        salt = secrets.token_hex(16)
        row = CodeRow(
            conversation=conversation,
            email=email,
            salt=salt,
            digest=_digest(code, salt),
            tries_left=tries,
            expires_at=until,
        )
        with reachable(), writing(self.engine) as session:
            session.merge(row)

    def check_code(
        self, conversation: str, code: str, now: datetime
    ) -> tuple[CodeCheck, str]:
        """What a typed code is, and the address it was sent to when it is right.

        A right code can be used once; every look costs one of its tries.
        """
        query = select(CodeRow).where(CodeRow.conversation == conversation)
        with reachable(), writing(self.engine) as session:
            row = session.scalar(query.with_for_update())
            right = _equal(code, row.salt, row.digest) if row else _equal(code, "", "")
            if row is None or row.expires_at <= now:
                return "none", ""
            if row.tries_left <= 0:
                return "used_up", ""
            row.tries_left -= 1
            if not right:
                return "wrong", ""
            email = row.email
            session.delete(row)
            return "right", email


@contextmanager
def reachable() -> Iterator[None]:
    """Turn errors of the records' database into ours."""
    try:
        yield
    except SQLAlchemyError as error:
        raise UnavailableError(
            f"The desk's records do not answer: {type(error).__name__}."
        ) from error


def _named(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()


def _digest(code: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt.encode(), _ROUNDS).hex()


def _equal(code: str, salt: str, digest: str) -> bool:
    return hmac.compare_digest(_digest(code, salt), digest)
