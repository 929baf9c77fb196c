from __future__ import annotations

import asyncio

import pytest

from actions.items import find_items, named_items
from tests.fakes_desk import ANNA, FakeDesk, item, order

DESK = FakeDesk()
ORDER = order(
    "LO-1", ANNA, item("1", "mira", "Mira 1.5", 3), item("2", "arden", "Arden S")
)
ITEMS = asyncio.run(named_items(ORDER, DESK))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the kettle", {"1": None}),
        ("two of the kettles", {"1": 2}),
        ("the lamp and one of the kettles", {"2": None, "1": 1}),
        ("the lamp, not the kettle", {"2": None}),
        ("all of it", {"1": 3, "2": 1}),
        ("all of the kettles", {"1": 3}),
        ("the second item", {"2": None}),
        ("hello", None),
    ],
)
def test_items_are_found_by_what_they_are_called(
    text: str, found: dict[str, int | None] | None
) -> None:
    assert find_items(text, ITEMS) == found
