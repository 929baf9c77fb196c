from __future__ import annotations

import json
from pathlib import Path

import pytest

from frontdesk.cli import main
from tests.channels.test_outbox import outbox, states, var

__all__ = ["outbox", "var"]


@pytest.fixture(autouse=True)
def settings(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_VAR", str(var))
    monkeypatch.delenv("FRONTDESK_DELIVERIES_URL", raising=False)


def test_list_shows_a_line_per_dead_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outbox", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "3"]
    assert lines[0].endswith("slack:T/U  8 tries  The vendor answered 500.")


def test_list_as_json_holds_the_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outbox", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["call"] for one in found] == [
        {"text": "answer 2"},
        {"text": "answer 3"},
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "said", "dead"),
    [
        (["3"], 0, "1 due again.", [2]),
        (["3", "99"], 1, "1 due again, 1 not found.", [2]),
        (["--all"], 0, "2 due again.", []),
        ([], 2, "Name the numbers", [2, 3]),
    ],
)
def test_replay_says_what_it_did(
    var: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    said: str,
    dead: list[int],
) -> None:
    assert main(["outbox", "replay", *arguments]) == status
    assert capsys.readouterr().out.startswith(said)
    assert [id for id, state, _ in states(var) if state == "dead"] == dead


def test_check_names_the_variables_that_are_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_SLACK_BOT_TOKEN", "xoxb-1")
    assert main(["channels", "check"]) == 1
    assert capsys.readouterr().out == (
        "slack: FRONTDESK_SLACK_SIGNING_SECRET is not set.\n"
    )
