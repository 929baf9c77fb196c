"""Something broke: a claim under the warranty."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.items import find_items, named_items, visible_order
from actions.reading import is_question
from actions.tasks import Task
from actions.turns import visitor_of
from actions.verification import own_order, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Order
from frontdesk.commerce.writes import ClaimWarranty

LEAST_WORDS = 3
MOST_CHARACTERS = 500
# Messages that are no description of a fault, whatever was asked.
_NO_PROBLEM = ("stop", "goodbye", "affirm", "deny", "talk_to_person", "greet", "thank")


class ValidateWarrantyForm(SkillForm):
    """Needs an own order, the item, what is wrong with it, and a yes."""

    form = "warranty_form"
    intent = "claim_warranty"

    async def read(self, task: Task) -> dict[str, Any]:
        found = {k: v for k, v in read_identity(task).items() if v != task[k]}
        if task.turn.requested in ("claim_item", "confirmed") and not found:
            found.update(await _read_item(task))
        if task.turn.requested == "claim_problem" and not found:
            found.update(_read_problem(task))
        if "order_number" in found:
            found["claim_item"] = None
        return found

    async def advance(self, task: Task) -> None:
        order = await own_order(task)
        if order is None:
            return
        if task["claim_item"] is None:
            task.set(claim_item=await _item_of(task, order, str(task["said"] or "")))
        if task["claim_item"] is None:
            task.ask("claim_item")
        elif task["claim_problem"] is None:
            task.ask("claim_problem")
        else:
            await confirm(
                task,
                ClaimWarranty(order.number, task["claim_item"], task["claim_problem"]),
            )


class ActionClaimWarranty(FinishWrite):
    """Reports the fault that was shown and confirmed."""

    form = "warranty_form"

    def name(self) -> str:
        return "action_claim_warranty"


class AskClaimItem(AskSlot):
    """Asks which item of the order is broken."""

    slot = "claim_item"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        order = await desk.order(visitor_of(tracker), tracker.get_slot("order_number"))
        titles = [i.title for i in order.items] if isinstance(order, Order) else []
        listed = ", ".join(titles)
        return Question(
            (
                f"Which item is it about: {listed}?",
                f"Which of these has the fault: {listed}?",
                f"Please name the item: {listed}.",
            ),
            tuple((title, title) for title in titles),
        )


class AskClaimProblem(AskSlot):
    """Asks what is wrong, in the customer's own words."""

    slot = "claim_problem"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "What is wrong with it, and since when? A sentence or two is enough.",
                "Please describe the fault: what happens, and since when?",
                "I need a short description of the fault to pass on.",
            )
        )


async def _read_item(task: Task) -> dict[str, Any]:
    order = await visible_order(task)
    item = await _item_of(task, order, task.turn.text) if order else None
    if item is None or item == task["claim_item"]:
        return {}
    return {"claim_item": item}


async def _item_of(task: Task, order: Order, text: str) -> str | None:
    """The id of the one item that is meant; the only one of an order always is."""
    if len(order.items) == 1:
        return order.items[0].id
    named = find_items(text, await named_items(order, task.desk)) or {}
    return next(iter(named)) if len(named) == 1 else None


def _read_problem(task: Task) -> dict[str, Any]:
    text = task.turn.text.strip()
    if task.turn.intent in _NO_PROBLEM or is_question(text):
        return {}
    if len(text.split()) < LEAST_WORDS:
        return {}
    return {"claim_problem": text[:MOST_CHARACTERS]}
