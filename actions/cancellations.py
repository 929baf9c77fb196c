"""Cancelling an order."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.tasks import Task
from actions.turns import last_form
from actions.verification import own_order, read_identity
from frontdesk.commerce.writes import CancelOrder

REASON = "asked for in the chat"
# "Cancel it" after "shall I cancel the order?" can mean either: it is asked once more.
_EITHER = re.compile(r"\W*(?:please )?cancel( it| that| this)?(?: please)?\W*", re.I)


class ValidateCancellationForm(SkillForm):
    """Needs an own order, and a yes to what cancelling it means."""

    form = "cancellation_form"
    intent = "cancel_order"

    async def read(self, task: Task) -> dict[str, Any]:
        found = read_identity(task)
        if task.turn.requested == "confirmed" and not found:
            if _EITHER.fullmatch(task.turn.text):
                return {"confirmed": None}
        return found

    async def advance(self, task: Task) -> None:
        order = await own_order(task)
        if order is not None:
            await confirm(task, CancelOrder(order.number, REASON))


class ActionCancelOrder(FinishWrite):
    """Cancels the order that was shown and confirmed."""

    form = "cancellation_form"

    def name(self) -> str:
        return "action_cancel_order"


class ActionStop(Action):  # type: ignore[misc]
    """Leaves it there; "cancel it" after talk of an order is about that order."""

    def name(self) -> str:
        return "action_stop"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        text = str(tracker.latest_message.get("text") or "")
        said = _EITHER.fullmatch(text)
        if said and said[1]:
            form = domain["forms"].get(last_form(tracker)) or {}
            about_order = "order_number" in form.get("required_slots", ())
            if about_order and tracker.get_slot("order_number"):
                # Nothing is cancelled by that: the form shows what would be, and asks.
                return [FollowupAction("cancellation_form")]
        dispatcher.utter_message(response="utter_stop")
        return []
