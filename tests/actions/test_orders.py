from __future__ import annotations

import asyncio

import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.orders import ActionTrackOrder


@pytest.mark.parametrize(
    ("number", "response"),
    [("LO-104233", "utter_track_order_number"), (None, "utter_track_order")],
)
def test_order_number_is_acknowledged_and_a_person_offered(
    number: str | None, response: str
) -> None:
    tracker = Tracker("anna", {"order_number": number}, {}, [], False, None, {}, "")
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ActionTrackOrder().run(dispatcher, tracker, {}))
    [said] = dispatcher.messages
    assert said["response"] == response
    assert said.get("number") == number
    assert events == [SlotSet("offer", "person")]
