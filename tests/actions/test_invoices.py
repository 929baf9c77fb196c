from __future__ import annotations

from actions import invoices
from frontdesk.commerce.values import Invoice
from tests.fakes_desk import ANNA, NOW, Chat, FakeDesk, order, pounds

NUMBER = "LO-100001"
URL = "https://shop.example/invoices/7"


def told(desk: FakeDesk) -> str:
    talk = Chat("invoice_form", desk, invoices)
    [said] = talk.say("send the invoice", "get_invoice", order_number=NUMBER)
    return str(said["text"])


def test_invoice_is_given_as_a_link_to_its_owner() -> None:
    desk = FakeDesk(order(NUMBER, ANNA), signed_in=ANNA)
    desk.written = Invoice("INV-7", NUMBER, NOW, pounds("39.00"), URL)
    assert told(desk) == (
        f"Invoice INV-7 of 3 May 2026 for order LO-100001, £39.00: {URL}"
    )


def test_invoice_that_is_not_written_is_said_to_come() -> None:
    desk = FakeDesk(order(NUMBER, ANNA), signed_in=ANNA)
    assert "There is no invoice" in told(desk)


def test_nobody_else_gets_the_link() -> None:
    desk = FakeDesk(order(NUMBER, ANNA))
    desk.written = Invoice("INV-7", NUMBER, NOW, pounds("39.00"), URL)
    assert URL not in told(desk)
