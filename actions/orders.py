"""Questions about the customer's own orders."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher


class ActionTrackOrder(Action):  # type: ignore[misc]
    """Says where the status of an order can be seen and offers a person."""

    def name(self) -> str:
        return "action_track_order"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        number = tracker.get_slot("order_number")
        if number:
            dispatcher.utter_message(response="utter_track_order_number", number=number)
        else:
            dispatcher.utter_message(response="utter_track_order")
        return [SlotSet("offer", "person")]
