from __future__ import annotations

import pytest

from actions import reading


@pytest.mark.parametrize("text", ["yes", "Yes, please", "ok do it", "go ahead", "yep"])
def test_yes_is_a_yes(text: str) -> None:
    assert reading.is_yes(text, "inform")


@pytest.mark.parametrize(
    ("text", "intent"),
    [("yes, but not that", "affirm"), ("no", "affirm"), ("yes?", "affirm"),
     ("hm", "inform"), ("actually yes wait", "affirm")],
)  # fmt: skip
def test_anything_less_is_no_yes(text: str, intent: str) -> None:
    assert not reading.is_yes(text, intent)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("07700 900123", "07700 900123"), ("call +44 7700 900123", "+44 7700 900123"),
     ("LO-104233", None), ("123456", None), ("order 104233", None)],
)  # fmt: skip
def test_phone_numbers_are_told_from_order_numbers(
    text: str, expected: str | None
) -> None:
    assert reading.find_phone(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("123456", "123456"), ("the code is 123 456.", "123456"), ("12345", None),
     ("1234567", None), ("LO-123456", None)],
)  # fmt: skip
def test_codes_have_six_digits(text: str, expected: str | None) -> None:
    assert reading.find_code(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("two of the lamps", 2), ("3", 3), ("only one", 1), ("the black one", None),
     ("one", 1), ("the 45 cm one", None), ("a kettle", None)],
)  # fmt: skip
def test_quantities(text: str, expected: int | None) -> None:
    assert reading.find_quantity(text) == expected


@pytest.mark.parametrize(
    "text", ["no, the other order", "the other one", "not that order", "wrong order"]
)
def test_other_order_is_wanted(text: str) -> None:
    assert reading.wants_other_order(text)


def test_longest_phrase_chooses() -> None:
    choices = {"out": ["un-?subscribe"], "in": ["subscribe"]}
    assert reading.find_choice("please unsubscribe me", choices) == "out"
    assert reading.find_choice("subscribe me", choices) == "in"
    assert reading.find_choice("hello", choices) is None


@pytest.mark.parametrize("text", ["how long does it take", "is it free?", "and can I"])
def test_questions_are_told_by_their_form(text: str) -> None:
    assert reading.is_question(text)


def test_words_are_singular_and_lower_case() -> None:
    assert reading.words_of("The Glasses and 2 Lamps") == [
        "the", "glasse", "and", "2", "lamp"
    ]  # fmt: skip
