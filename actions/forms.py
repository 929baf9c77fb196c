"""What every form does with a message, whatever its business is.

In this order: a stop ends the task; what answers the question, or corrects something
said before, is taken; another wish or a question is left to its own rule, and the
form asks again afterwards; anything else counts as not understood.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import resources
from actions.reading import is_no, is_question, is_yes
from actions.tasks import SKILL_INTENTS, TITLES, Task
from actions.turns import (
    Turn,
    numbers_before,
    page_product,
    read_turn,
    visitor_of,
)
from frontdesk.commerce.errors import (
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)
from frontdesk.commerce.service import Desk
from frontdesk.commerce.trust import TooManyTriesError

logger = logging.getLogger(__name__)

MOST_MISSES = 3
MOST_PAUSED = 2
_STOPS = ("stop", "goodbye")
# Kept from one task to the next: "where is LO-104233?" - "cancel it".
_KEPT = ("order_number",)
_IDENTITY = ("order_number", "contact", "code")
_OWN_ANSWERS = ("affirm", "deny", "inform")


class SkillForm(Action, ABC):  # type: ignore[misc]
    """Reads a message for one form and says what is asked next."""

    form: ClassVar[str]
    intent: ClassVar[str]

    def __init__(self, desk: Desk | None = None) -> None:
        self._desk = desk

    def name(self) -> str:
        return f"validate_{self.form}"

    @abstractmethod
    async def read(self, task: Task) -> dict[str, Any]:
        """The slots that the message fills or corrects."""

    @abstractmethod
    async def advance(self, task: Task) -> None:
        """Ask for what is missing (`task.ask`), or end the task."""

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker, self.form)
        if turn.digressed:
            return [SlotSet("requested_slot", turn.requested)]
        desk = await resources.desk_of(self._desk)
        task = Task(
            turn=turn,
            visitor=visitor_of(tracker),
            desk=desk,
            dispatcher=dispatcher,
            slots=tracker.slots,
            earlier=numbers_before(tracker.events),
            page=page_product(tracker),
        )
        try:
            if turn.opens:
                await self._open(task, domain)
            elif not await self._take(task):
                return []  # nothing for this form: Rasa lets another rule answer
            if task["task_end"] is None:
                await self.advance(task)
        except TooManyTriesError as error:
            logger.info("%r: %s", tracker.sender_id, error)
            task.settle("utter_too_many_tries", person=True)
        except UnavailableError as error:
            logger.error("%r: %s", tracker.sender_id, error)
            task.settle("utter_shop_unavailable", person=True)
        except (UnsupportedError, NotFoundError) as error:
            logger.error("%r: %s", tracker.sender_id, error)
            task.settle("utter_not_offered", person=True)
        return task.events()

    async def _open(self, task: Task, domain: dict[str, Any]) -> None:
        task.set(task_end=None, missed=0)
        if task["resumed"] == self.form:  # its slots have been put back already
            task.set(resumed=None)
            return
        interrupted = task.turn.interrupted
        if interrupted in TITLES and interrupted != self.form:
            kept = {
                slot: task[slot]
                for slot in domain["forms"][interrupted]["required_slots"]
            }
            others = [t for t in task["paused"] or [] if t["form"] != interrupted]
            paused = [*others, {"form": interrupted, "slots": kept}]
            task.set(paused=paused[-MOST_PAUSED:])
        required = domain["forms"][self.form]["required_slots"]
        task.set(**{slot: None for slot in required if slot not in _KEPT})
        task.set(proposal=None, said=task.turn.text)
        task.set(**await self.read(task))

    async def _take(self, task: Task) -> bool:
        """Whether the message was for this form; then what it says is taken."""
        turn = task.turn
        read = await self.read(task)
        if not self._is_answer(turn, read):
            return False
        if turn.requested == "confirmed" and not read:
            if is_yes(turn.text, turn.intent):
                task.set(confirmed=True)
                return True
            if is_no(turn.text, turn.intent) and turn.intent != "inform":
                task.end("stopped")
                return True
        if turn.intent in _STOPS and not read:
            task.end("stopped")
            return True
        if read:
            # What was shown is no longer what would be done: it is shown again.
            task.set(**{"missed": 0, "confirmed": None, "proposal": None, **read})
            return True
        if turn.intent == self.intent or turn.intent in _OWN_ANSWERS:
            self._miss(task)
            return True
        return False

    def _is_answer(self, turn: Turn, read: dict[str, Any]) -> bool:
        """Whether what was read is meant for this form.

        "Where is LO-104233?" is another wish, whatever it names; but "I would like a
        refund" answers the question for money or another one. A question is no answer
        either, unless it asks for the code once more.
        """
        if turn.intent in SKILL_INTENTS and turn.intent != self.intent:
            return turn.requested in read and turn.requested not in _IDENTITY
        if turn.intent in ("ask_question", "nlu_fallback", "oos"):
            again = turn.requested == "code" and bool(read)
            return again or not is_question(turn.text)
        return True

    def _miss(self, task: Task) -> None:
        missed = int(task["missed"] or 0) + 1
        task.set(missed=missed)
        if missed >= MOST_MISSES:
            task.settle("utter_task_stuck", person=True)
