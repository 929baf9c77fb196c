from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import orders
from actions.orders import ActionTakeNote
from tests.fakes_desk import ANNA, BEN, CODE, Chat, FakeDesk, order

NUMBER = "LO-100001"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(order(NUMBER, ANNA, status="shipped"), order("LO-100010", BEN))


def chat(desk: FakeDesk, **slots: Any) -> Chat:
    return Chat("tracking_form", desk, orders, **slots)


def test_identified_customer_gets_the_status_and_no_card(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say("where is my order", "track_order")
    talk.say(NUMBER, order_number=NUMBER)
    [said] = talk.say(ANNA, email=ANNA)
    assert (
        said["text"] == "Order LO-100001 of 1 May 2026 is on its way. It goes to L***."
    )
    assert not said.get("custom")


def test_owner_gets_a_card_with_the_whole_order_in_the_text_too(
    desk: FakeDesk,
) -> None:
    desk.email = ANNA
    [said] = chat(desk).say("where is it", "track_order", order_number=NUMBER)
    assert said["custom"]["number"] == NUMBER
    assert [s["state"] for s in said["custom"]["timeline"]] == [
        "done", "done", "done", "current"
    ]  # fmt: skip
    assert "1 x Mira 1.5" in said["text"]
    assert "£39.00" in said["text"]


def test_number_of_somebody_else_is_told_like_none(desk: FakeDesk) -> None:
    desk.email = ANNA
    said = []
    for number in ("LO-100010", "LO-999999"):
        [reply] = chat(desk).say("where is it", "track_order", order_number=number)
        said.append(reply["text"].replace(number, ""))
    assert said[0] == said[1]


def test_order_spoken_of_before_is_not_asked_for_again(desk: FakeDesk) -> None:
    desk.email = ANNA
    talk = chat(desk, order_number=NUMBER)
    [said] = talk.say("where is it now", "track_order")
    assert said["custom"]["number"] == NUMBER


def test_code_that_was_never_asked_for_opens_nothing(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say(f"track, code {CODE}", "track_order", order_number=NUMBER)
    assert talk.asked == "contact"


def test_bare_number_asks_what_to_do_with_it() -> None:
    message = {"entities": [{"entity": "order_number", "value": NUMBER}]}
    tracker = Tracker("anna", {}, message, [], False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ActionTakeNote().run(dispatcher, tracker, {}))
    [said] = dispatcher.messages
    assert events == [SlotSet("order_number", NUMBER)]
    assert said["response"] == "utter_ask_intention"
    assert all(NUMBER in button["payload"] for button in said["buttons"])
