"""Questions out of what customers judged, and out of what agents corrected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.cli import build_parser
from frontdesk.knowledge.encoder import load_encoder
from frontdesk.knowledge.index import build_index
from frontdesk.training.corpus import CorpusError, load_corpus
from frontdesk.training.mined import CORRECTIONS, QUESTIONS, mine_command

FEES = """---
id: fees
title: Fees
url: https://boats.example/fees
locale: en
---

## Kayaks

A kayak costs £12 an hour. Wear a vest.

## Sauna

The sauna is free for members.
"""


def verdict(seq: int, value: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "feedback",
        "conversation": "web-1",
        "seq": seq,
        "value": value,
        "reason": "",
        "comment": "",
        "question": "what is a kayak an hour?",
        "answer": "A kayak costs £12 an hour.",
        "decision": "answer",
        "citations": ["fees"],
        **more,
    }


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRONTDESK_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("FRONTDESK_INDEX", str(tmp_path / "index"))
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "fees.md").write_text(FEES, "utf-8")
    build_index(tmp_path / "kb", tmp_path / "index", load_encoder(""))
    return tmp_path


def judge(shop: Path, *rows: dict[str, Any]) -> None:
    (shop / "var").mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (shop / "var" / "feedback.jsonl").write_text(text, "utf-8")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def correct(path: Path, **values: Any) -> None:
    (row,) = rows(path)
    path.write_text(json.dumps(row | values) + "\n", "utf-8")


def test_a_helpful_answer_becomes_a_question_that_training_can_read(
    shop: Path,
) -> None:
    judge(shop, verdict(2, "down"), verdict(2, "up"))
    assert mine_command(shop / "mined") == 0
    (organisation,) = load_corpus(shop)[-1:]
    assert organisation.name == "mined"
    (article,) = organisation.articles
    assert (article.id, article.url) == ("fees", "https://boats.example/fees")
    assert "The sauna is free for members." in article.text
    (question,) = organisation.questions
    assert question.kind == "answerable"
    assert question.relevant == ("fees",)
    assert question.support == ("A kayak costs £12 an hour.",)
    assert (shop / "mined" / QUESTIONS).stat().st_mode & 0o077 == 0


def test_what_is_not_supported_any_more_or_taken_back_is_left_out(shop: Path) -> None:
    judge(
        shop,
        verdict(2, "up", answer="A kayak costs £15 an hour."),
        verdict(4, "up", citations=["gone"]),
        verdict(6, "up"),
        verdict(6, "none"),
        {"kind": "rating", "conversation": "web-1", "seq": 0, "value": 5},
    )
    mine_command(shop / "mined")
    assert rows(shop / "mined" / QUESTIONS) == []


def test_what_did_not_help_waits_for_an_agent_and_is_taken_over(shop: Path) -> None:
    judge(shop, verdict(2, "down", reason="wrong", comment="for members?"))
    mine_command(shop / "mined")
    path = shop / "mined" / CORRECTIONS
    (waiting,) = rows(path)
    assert (waiting["kind"], waiting["comment"]) == ("", "for members?")
    assert rows(shop / "mined" / QUESTIONS) == []
    correct(
        path,
        kind="answerable",
        relevant=["fees"],
        support=["The sauna is free for members."],
        answer="It is free for members.",
    )
    mine_command(shop / "mined")
    mine_command(shop / "mined")
    (question,) = load_corpus(shop)[-1].questions
    assert question.answer == "It is free for members."
    assert rows(path)[0]["kind"] == "answerable"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"kind": "maybe"}, "'maybe' is none of"),
        ({"kind": "answerable"}, "lacks relevant articles"),
        ({"kind": "unanswerable", "relevant": ["nowhere"]}, "'nowhere', which does"),
    ],
)
def test_a_wrong_correction_is_named_and_nothing_is_lost(
    shop: Path, values: dict[str, Any], problem: str
) -> None:
    judge(shop, verdict(2, "down"))
    mine_command(shop / "mined")
    path = shop / "mined" / CORRECTIONS
    correct(path, **values)
    before = path.read_bytes()
    with pytest.raises(CorpusError, match=problem):
        mine_command(shop / "mined")
    assert path.read_bytes() == before


def test_without_feedback_it_says_so(shop: Path) -> None:
    with pytest.raises(CorpusError, match="no customer has judged an answer yet"):
        mine_command(shop / "mined")


def test_the_documented_command_is_understood() -> None:
    args = build_parser().parse_args(["mine", "--out", "my-shop"])
    assert args.out == Path("my-shop")
