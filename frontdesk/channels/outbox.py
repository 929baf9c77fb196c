"""Answers that could not be sent: read from and put back into the channels' outbox.

The channels (addons/channels/deliveries.py) keep it in SQL; a message that was given up
has the state `dead`, and one that is `due` is sent by whichever worker finds it next.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.settings import Settings


class OutboxError(RuntimeError):
    """The outbox cannot be used; the message says why."""


@dataclass(frozen=True)
class DeadLetter:
    """An answer that was given up; `call` is the vendor's API call, as JSON."""

    id: int
    conversation: str
    tries: int
    error: str
    given_up_at: float
    call: dict[str, Any]


class Outbox:
    """The dead letters of a database."""

    def __init__(self, url: str) -> None:
        """The outbox at an SQLAlchemy URL."""
        self._url = url

    @classmethod
    def of(cls, settings: Settings) -> Outbox:
        """The outbox that the settings name."""
        return cls(settings.deliveries_url or f"sqlite:///{settings.var}/deliveries.db")

    def dead(self) -> list[DeadLetter]:
        """All dead letters, oldest first; none where no channel was ever used.

        Raises:
            OutboxError: The database cannot be read.
        """
        if not self._exists():
            return []
        statement = text(
            "SELECT id, conversation, tries, error, changed_at, call FROM outbox "
            "WHERE state = 'dead' ORDER BY id"
        )
        try:
            with self._engine().connect() as connection:
                rows = connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise self._unusable(error) from error
        return [
            DeadLetter(id, conversation, tries, error, at, json.loads(call))
            for id, conversation, tries, error, at, call in rows
        ]

    def replay(self, ids: list[int] | None = None) -> int:
        """Make dead letters due again, all of them or some; how many there were.

        Raises:
            OutboxError: The database cannot be written.
        """
        if not self._exists():
            return 0
        chosen = [one.id for one in self.dead() if ids is None or one.id in ids]
        statement = text(
            "UPDATE outbox SET state = 'due', tries = 0, due_at = :now, "
            "changed_at = :now WHERE id = :id AND state = 'dead'"
        )
        try:
            with self._engine().begin() as connection:
                for id in chosen:
                    connection.execute(statement, {"id": id, "now": time.time()})
        except SQLAlchemyError as error:
            raise self._unusable(error) from error
        return len(chosen)

    def _exists(self) -> bool:
        """Whether there is anything to open: reading must not make an empty file."""
        _, _, path = self._url.partition("sqlite:///")
        return not path or Path(path).exists()

    def _engine(self) -> Engine:
        # The channels' environment has psycopg2, ours psycopg.
        url = self._url
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        return create_engine(url)

    def _unusable(self, error: SQLAlchemyError) -> OutboxError:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        shown = self._url.rpartition("@")[2]  # without a password
        return OutboxError(
            f"The outbox at {shown!r} cannot be used: {reason}. Check "
            "FRONTDESK_DELIVERIES_URL."
        )
