"""What the table of costs counts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from frontdesk.training.benchmark import measured

ASKED = [[{"role": "user", "text": text}] for text in ("a", "b", "c")]


def test_a_task_may_tell_the_seconds_that_count_and_begins_once_before() -> None:
    calls: list[str] = []

    def told(turns: Sequence[Mapping[str, str]]) -> float:
        calls.append(turns[0]["text"])
        return {"a": 0.5, "b": 0.002, "c": 0.003}[turns[0]["text"]]

    def sleeps(_: Sequence[Mapping[str, str]]) -> None:
        time.sleep(0.01)

    found = measured({"told": told, "sleeps": sleeps}, ASKED)
    assert found["told"] == 3.0
    assert found["sleeps"] >= 10.0
    assert calls == ["a", "a", "b", "c"]
