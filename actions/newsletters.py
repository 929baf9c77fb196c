"""Joining or leaving the newsletter."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.reading import find_choice
from actions.tasks import Task, says_wish
from actions.verification import own_email, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.writes import SetNewsletter

WISHES = {
    "leave": (
        r"un-?su\w*", r"stop\w*", "no more", "take me off", "remove", "opt \\w*out",
        "opt (?:me )?out", "don'?t want", "cancel", "leave", "too many",
    ),
    "join": (
        r"subs?cribe", "sign (?:me )?up", "sign \\S+ up", "add", "join", "register",
        "put me on", "get", "receive", "send me", "sign up",
    ),
}  # fmt: skip


class ValidateNewsletterForm(SkillForm):
    """Needs to know in or out, an address the customer reads, and a yes."""

    form = "newsletter_form"
    intent = "newsletter"

    async def read(self, task: Task) -> dict[str, Any]:
        found = read_identity(task)
        found.pop("order_number", None)
        if says_wish(task, "newsletter_wish"):
            wish = find_choice(task.turn.text, WISHES)
            if wish and wish != task["newsletter_wish"]:
                found["newsletter_wish"] = wish
        return found

    async def advance(self, task: Task) -> None:
        if task["newsletter_wish"] is None:
            task.ask("newsletter_wish")
            return
        email = await own_email(task)
        if email is not None:
            await confirm(task, SetNewsletter(email, task["newsletter_wish"] == "join"))


class ActionNewsletter(FinishWrite):
    """Subscribes or unsubscribes the address that was shown and confirmed."""

    form = "newsletter_form"

    def name(self) -> str:
        return "action_newsletter"


class AskNewsletterWish(AskSlot):
    """Asks whether the customer wants in or out."""

    slot = "newsletter_wish"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "Would you like to subscribe to the newsletter or unsubscribe?",
                "Shall I put you on the newsletter list or take you off it?",
                "Subscribe or unsubscribe?",
            ),
            (("Subscribe", "subscribe me"), ("Unsubscribe", "unsubscribe me")),
        )
