from __future__ import annotations

import pytest

from frontdesk.answering import polarity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You can return it.", 1.0),
        ("You can't return it.", -1.0),
        ("There is no fee.", -1.0),
        ("It weighs no more than 5 kg.", 1.0),
        ("We never refuse.", 1.0),
        ("Sold only in shops.", 0.3),
    ],
)
def test_sign_counts_negating_words(text: str, expected: float) -> None:
    assert polarity.sign(text) == expected


def test_denied_are_the_next_words_of_the_clause() -> None:
    assert polarity.denied("We do not wrap sofas, but we wrap lamps.") == {
        "wrap",
        "sofa",
    }


def test_even_if_frees_from_a_condition() -> None:
    claim = "You may return it even if it is damaged."
    assert polarity.freed(claim, "You may return it if it is undamaged.") == 1


def test_what_the_evidence_frees_too_is_not_counted() -> None:
    assert polarity.freed("Every shop is open.", "All shops are open.") == 0


def test_also_widens() -> None:
    assert polarity.widened("It also fits the 7.", "It fits the 8.") == 1


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("chips on the outside", "chips on the inside"),
        ("pay before delivery", "pay after delivery"),
        ("the seal is broken", "the seal is unbroken"),
    ],
)
def test_opposite_words_are_counted(claim: str, evidence: str) -> None:
    assert polarity.opposites(claim, evidence) >= 1


def test_the_same_words_are_no_opposites() -> None:
    assert polarity.opposites("pay before delivery", "pay before delivery") == 0
