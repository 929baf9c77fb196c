"""One fact of a sentence gives way to another one."""

from __future__ import annotations

import random

import pytest

from frontdesk.training.alterations import alter

PASSAGE = (
    "The Halden Mini costs £30 and comes within 5 days. For the Halden Mini and the "
    "Torvik Grand the deposit is 40 pounds, from Monday on."
)


def outcomes(sentence: str, passage: str = PASSAGE) -> set[str]:
    found = (alter(sentence, passage, random.Random(seed)) for seed in range(300))
    return {altered.text for altered in found if altered}


def test_the_span_is_what_is_new() -> None:
    sentence = "You can return the Halden Mini within 5 days on Monday."
    for seed in range(200):
        altered = alter(sentence, PASSAGE, random.Random(seed))
        assert altered is not None
        begin, end = altered.span
        assert altered.text != sentence
        assert altered.text[:begin] == sentence[:begin]
        assert sentence.endswith(altered.text[end:])


@pytest.mark.parametrize(
    ("sentence", "changed"),
    [
        ("It costs 30.", "It costs 40."),
        ("Take the Halden Mini.", "Take the Torvik Grand."),
        ("It takes 5 days.", "It takes 5 weeks."),
        ("Come before noon.", "Come after noon."),
        ("It is not sold.", "It is sold."),
        ("Open on Monday.", "Open on Friday."),
        ("Yes, we do.", "No, we do."),
        ("No. It stays.", "Yes. It stays."),
    ],
)
def test_numbers_names_units_days_and_limits_are_changed(
    sentence: str, changed: str
) -> None:
    assert changed in outcomes(sentence)


def test_where_nothing_can_be_changed_nothing_is() -> None:
    assert outcomes("Hm.") == set()


def test_the_same_draw_gives_the_same_change() -> None:
    text = "The Halden Mini comes within 5 days."
    first, second = (alter(text, PASSAGE, random.Random(3)) for _ in range(2))
    assert first == second
