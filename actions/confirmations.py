"""From a complete task to its end: shown in full, confirmed, done once, told as done.

What the customer is shown is the text of the `Desk`'s proposal, and what is reported is
the text of its outcome: no action here says of itself that something was done.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import resources
from actions.asking import AskSlot, Question
from actions.tasks import Task
from actions.turns import visitor_of
from frontdesk.commerce.errors import CommerceError
from frontdesk.commerce.service import Desk, NotPossible
from frontdesk.commerce.trust import NeedsLevelError
from frontdesk.commerce.writes import Write

logger = logging.getLogger(__name__)

YES, NO = "/affirm", "/deny"
SHALL_I = (
    "Shall I do that?",
    "Is that right, and shall I go ahead?",
    "Do you want that?",
)


async def confirm(task: Task, write: Write) -> None:
    """Show the write before it is done; end the task once it was confirmed."""
    if task["proposal"] and task["confirmed"]:
        task.end("done")
        return
    if task["proposal"] is None:
        try:
            proposal = await task.desk.propose(task.visitor, write)
        except NeedsLevelError:
            task.set(contact=None, code=None)
            task.ask("contact")
            return
        if isinstance(proposal, NotPossible):
            task.settle(text=proposal.text, person=proposal.person)
            return
        task.set(proposal={"key": proposal.key, "text": proposal.text})
    task.ask("confirmed")


class AskConfirmed(AskSlot):
    """Shows what would be done in full and asks for a yes in its own turn."""

    slot = "confirmed"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        text = (tracker.get_slot("proposal") or {}).get("text") or ""
        return Question(
            tuple(f"{text} {question}" for question in SHALL_I),
            (("Yes, please", YES), ("No, leave it", NO)),
        )


class FinishTask(Action, ABC):  # type: ignore[misc]
    """Ends a task as its form left it, and takes up the one it interrupted."""

    form: ClassVar[str]

    def __init__(self, desk: Desk | None = None) -> None:
        self._desk = desk

    @abstractmethod
    async def finish(
        self, desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        """Do what the task is for; CommerceError where that cannot be done."""

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        desk = await resources.desk_of(self._desk)
        events: list[EventType] = []
        try:
            if tracker.get_slot("task_end") == "done":
                events = await self.finish(desk, dispatcher, tracker)
            elif tracker.get_slot("task_end") == "stopped":
                await desk.withdraw(visitor_of(tracker))
                dispatcher.utter_message(response="utter_task_stopped")
        except CommerceError as error:
            logger.error("%r: %s", tracker.sender_id, error)
            dispatcher.utter_message(response="utter_shop_unavailable")
            events = [SlotSet("offer", "person")]
        return events or resume(tracker)


class FinishWrite(FinishTask, ABC):
    """Executes what the customer confirmed, and tells what the shop says about it."""

    @abstractmethod
    def name(self) -> str: ...

    async def finish(
        self, desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        key = str((tracker.get_slot("proposal") or {}).get("key") or "")
        try:
            outcome = await desk.confirm(visitor_of(tracker), key)
        except NeedsLevelError:  # what was shown of themselves has expired by now
            return take_up(self.form, {"confirmed": None, "proposal": None})
        dispatcher.utter_message(text=outcome.text)
        logger.info("%r: %s %s", tracker.sender_id, self.name(), outcome.state)
        if outcome.state in ("failed", "expired"):
            return take_up(self.form, {"confirmed": None, "proposal": None})
        if outcome.state == "uncertain":
            return [SlotSet("offer", "person"), *resume(tracker)]
        return []


def resume(tracker: Tracker) -> list[EventType]:
    """Go back to the task that was interrupted last, if there is one."""
    paused = list(tracker.get_slot("paused") or [])
    if not paused:
        return []
    last = paused.pop()
    return [SlotSet("paused", paused), *take_up(last["form"], last["slots"])]


def take_up(form: str, slots: dict[str, Any]) -> list[EventType]:
    """Open a form with what is known already."""
    known = [SlotSet(slot, value) for slot, value in slots.items()]
    return [*known, SlotSet("resumed", form), FollowupAction(form)]
