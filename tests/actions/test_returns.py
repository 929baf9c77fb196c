from __future__ import annotations

from dataclasses import replace

import pytest

from actions import return_questions, returns
from frontdesk.commerce.values import ReturnLine
from frontdesk.commerce.writes import RequestExchange, RequestReturn
from tests.fakes_desk import ANNA, CODE, Chat, FakeDesk, item, order

NUMBER = "LO-100001"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(
        order(
            NUMBER,
            ANNA,
            item("1", "mira", "Mira 1.5", 3),
            item("2", "arden", "Arden S"),
        ),
        order("LO-100002", ANNA, item("9", "arden", "Arden S")),
        signed_in=ANNA,
    )


def chat(desk: FakeDesk) -> Chat:
    return Chat("return_form", desk, returns, return_questions)


def started(desk: FakeDesk, text: str = "I want to return something") -> Chat:
    talk = chat(desk)
    talk.say(text, "start_return", order_number=NUMBER)
    return talk


def test_which_how_many_why_what_and_how_are_asked_in_turn(desk: FakeDesk) -> None:
    talk = started(desk)
    assert talk.asked == "return_items"
    [said] = talk.say("the kettle")
    assert "How many" in said["text"]
    talk.say("two of them")
    assert talk.asked == "return_reason"
    talk.say("it doesn't fit")
    assert talk.asked == "return_outcome"
    talk.say("a refund", "refund_status")
    assert talk.asked == "return_method"
    talk.say("a label")
    assert talk.asked == "confirmed"
    line = ReturnLine("1", 2, "wrong_size")
    assert desk.proposed == [RequestReturn(NUMBER, (line,), "label")]


def test_one_message_can_say_it_all(desk: FakeDesk) -> None:
    talk = started(
        desk, "Return two of the kettles, they are faulty, refund please, with a label"
    )
    assert talk.asked == "confirmed"
    line = ReturnLine("1", 2, "faulty")
    assert desk.proposed == [RequestReturn(NUMBER, (line,), "label")]


def test_items_said_before_the_code_are_remembered() -> None:
    desk = FakeDesk(order(NUMBER, ANNA, item("1", "mira", "Mira 1.5"),
                          item("2", "arden", "Arden S")))  # fmt: skip
    talk = chat(desk)
    talk.say("I want to return the lamp", "start_return", order_number=NUMBER)
    talk.say(ANNA, email=ANNA)
    assert talk.asked == "code"
    talk.say(CODE)
    assert talk.asked == "return_reason"
    assert talk.slots["return_items"] == {"2": 1}


def test_single_item_of_an_order_is_not_asked_for(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say("send it back", "start_return", order_number="LO-100002")
    assert talk.asked == "return_reason"


def test_exchange_asks_for_the_substitute_and_offers_what_is_there(
    desk: FakeDesk,
) -> None:
    talk = chat(desk)
    [said] = talk.say(
        "exchange one of the kettles, I changed my mind",
        "start_return",
        order_number=NUMBER,
    )
    assert talk.asked == "return_variant"
    titles = [button["title"] for button in said["buttons"]]
    assert titles == ["Mira 1.5 sage", "Mira 1.5 black"]
    talk.say("the black one")
    talk.say("a label")
    line = ReturnLine("1", 1, "changed_mind", "mira-black")
    assert desk.proposed == [RequestExchange(NUMBER, (line,), "label")]


def test_colour_said_at_the_start_is_not_asked_for(desk: FakeDesk) -> None:
    talk = started(desk, "exchange one kettle for a black one, I changed my mind")
    assert talk.asked == "return_items"
    talk.say("one")
    assert talk.asked == "return_method"
    assert talk.slots["return_variant"] == {"1": "mira-black"}


def test_reason_in_own_words_is_taken_as_another_one(desk: FakeDesk) -> None:
    talk = started(desk, "return the lamp")
    talk.say("my wife bought the same", "nlu_fallback")
    assert talk.slots["return_reason"] == "other"


def test_something_broken_is_exchanged_for_the_same(desk: FakeDesk) -> None:
    talk = started(desk, "exchange the lamp, it is faulty")
    talk.say("a label")
    line = ReturnLine("2", 1, "faulty", "arden-brass")
    assert desk.proposed == [RequestExchange(NUMBER, (line,), "label")]


def test_other_item_at_the_confirmation_is_shown_anew(desk: FakeDesk) -> None:
    talk = started(desk, "return the lamp, I changed my mind, refund, with a label")
    assert talk.asked == "confirmed"
    talk.say("no, two of the kettles, not the lamp", "deny")
    assert talk.asked == "confirmed"
    line = ReturnLine("1", 2, "changed_mind")
    assert desk.proposed[-1] == RequestReturn(NUMBER, (line,), "label")
    assert desk.confirmed == []


@pytest.mark.parametrize("number", ["LO-100002", "LO-100099"])
def test_everything_of_another_order_is_not_the_one_spoken_of(
    desk: FakeDesk, number: str
) -> None:
    talk = Chat("return_form", desk, returns, return_questions, order_number=NUMBER)
    text = f"return everything from {number}, it is faulty, refund, label"
    talk.say(text, "start_return", order_number=number, email=ANNA)
    assert talk.slots["order_number"] == number
    assert NUMBER not in {write.order_number for write in desk.proposed}


def test_other_order_makes_its_items_unknown(desk: FakeDesk) -> None:
    talk = started(desk, "return the lamp")
    talk.say("no, LO-100002", order_number="LO-100002")
    assert talk.slots["order_number"] == "LO-100002"
    assert talk.slots["return_items"] == {"9": 1}
    assert talk.asked == "return_reason"


def test_question_about_returns_is_left_to_the_knowledge(desk: FakeDesk) -> None:
    talk = started(desk, "return the lamp")
    assert talk.say("what if it is damaged?", "ask_question") == []
    assert talk.slots.get("return_reason") is None


def test_more_pieces_than_were_bought_are_asked_again(desk: FakeDesk) -> None:
    talk = started(desk, "return the kettles")
    talk.say("seven")
    assert talk.asked == "return_items"


def test_large_things_are_collected_without_being_asked(desk: FakeDesk) -> None:
    big = replace(item("1", "mira", "Mira 1.5"), tags=frozenset({"large"}))
    desk.stored[NUMBER] = order(NUMBER, ANNA, big)
    talk = started(desk, "return it, I changed my mind, refund please")
    assert talk.asked == "confirmed"
    [write] = desk.proposed
    assert isinstance(write, RequestReturn)
    assert write.method == "collection"
