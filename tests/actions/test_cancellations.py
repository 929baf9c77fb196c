from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import cancellations
from actions.cancellations import ActionStop
from frontdesk.commerce.service import NotPossible, Outcome
from frontdesk.commerce.writes import CancelOrder
from tests.fakes_desk import ANNA, BEN, CODE, Chat, FakeDesk, order

NUMBER, OTHER = "LO-100001", "LO-100010"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(order(NUMBER, ANNA), order(OTHER, ANNA), order("LO-100011", BEN))


def chat(desk: FakeDesk) -> Chat:
    return Chat("cancellation_form", desk, cancellations)


def at_confirmation(desk: FakeDesk) -> Chat:
    desk.email = ANNA
    talk = chat(desk)
    talk.say(f"cancel {NUMBER}", "cancel_order", order_number=NUMBER)
    assert talk.asked == "confirmed"
    return talk


def test_stranger_is_asked_for_number_contact_and_code_before_anything(
    desk: FakeDesk,
) -> None:
    talk = chat(desk)
    talk.say("cancel my order", "cancel_order")
    assert talk.asked == "order_number"
    talk.say(NUMBER, order_number=NUMBER)
    assert talk.asked == "contact"
    [said] = talk.say(ANNA, email=ANNA)
    assert talk.asked == "code"
    assert "a***" in said["text"]
    assert ANNA not in said["text"]
    assert desk.proposed == []
    [shown] = talk.say(CODE, order_number=f"LO-{CODE}")
    assert talk.asked == "confirmed"
    assert desk.proposed == [CancelOrder(NUMBER, "asked for in the chat")]
    assert [b["payload"] for b in shown["buttons"]] == ["/affirm", "/deny"]
    assert desk.confirmed == []


