from __future__ import annotations

from actions import reorders
from frontdesk.commerce.writes import Reorder
from tests.fakes_desk import ANNA, Chat, FakeDesk, order

NUMBER = "LO-100001"


def test_order_is_repeated_after_a_yes_only() -> None:
    desk = FakeDesk(order(NUMBER, ANNA), signed_in=ANNA)
    talk = Chat("reorder_form", desk, reorders)
    talk.say("the same again", "reorder")
    assert talk.asked == "order_number"
    talk.say(NUMBER, order_number=NUMBER)
    assert (desk.proposed, desk.confirmed) == ([Reorder(NUMBER)], [])
    talk.say("yes", "affirm")
    assert len(desk.confirmed) == 1


def test_other_order_is_shown_anew() -> None:
    desk = FakeDesk(order(NUMBER, ANNA), order("LO-100002", ANNA), signed_in=ANNA)
    talk = Chat("reorder_form", desk, reorders)
    talk.say("the same again", "reorder", order_number=NUMBER)
    talk.say("no, LO-100002", order_number="LO-100002")
    assert desk.proposed[-1] == Reorder("LO-100002")
    assert desk.confirmed == []
