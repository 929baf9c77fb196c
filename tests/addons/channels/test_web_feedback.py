import json
from pathlib import Path
from typing import Any

from addons.channels.web_feedback import FILE, record_feedback
from addons.channels.web_messages import Feedback

MESSAGES: list[dict[str, Any]] = [
    {"seq": 1, "role": "user", "text": "Hi"},
    {"seq": 2, "role": "bot", "text": "Hello"},
    {"seq": 3, "role": "user", "text": "When?"},
    {
        "seq": 4,
        "role": "bot",
        "text": "In 3 days.",
        "decision": "answer",
        "citations": [{"id": "delivery"}],
    },
]


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / FILE).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_verdict_is_recorded_with_question_and_answer(tmp_path: Path) -> None:
    verdict = Feedback(4, "down", "wrong", "It took 5 – really")
    record_feedback(tmp_path / "new", "web:1", verdict, MESSAGES)
    [line] = lines(tmp_path / "new")
    assert line.pop("at")
    assert line == {
        "kind": "feedback",
        "conversation": "web:1",
        "seq": 4,
        "value": "down",
        "reason": "wrong",
        "comment": "It took 5 – really",
        "question": "When?",
        "answer": "In 3 days.",
        "decision": "answer",
        "citations": ["delivery"],
    }


def test_rating_is_about_the_whole_conversation(tmp_path: Path) -> None:
    record_feedback(tmp_path, "web:1", Feedback(0, 5, "", ""), MESSAGES)
    record_feedback(tmp_path, "web:2", Feedback(0, 1, "", "slow"), [])
    kinds = [(line["kind"], line["value"]) for line in lines(tmp_path)]
    assert kinds == [("rating", 5), ("rating", 1)]
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
