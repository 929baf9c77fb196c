from __future__ import annotations

import pytest

from actions import warranties
from frontdesk.commerce.writes import ClaimWarranty
from tests.fakes_desk import ANNA, Chat, FakeDesk, item, order

NUMBER = "LO-100001"


@pytest.fixture
def desk() -> FakeDesk:
    items = item("1", "mira", "Mira 1.5"), item("2", "arden", "Arden S")
    return FakeDesk(order(NUMBER, ANNA, *items), signed_in=ANNA)


def claim(desk: FakeDesk, text: str) -> Chat:
    talk = Chat("warranty_form", desk, warranties)
    talk.say(text, "claim_warranty", order_number=NUMBER)
    return talk


def test_item_and_fault_are_asked_for_and_passed_on(desk: FakeDesk) -> None:
    talk = claim(desk, "I have a warranty claim")
    assert talk.asked == "claim_item"
    talk.say("the lamp")
    assert talk.asked == "claim_problem"
    talk.say("it flickers since Monday and hums", "nlu_fallback")
    assert talk.asked == "confirmed"
    problem = "it flickers since Monday and hums"
    assert desk.proposed == [ClaimWarranty(NUMBER, "2", problem)]


def test_item_named_at_the_start_is_not_asked_for(desk: FakeDesk) -> None:
    assert claim(desk, "my kettle broke").asked == "claim_problem"


def test_other_item_at_the_summary_is_shown_anew(desk: FakeDesk) -> None:
    talk = claim(desk, "my kettle broke")
    talk.say("it does not heat any more")
    talk.say("no, the lamp", "deny")
    assert talk.asked == "confirmed"
    assert desk.proposed[-1] == ClaimWarranty(NUMBER, "2", "it does not heat any more")


def test_question_is_no_description_of_a_fault(desk: FakeDesk) -> None:
    talk = claim(desk, "my kettle broke")
    assert talk.say("how long does a repair take?", "ask_question") == []
    assert talk.slots.get("claim_problem") is None
