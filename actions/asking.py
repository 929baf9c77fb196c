"""Asking for a slot: never in the same words twice, and with a lead after a detour."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import resources
from actions.tasks import TITLES
from actions.turns import in_digression, said_before
from frontdesk.commerce.service import Desk


@dataclass(frozen=True)
class Question:
    """A question in several wordings, the usual one first, and its buttons."""

    wordings: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...] = ()  # titles and payloads


class AskSlot(Action, ABC):  # type: ignore[misc]
    """Asks for one slot of whichever form is open."""

    slot: ClassVar[str]

    def __init__(self, desk: Desk | None = None) -> None:
        self._desk = desk

    @abstractmethod
    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        """What to ask."""

    def name(self) -> str:
        return f"action_ask_{self.slot}"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        desk = await resources.desk_of(self._desk)
        question = await self.question(tracker, desk)
        text = wording(question.wordings, said_before(tracker.events))
        if in_digression(tracker):
            title = TITLES.get((tracker.active_loop or {}).get("name") or "")
            text = f"Back to {title}: {_lower(text)}" if title else text
        buttons = [{"title": t, "payload": p} for t, p in question.buttons]
        dispatcher.utter_message(text=text, buttons=buttons)
        return []


def wording(wordings: Sequence[str], said: Sequence[str]) -> str:
    """The first wording that was not used lately, else the one used longest ago."""
    used = {
        each: next((i for i, text in enumerate(said) if _ends_with(text, each)), None)
        for each in wordings
    }
    for each in wordings:
        if used[each] is None:
            return each
    return max(wordings, key=lambda each: used[each] or 0)


def _ends_with(text: str, question: str) -> bool:
    return text.lower().endswith(question.lower())


def _lower(text: str) -> str:
    """The text to go on with after a colon; "I" and names keep their capital."""
    first = text.split(" ", 1)[0]
    starts_sentence = first[:1].isupper() and first[1:].islower()
    return text[0].lower() + text[1:] if starts_sentence and len(first) > 1 else text
