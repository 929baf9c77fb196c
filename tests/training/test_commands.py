"""What `frontdesk train` refuses before it spends an hour."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.cli import build_parser
from frontdesk.training.commands import train_command
from frontdesk.training.corpus import CorpusError


def question(number: int, text: str) -> dict[str, Any]:
    return {
        "id": f"boats-{number}",
        "kind": "answerable",
        "turns": [{"role": "user", "text": text}],
        "relevant": ["kayak"],
        "support": ["A kayak costs £12 an hour."],
        "answer": "A kayak costs £12 an hour.",
        "choices": [],
        "hard_negatives": [],
        "altered": [],
    }


@pytest.fixture
def boats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRONTDESK_VAR", str(tmp_path / "var"))
    folder = tmp_path / "boats"
    (folder / "articles").mkdir(parents=True)
    (folder / "articles" / "kayak.md").write_text(
        "---\nid: kayak\ntitle: Kayaks\nurl: https://boats.example/kayak\n"
        "locale: en\n---\n\nA kayak costs £12 an hour.\n"
    )
    asked = ["what is a kayak an hour", "kayak price?"]
    rows = [json.dumps(question(n, text)) for n, text in enumerate(asked)]
    (folder / "questions.jsonl").write_text("\n".join(rows) + "\n")
    return folder


def test_the_documented_command_is_understood() -> None:
    words = "train reader --fresh --data my-shop --hold-out utility --out there"
    args = build_parser().parse_args(words.split())
    assert (args.name, args.data, args.out) == (
        "reader",
        Path("my-shop"),
        Path("there"),
    )
    assert (args.hold_out, args.fresh) == ("utility", True)


@pytest.mark.parametrize("name", ["reader", "verifier", "writer"])
def test_too_few_questions_to_measure_with_are_refused(boats: Path, name: str) -> None:
    with pytest.raises(CorpusError, match="0 questions are left to measure with; 20"):
        train_command(name, boats)
    assert not (boats.parent / "var" / "models").exists()


def test_an_unknown_organisation_to_hold_back_is_named(boats: Path) -> None:
    with pytest.raises(CorpusError, match="no organisation 'ships' to hold back"):
        train_command("reader", boats, hold_out="boats, ships")


def test_a_folder_without_help_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no organisation"):
        train_command("reader", tmp_path)