def test_everything_in_one_message_is_taken_at_once(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say(
        f"cancel {NUMBER}, I am {ANNA}", "cancel_order", order_number=NUMBER, email=ANNA
    )
    assert talk.asked == "code"


def test_yes_executes_the_shown_write_by_its_key(desk: FakeDesk) -> None:
    talk = at_confirmation(desk)
    [said] = talk.say("/affirm", "affirm")
    assert desk.confirmed == [f"{1:064x}"]
    assert said["text"] == "It is done."
    assert talk.asked is None


@pytest.mark.parametrize("text", ["yes, but wait", "yes?", "only the lamp"])
def test_half_a_yes_is_none(desk: FakeDesk, text: str) -> None:
    talk = at_confirmation(desk)
    talk.say(text, "affirm")
    assert desk.confirmed == []
    assert talk.asked == "confirmed"


def test_no_changes_nothing_and_withdraws_the_proposal(desk: FakeDesk) -> None:
    talk = at_confirmation(desk)
    [said] = talk.say("no", "deny")
    assert said["response"] == "utter_task_stopped"
    assert (desk.confirmed, desk.withdrawn) == ([], 1)


def test_bare_cancel_under_the_summary_is_asked_once_more(desk: FakeDesk) -> None:
    talk = at_confirmation(desk)
    talk.say("cancel it", "stop")
    assert talk.asked == "confirmed"
    assert desk.confirmed == []


def test_other_number_at_the_confirmation_is_shown_anew(desk: FakeDesk) -> None:
    talk = at_confirmation(desk)
    talk.say(f"no, {OTHER}", "deny", order_number=OTHER)
    assert talk.asked == "confirmed"
    assert [w.order_number for w in desk.proposed] == [NUMBER, OTHER]  # type: ignore[union-attr]
    talk.say("yes", "affirm")
    assert desk.confirmed == [f"{2:064x}"]


def test_the_other_order_means_the_one_named_before(desk: FakeDesk) -> None:
    desk.email = ANNA
    talk = chat(desk)
    talk.say(OTHER, order_number=OTHER)
    talk.say(f"cancel {NUMBER}", "cancel_order", order_number=NUMBER)
    talk.say("no, the other order")
    assert desk.proposed[-1] == CancelOrder(OTHER, "asked for in the chat")


def test_known_customer_chooses_from_the_own_orders_only(desk: FakeDesk) -> None:
    desk.email = ANNA
    [said] = chat(desk).say("cancel my order", "cancel_order")
    assert [b["payload"] for b in said["buttons"]] == [NUMBER, OTHER]


def test_wrong_contact_and_unknown_number_are_answered_alike(desk: FakeDesk) -> None:
    replies = []
    for number in ("LO-100011", "LO-999999"):
        talk = chat(desk)
        said = talk.say("cancel", "cancel_order", order_number=number, email=ANNA)
        replies.append(
            [m.get("response") or m["text"].replace(number, "") for m in said]
        )
        assert talk.asked == "contact"
    assert replies[0] == replies[1]
    assert replies[0][0] == "utter_not_found_together"


def test_corrected_number_is_tried_with_the_contact_given_before(
    desk: FakeDesk,
) -> None:
    talk = chat(desk)
    talk.say("cancel", "cancel_order", order_number="LO-999999", email=ANNA)
    talk.say(NUMBER, order_number=NUMBER)
    assert talk.asked == "code"


def test_wrong_code_is_asked_again_and_a_new_one_can_be_sent(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say("cancel", "cancel_order", order_number=NUMBER, email=ANNA)
    said = talk.say("999999")
    assert said[0]["response"] == "utter_wrong_code"
    assert talk.asked == "code"
    desk.sent_to = ""
    talk.say("please send the code again", "ask_question")
    assert (talk.asked, desk.sent_to) == ("code", ANNA)


def test_question_in_the_middle_is_left_alone_and_asked_on_in_other_words(
    desk: FakeDesk,
) -> None:
    talk = at_confirmation(desk)
    first = talk.events[-1]["text"]
    assert talk.say("is cancelling free?", "ask_question") == []
    [again] = talk.back()
    assert again["text"].startswith("Back to cancelling your order:")
    assert first not in again["text"]
    talk.say("yes", "affirm")
    assert len(desk.confirmed) == 1


def test_rule_against_it_ends_the_task_and_offers_a_person(desk: FakeDesk) -> None:
    desk.email = ANNA
    desk.verdict = NotPossible("cancel_order", True, "shipped", "It has shipped.")
    talk = chat(desk)
    said = talk.say("cancel", "cancel_order", order_number=NUMBER)
    assert said[0]["text"] == "It has shipped."
    assert (talk.slots["offer"], desk.confirmed) == ("person", [])


def test_failed_write_may_be_confirmed_again(desk: FakeDesk) -> None:
    desk.answers = [Outcome("failed", "Our system did not answer.")]
    talk = at_confirmation(desk)
    talk.say("yes", "affirm")
    assert talk.slots["resumed"] == "cancellation_form"
    assert talk.slots["order_number"] == NUMBER


def test_after_three_misses_a_person_is_offered(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say("cancel my order", "cancel_order")
    for _ in range(3):
        said = talk.say("hm")
    assert said[0]["response"] == "utter_task_stuck"
    assert talk.slots["offer"] == "person"


@pytest.mark.parametrize(
    ("text", "last", "number", "opens"),
    [
        ("cancel it", "tracking_form", NUMBER, True),
        ("Please cancel that!", "tracking_form", NUMBER, True),
        ("cancel", "tracking_form", NUMBER, False),
        ("stop it", "tracking_form", NUMBER, False),
        ("cancel it", "tracking_form", None, False),
        ("cancel it", "search_form", NUMBER, False),
        ("cancel it", None, NUMBER, False),
    ],
)
def test_cancel_it_means_the_order_spoken_of_last(
    text: str, last: str | None, number: str | None, opens: bool
) -> None:
    events, said = stop(text, last, number)
    if opens:
        assert [e["name"] for e in events] == ["cancellation_form"]
        assert said == []
    else:
        assert events == []
        assert [each["response"] for each in said] == ["utter_stop"]


def stop(
    text: str, last: str | None, number: str | None
) -> tuple[list[Any], list[Any]]:
    """What a stop outside any task brings after this form."""
    loops = [{"event": "active_loop", "name": name} for name in (last, None)]
    tracker = Tracker(
        "anna",
        {"order_number": number},
        {"text": text, "intent": {"name": "stop"}},
        [{"event": "session_started"}, *loops, {"event": "user"}],
        False,
        None,
        {},
        "action_listen",
    )
    forms = {
        "tracking_form": {"required_slots": ["order_number", "contact"]},
        "search_form": {"required_slots": ["product_need"]},
    }
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ActionStop().run(dispatcher, tracker, {"forms": forms}))
    return events, dispatcher.messages
