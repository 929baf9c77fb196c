from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actions import stock
from frontdesk.commerce.decisions import ALLOWED
from frontdesk.commerce.facts import gather
from frontdesk.commerce.views import proposal_text
from frontdesk.commerce.writes import NotifyBackInStock
from tests.fakes_desk import ANNA, CODE, NOW, Chat, FakeDesk, product

TARN = {"entity": "product", "value": "Tarn Long", "product_id": "tarn"}
MIRA = {"entity": "product", "value": "Mira 1.5", "product_id": "mira"}


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


def ask(desk: FakeDesk, text: str, *found: dict[str, Any]) -> tuple[Chat, list[Any]]:
    talk = Chat("stock_form", desk, stock)
    return talk, talk.say(text, "check_stock", found=found)


def test_what_is_there_is_told_at_once(desk: FakeDesk) -> None:
    talk, said = ask(desk, "is the Mira 1.5 in stock", MIRA)
    assert said[0]["text"].startswith("Yes, Mira 1.5 is in stock. It costs £39.00")
    assert talk.asked is None


def test_only_the_colour_asked_for_counts(desk: FakeDesk) -> None:
    _, said = ask(desk, "is the Mira 1.5 in stock in sage", MIRA)
    assert "only 3 left" in said[0]["text"]


def test_colours_are_told_apart_without_the_product_name(desk: FakeDesk) -> None:
    some = product("x", "Mira X", "Kettles", "9.00", {"sage": 9, "red": 9, "tan": 0})
    text = stock.stock_text(some, some.variants)
    assert text.startswith("Yes, Mira X is in stock in sage and red, but not in tan. ")


def test_notice_needs_a_wish_an_address_that_is_read_and_a_yes(
    desk: FakeDesk,
) -> None:
    talk, said = ask(desk, "is the Tarn Long in stock", TARN)
    assert said[0]["text"] == "Tarn Long is out of stock."
    assert talk.asked == "notice"
    talk.say("yes please", "affirm")
    assert talk.asked == "contact"
    talk.say(ANNA, email=ANNA)
    assert talk.asked == "code"
    talk.say(CODE)
    assert desk.proposed == [NotifyBackInStock("tarn-steel", ANNA, "tarn")]
    assert desk.confirmed == []
    talk.say("yes", "affirm")
    assert len(desk.confirmed) == 1


def test_notice_names_what_the_customer_would_call_it(desk: FakeDesk) -> None:
    talk, _ = ask(desk, "is the Tarn Long in stock", TARN)
    talk.say("yes please", "affirm")
    talk.say(ANNA, email=ANNA)
    talk.say(CODE)
    (write,) = desk.proposed
    facts = asyncio.run(gather(desk, write, None, NOW))  # type: ignore[arg-type]
    shown = proposal_text(write, facts, ALLOWED)
    assert "when Tarn Long steel is back in stock" in shown
    assert "tarn-steel" not in shown


def test_no_to_the_notice_ends_it(desk: FakeDesk) -> None:
    talk, _ = ask(desk, "is the Tarn Long in stock", TARN)
    talk.say("no thanks", "deny")
    assert (talk.asked, desk.proposed) == (None, [])


def test_kind_of_thing_with_one_product_is_enough(desk: FakeDesk) -> None:
    _, said = ask(desk, "is the toaster in stock")
    assert said[0]["text"] == "Tarn Long is out of stock."


def test_several_products_that_fit_are_offered(desk: FakeDesk) -> None:
    talk, said = ask(desk, "is the dishwasher in stock")
    assert talk.asked == "product"
    assert len(said[0]["buttons"]) == 4
