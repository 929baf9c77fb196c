from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.warm_up import QUESTION, ActionWarmUp
from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.knowledge import IndexMissingError


class RecordingAnswerer:
    def __init__(self) -> None:
        self.understood: list[str] = []

    def understand(
        self, turns: Sequence[Mapping[str, str]], timings: dict[str, float]
    ) -> None:
        self.understood.append(turns[-1]["text"])


def run(action: ActionWarmUp) -> list[dict[str, Any]]:
    dispatcher = CollectingDispatcher()
    tracker = Tracker("warm-up", {}, {}, [], False, None, {}, None)
    assert asyncio.run(action.run(dispatcher, tracker, {})) == []
    messages: list[dict[str, Any]] = dispatcher.messages
    return messages


def test_knowledge_is_searched_once_and_nothing_is_said() -> None:
    answerer = RecordingAnswerer()
    opened: list[str] = []
    action = ActionWarmUp(lambda: answerer, lambda: opened.append("desk"))  # type: ignore
    assert run(action) == []
    assert opened == ["desk"]
    assert answerer.understood == [QUESTION]


def test_missing_index_is_logged_for_the_operator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> Any:
        raise IndexMissingError("There is no index in 'var/index'; run make index.")

    assert run(ActionWarmUp(fail, lambda: None)) == []  # type: ignore
    assert "Questions cannot be answered yet: There is no index" in caplog.text


def test_shop_that_cannot_be_opened_is_logged_for_the_operator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> Any:
        raise ShopSettingsError("FRONTDESK_COMMERCE is 'x'; choose another one.")

    assert run(ActionWarmUp(RecordingAnswerer, fail)) == []  # type: ignore
    assert "The shop cannot be asked yet: FRONTDESK_COMMERCE is 'x'" in caplog.text
