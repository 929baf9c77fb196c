from __future__ import annotations

from typing import Any

import pytest

from actions import products
from tests.fakes_desk import Chat, FakeDesk


def search(text: str, **slots: Any) -> tuple[Chat, list[dict[str, Any]]]:
    talk = Chat("search_form", FakeDesk(), products, **slots)
    return talk, talk.say(text, "search_products")


def shown(said: list[dict[str, Any]]) -> list[str]:
    return [product["id"] for product in said[0]["custom"]["products"]]


def test_need_and_budget_are_met_and_the_quietest_comes_first() -> None:
    _, said = search("quiet dishwasher under 500")
    assert shown(said) == ["halden-60", "halden-45", "halden-b"]
    assert "Halden 60: £399.00" in said[0]["text"]


def test_width_is_a_limit_and_what_is_sold_out_comes_last() -> None:
    _, said = search("quiet dishwasher under 500 that fits 45 cm")
    assert shown(said) == ["halden-45", "halden-b"]
    assert "(out of stock)" in said[0]["text"]


def test_later_message_narrows_the_search_before() -> None:
    talk, _ = search("a dishwasher")
    said = talk.say("under 400 please", "search_products")
    assert shown(said) == ["halden-45", "halden-60"]


def test_budget_that_nothing_meets_shows_what_comes_closest() -> None:
    _, said = search("dishwasher under 100")
    assert said[0]["text"].startswith("Nothing fits that budget.")
    assert shown(said)[0] == "halden-45"


def test_unknown_kind_of_thing_is_asked_for() -> None:
    talk, said = search("I need a present")
    assert talk.asked == "product_need"
    assert said[0]["buttons"][0] == {
        "title": "Lighting",
        "payload": "Show me lighting",
    }


def test_the_first_two_of_the_list_are_compared_side_by_side() -> None:
    talk, _ = search("dishwashers under 500")
    [said] = talk.say("compare the first two", "search_products")
    card = said["custom"]
    assert card["type"] == "comparison"
    assert card["columns"] == ["Halden 45", "Halden 60"]
    assert ["Width", "45 cm", "60 cm"] in card["rows"]
    assert "- Price: £349.00 / £399.00" in said["text"]


@pytest.mark.parametrize("text", ["compare Mira and Halden"])
def test_named_products_are_compared(text: str) -> None:
    talk = Chat("search_form", FakeDesk(), products)
    entities = [
        {"entity": "product", "value": "Mira 1.5", "product_id": "mira"},
        {"entity": "product", "value": "Halden 45", "product_id": "halden-45"},
    ]
    [said] = talk.say(text, "search_products", found=entities)
    assert said["custom"]["columns"] == ["Mira 1.5", "Halden 45"]
