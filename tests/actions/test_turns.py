from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.turns import numbers_before, page_product, read_turn, visitor_of

FORM = "return_form"


def turn(*events: dict[str, Any], **slots: Any) -> Tracker:
    message = {"text": "hm", "intent": {"name": "inform"}, "entities": []}
    return Tracker("anna", slots, message, list(events), False, None, {}, None)


def user(*numbers: str) -> dict[str, Any]:
    entities = [{"entity": "order_number", "value": n} for n in numbers]
    return {"event": "user", "text": "x", "parse_data": {"entities": entities}}


def loop(name: str | None) -> dict[str, Any]:
    return {"event": "active_loop", "name": name}


def test_form_that_was_just_activated_opens_and_knows_what_it_interrupts() -> None:
    found = read_turn(turn(loop("stock_form"), user(), loop(FORM)), FORM)
    assert (found.opens, found.interrupted) == (True, "stock_form")


def test_slot_requested_by_the_form_before_is_not_this_forms() -> None:
    tracker = turn(user(), loop(FORM), requested_slot="product")
    assert read_turn(tracker, FORM).requested is None


def test_form_that_rejected_this_message_reads_it_no_more() -> None:
    rejected = {"event": "action_execution_rejected", "name": FORM}
    assert read_turn(turn(loop(FORM), user(), rejected), FORM).digressed
    assert not read_turn(turn(loop(FORM), rejected, user()), FORM).digressed


def test_earlier_session_is_forgotten() -> None:
    started = {"event": "session_started"}
    tracker = turn(loop("stock_form"), user("LO-1"), started, user(), loop(FORM))
    assert read_turn(tracker, FORM).interrupted is None
    assert numbers_before(tracker.events) == []


def test_numbers_are_listed_newest_first_and_once() -> None:
    events = [user("LO-1"), user("LO-2"), user("LO-1")]
    assert numbers_before(events) == ["LO-1", "LO-2"]


def test_token_and_page_are_taken_only_as_text() -> None:
    tracker = turn()
    tracker.latest_message["metadata"] = {"identity_token": 7, "product_id": ["x"]}
    assert visitor_of(tracker).identity_token == ""
    assert page_product(tracker) == ""
    tracker.latest_message["metadata"] = {"identity_token": "t", "product_id": "mira"}
    assert visitor_of(tracker).identity_token == "t"
    assert page_product(tracker) == "mira"
