"""Tables of the desk's own records: what visitors have shown, writes, the audit.

They are ours whoever the vendor is, and hold nothing that the shop's systems hold.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from frontdesk.commerce.database import Moment


class Base(DeclarativeBase):
    """Types of the columns: times have a zone."""

    type_annotation_map = {datetime: Moment}  # noqa: RUF012 (declared so by SQLAlchemy)


class GrantRow(Base):
    """Something a conversation has shown: an `order` number or an `email` address."""

    __tablename__ = "desk_grants"

    conversation: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(254), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class TriesRow(Base):
    """How often something was tried; `subject` is a digest that names nobody."""

    __tablename__ = "desk_tries"

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class CodeRow(Base):
    """The last one-time code sent in a conversation, as a salted digest."""

    __tablename__ = "desk_codes"

    conversation: Mapped[str] = mapped_column(String(255), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    salt: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    tries_left: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PendingRow(Base):
    """A write that was proposed, and what became of it."""

    __tablename__ = "desk_pending"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(String(255), index=True)
    operation: Mapped[str] = mapped_column(String(32))
    write: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(String(64))  # of the order as it was shown
    # proposed, running, uncertain, done, refused, failed or withdrawn
    state: Mapped[str] = mapped_column(String(16))
    proposed_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]  # taken by a confirmation
    sent_at: Mapped[datetime | None]  # last sent to the back end
    result: Mapped[str] = mapped_column(Text, default="")


class ClaimRow(Base):
    """Who may do a certain thing now, whichever conversations proposed it."""

    __tablename__ = "desk_claims"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditRow(Base):
    """One event of a write; rows are added and, by the database itself, never changed.

    Attributes:
        who: The level and the customer, address or order it was reached with.
        before: The order as it was, as JSON; empty where none is concerned.
        after: What the write asked for, as JSON.
        result: What the back end said, or why it was not done.
    """

    __tablename__ = "desk_audit"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(16))
    conversation: Mapped[str] = mapped_column(String(255))
    who: Mapped[str] = mapped_column(String(300))
    operation: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64), index=True)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)
