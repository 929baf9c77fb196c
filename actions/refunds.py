"""Where a refund is."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.cards import day
from actions.confirmations import FinishTask
from actions.forms import SkillForm
from actions.tasks import Task
from actions.turns import visitor_of
from actions.verification import own_order, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Refund, Return

_METHODS = {
    "card": "to your card",
    "paypal": "to your PayPal account",
    "gift_card": "to your gift card",
    "pay_in_3": "to your Pay in 3 plan",
    "finance": "to your finance agreement",
}
_RETURNS = {
    "requested": "has been requested, and we wait for the parcel",
    "approved": "has been approved, and we wait for the parcel",
    "in_transit": "is on its way to us",
    "received": "has arrived and is being checked",
    "closed": "is closed",
    "declined": "was declined",
}


class ValidateRefundForm(SkillForm):
    """Needs an own order."""

    form = "refund_form"
    intent = "refund_status"

    async def read(self, task: Task) -> dict[str, Any]:
        return read_identity(task)

    async def advance(self, task: Task) -> None:
        if await own_order(task) is not None:
            task.end()


class ActionRefundStatus(FinishTask):
    """Tells every refund of the order and, where there is none, how its return is."""

    form = "refund_form"

    def name(self) -> str:
        return "action_refund_status"

    async def finish(
        self, desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        visitor, number = visitor_of(tracker), str(tracker.get_slot("order_number"))
        refunds = await desk.refunds(visitor, number)
        said = [refund_text(refund) for refund in refunds]
        if not said:
            returns = await desk.returns(visitor, number)
            said = [f"There is no refund for order {number} yet."]
            said += [return_text(each) for each in returns]
        dispatcher.utter_message(text=" ".join(said))
        return []


def refund_text(refund: Refund) -> str:
    """How one refund stands."""
    how = _METHODS.get(refund.method, "the way you paid")
    if refund.status == "failed":
        return (
            f"The refund of {refund.amount} {how} did not go through; "
            'say "talk to a person" and a colleague will look into it.'
        )
    if refund.settled_at:
        return (
            f"We paid {refund.amount} back {how} on {day(refund.settled_at)}. "
            "Your bank may need a few days to show it."
        )
    return f"A refund of {refund.amount} {how} was started on {day(refund.created_at)}."


def return_text(each: Return) -> str:
    """How one return stands."""
    what = "exchange" if each.kind == "exchange" else "return"
    return f"Your {what} {each.id} of {day(each.requested_at)} {_RETURNS[each.status]}."
