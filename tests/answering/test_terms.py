from __future__ import annotations

from frontdesk.answering.terms import is_number, name_terms, terms


def test_irregular_forms_and_number_words_meet_their_base() -> None:
    assert terms("We sent three boxes") == terms("We send 3 boxes")


def test_small_words_are_no_terms() -> None:
    assert terms("It must not be only for you") == []


def test_a_capital_that_stands_alone_has_a_term_of_its_own() -> None:
    assert terms("grade B goods") == ["grade", "b", "good", "~b"]


def test_names_are_capitals_inside_sentences_with_their_model_numbers() -> None:
    assert name_terms("The Norvik Dry 9 has error E18.") >= {"norvik", "dri", "9", "18"}


def test_an_amount_after_a_name_is_no_name() -> None:
    assert name_terms("Fill the Halden 12 kg at most") == frozenset({"halden"})


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert name_terms("Returns are free.") == frozenset()


def test_numbers_are_told_from_words() -> None:
    assert is_number("30")
    assert not is_number("~b")
