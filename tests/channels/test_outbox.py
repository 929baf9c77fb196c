from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from frontdesk.channels.outbox import DeadLetter, Outbox, OutboxError
from frontdesk.settings import Settings

# As addons/channels/deliveries.py creates it; tests/addons/channels/test_deliveries.py
# reads the same file with both.
TABLE = """CREATE TABLE outbox (id INTEGER PRIMARY KEY, channel TEXT, conversation TEXT,
key TEXT, state TEXT, tries INTEGER, call TEXT, error TEXT, vendor_id TEXT,
due_at REAL, changed_at REAL)"""


@pytest.fixture
def var(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "deliveries.db") as connection:
        connection.execute(TABLE)
        for id, state in ((1, "sent"), (2, "dead"), (3, "dead"), (4, "due")):
            connection.execute(
                "INSERT INTO outbox VALUES (?, 'slack', 'slack:T/U', ?, ?, 8, ?, "
                "'The vendor answered 500.', '', 0, 1000)",
                (id, str(id), state, json.dumps({"text": f"answer {id}"})),
            )
    return tmp_path


@pytest.fixture
def outbox(var: Path) -> Outbox:
    return Outbox.of(Settings(var=var))


def states(var: Path) -> list[tuple[int, str, int]]:
    with sqlite3.connect(var / "deliveries.db") as connection:
        return connection.execute("SELECT id, state, tries FROM outbox").fetchall()


def test_only_dead_letters_are_listed(outbox: Outbox) -> None:
    assert [one.id for one in outbox.dead()] == [2, 3]
    assert outbox.dead()[0] == DeadLetter(
        id=2,
        conversation="slack:T/U",
        tries=8,
        error="The vendor answered 500.",
        given_up_at=1000,
        call={"text": "answer 2"},
    )


def test_chosen_letter_is_due_again(outbox: Outbox, var: Path) -> None:
    assert outbox.replay([3, 1, 99]) == 1
    assert states(var) == [(1, "sent", 8), (2, "dead", 8), (3, "due", 0), (4, "due", 8)]


def test_all_letters_are_due_again(outbox: Outbox, var: Path) -> None:
    assert outbox.replay() == 2
    assert [state for _, state, _ in states(var)] == ["sent", "due", "due", "due"]


def test_outbox_that_was_never_used_is_empty_and_stays_away(tmp_path: Path) -> None:
    outbox = Outbox.of(Settings(var=tmp_path))
    assert (outbox.dead(), outbox.replay()) == ([], 0)
    assert list(tmp_path.iterdir()) == []


def test_unusable_database_is_named_without_its_password() -> None:
    url = "postgresql://anna:secret@127.0.0.1:1/none"
    with pytest.raises(OutboxError) as caught:
        Outbox.of(Settings(deliveries_url=url)).dead()
    assert "127.0.0.1:1/none" in str(caught.value)
    assert "FRONTDESK_DELIVERIES_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
