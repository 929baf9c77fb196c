from __future__ import annotations

from dataclasses import replace

import pytest

from actions import refunds
from frontdesk.commerce.values import Refund, Return
from tests.fakes_desk import ANNA, NOW, Chat, FakeDesk, order, pounds

NUMBER = "LO-100001"
REFUND = Refund("R1", NUMBER, pounds("39.00"), "pending", "card", NOW)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(order(NUMBER, ANNA), signed_in=ANNA)


def told(desk: FakeDesk) -> str:
    talk = Chat("refund_form", desk, refunds)
    [said] = talk.say("where is my refund", "refund_status", order_number=NUMBER)
    return str(said["text"])


def test_started_refund_is_told_with_amount_and_way(desk: FakeDesk) -> None:
    desk.refunded = (REFUND,)
    text = told(desk)
    assert text == "A refund of £39.00 to your card was started on 3 May 2026."


def test_settled_refund_is_told_with_its_day(desk: FakeDesk) -> None:
    desk.refunded = (replace(REFUND, status="done", settled_at=NOW),)
    assert told(desk).startswith("We paid £39.00 back to your card on 3 May 2026.")


def test_failed_refund_leads_to_a_person(desk: FakeDesk) -> None:
    desk.refunded = (replace(REFUND, status="failed"),)
    assert "talk to a person" in told(desk)


def test_without_a_refund_the_return_is_told(desk: FakeDesk) -> None:
    desk.returned = (Return("RT-1", NUMBER, "return", "in_transit", (), NOW),)
    assert told(desk) == (
        "There is no refund for order LO-100001 yet. "
        "Your return RT-1 of 3 May 2026 is on its way to us."
    )


def test_somebody_who_is_not_verified_is_told_no_amount(desk: FakeDesk) -> None:
    desk.refunded = (REFUND,)
    desk.email = ""
    assert "39" not in told(desk)
