from __future__ import annotations

import pytest

from frontdesk.answering import facts
from frontdesk.answering.facts import Quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("within 30 days", [Quantity(30.0, "day")]),
        ("three working days", [Quantity(3.0, "day")]),
        ("£1,250.50 in all", [Quantity(1250.5, "gbp")]),
        ("15 lb", [Quantity(15.0, "lb")]),
        ("12 equal monthly payments", [Quantity(12.0, "month")]),
        ("up to the fifth floor", [Quantity(5.0, "place")]),
        ("on the 3rd of May", [Quantity(3.0, "place")]),
        ("the Sofa 2", [Quantity(2.0, "")]),
        ("one of them", []),
    ],
)
def test_quantities_carry_their_unit(text: str, expected: list[Quantity]) -> None:
    assert facts.quantities(text) == expected


def test_other_units_are_other_quantities() -> None:
    minutes, hours = facts.quantities("30 minutes"), facts.quantities("30 hours")
    assert minutes != hours


def test_units_are_told_from_other_words() -> None:
    assert facts.is_unit("kg")
    assert facts.is_unit("Days")
    assert not facts.is_unit("sofas")


def test_content_stems_leave_out_small_words_and_keep_numbers() -> None:
    assert facts.content_stems("You can return it within 1,000 days") == [
        "return",
        "within",
        "1000",
        "day",
    ]


def test_names_are_capitals_inside_a_sentence_and_codes() -> None:
    found = facts.names("Send the Halden Mini back with code E24.")
    assert set(found) == {"halden", "mini", "e24"}


def test_negations_and_conditions_are_found() -> None:
    assert facts.negations("We don't, and never will.") == 2
    assert facts.conditions("Only if you ask before noon") == ["only", "if", "before"]
