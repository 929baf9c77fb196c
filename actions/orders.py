"""Where an order is."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.cards import order_card, order_text
from actions.confirmations import FinishTask
from actions.forms import SkillForm
from actions.tasks import Task
from actions.turns import visitor_of
from actions.verification import order_of, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Order


class ValidateTrackingForm(SkillForm):
    """Needs an order that the customer has identified."""

    form = "tracking_form"
    intent = "track_order"

    async def read(self, task: Task) -> dict[str, Any]:
        return read_identity(task)

    async def advance(self, task: Task) -> None:
        if await order_of(task, "identified") is not None:
            task.end()


class ActionTrackOrder(FinishTask):
    """Tells where the order is: as a card to its owner, else its status alone."""

    form = "tracking_form"

    def name(self) -> str:
        return "action_track_order"

    async def finish(
        self, desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        order = await desk.order(visitor_of(tracker), tracker.get_slot("order_number"))
        card = order_card(order) if isinstance(order, Order) else None
        dispatcher.utter_message(text=order_text(order), json_message=card)
        return []


class ActionTakeNote(Action):  # type: ignore[misc]
    """Takes an order number that came without a wish, and asks what to do with it."""

    def name(self) -> str:
        return "action_take_note"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        number = next(tracker.get_latest_entity_values("order_number"), None)
        if number is None:
            dispatcher.utter_message(response="utter_default")
            return []
        dispatcher.utter_message(
            response="utter_ask_intention",
            order_number=number,
            buttons=[
                {"title": "Where is it?", "payload": f"Where is order {number}?"},
                {"title": "Cancel it", "payload": f"Cancel order {number}"},
                {
                    "title": "Change the address",
                    "payload": f"Change the delivery address of {number}",
                },
                {
                    "title": "Return something",
                    "payload": f"Start a return for {number}",
                },
            ],
        )
        return [SlotSet("order_number", number)]
