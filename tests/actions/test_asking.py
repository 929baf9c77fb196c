from __future__ import annotations

from actions.asking import wording

FIRST, SECOND, THIRD = "Which order is it?", "Please type its number.", "The number?"


def test_usual_words_come_first() -> None:
    assert wording((FIRST, SECOND), []) == FIRST


def test_what_was_said_before_is_said_in_other_words() -> None:
    assert wording((FIRST, SECOND, THIRD), [FIRST]) == SECOND
    assert wording((FIRST, SECOND, THIRD), [SECOND, "Hello.", FIRST]) == THIRD


def test_lead_does_not_make_old_words_new() -> None:
    assert (
        wording((FIRST, SECOND), ["Back to your return: which order is it?"]) == SECOND
    )


def test_when_all_are_used_the_oldest_comes_back() -> None:
    assert wording((FIRST, SECOND, THIRD), [THIRD, SECOND, FIRST]) == FIRST
