"""A copy of the customer's data, or its deletion."""

from __future__ import annotations

from typing import Any, Literal

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.reading import find_choice
from actions.tasks import Task, says_wish
from actions.verification import own_email, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.writes import RequestData

WISHES = {
    "deletion": (
        r"delet\w*", r"eras\w*", r"remov\w*", "close", r"forg[eo]t\w*", "wipe",
        "get rid of",
    ),
    "export": (
        r"exp?r?ort\w*", "copy", "download", "send me", "give me", "access", "have all",
        r"see\b", "my data please",
    ),
}  # fmt: skip


class ValidatePrivacyForm(SkillForm):
    """Needs to know copy or deletion, who asks by an address they read, and a yes."""

    form = "privacy_form"
    intent = "data_request"

    async def read(self, task: Task) -> dict[str, Any]:
        found = read_identity(task)
        found.pop("order_number", None)
        if says_wish(task, "data_wish"):
            wish = find_choice(task.turn.text, WISHES)
            if wish and wish != task["data_wish"]:
                found["data_wish"] = wish
        return found

    async def advance(self, task: Task) -> None:
        if task["data_wish"] is None:
            task.ask("data_wish")
            return
        if await own_email(task) is None:
            return
        customer = (await task.desk.trust(task.visitor)).customer_id
        if customer is None:
            task.settle("utter_no_account", person=True)
            return
        kind: Literal["export", "deletion"] = task["data_wish"]
        await confirm(task, RequestData(customer, kind))


class ActionDataRequest(FinishWrite):
    """Passes on the request that was shown and confirmed."""

    form = "privacy_form"

    def name(self) -> str:
        return "action_data_request"


class AskDataWish(AskSlot):
    """Asks which of the two is wanted."""

    slot = "data_wish"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "Would you like a copy of your data, or should it be deleted?",
                "Shall I ask for a copy of your data or for its deletion?",
                "A copy, or deletion?",
            ),
            (("A copy", "a copy of my data"), ("Delete it", "delete my data")),
        )
