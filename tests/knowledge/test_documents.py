from dataclasses import replace
from datetime import date

import pytest

from frontdesk.knowledge.documents import (
    Document,
    Filters,
    Passage,
    clean_line,
    clean_text,
)

PASSAGE = Passage(
    id="returns#0",
    document_id="returns",
    title="Returns",
    title_path=("Returns", "Time limit"),
    text="You have 30 days.",
    position=0,
    valid_from=date(2026, 1, 1),
    valid_to=date(2026, 12, 31),
    products=("lamp",),
    locale="en-GB",
)
TODAY = date(2026, 6, 1)


def test_text_is_composed_and_control_characters_and_surrogates_are_gone() -> None:
    assert clean_text("cafe\u0301\x00 \ud800a\r\nb\rc\ufeff") == "café a\nb\nc"


def test_a_line_is_single_spaced() -> None:
    assert clean_line("  a\n b \u00a0 c ") == "a b c"


def test_the_encoder_sees_the_title_path_above_the_text() -> None:
    assert PASSAGE.encoded_text == "Returns - Time limit\nYou have 30 days."


def test_a_passage_survives_json() -> None:
    assert Passage.from_json(PASSAGE.to_json()) == PASSAGE


def test_the_content_hash_changes_with_the_text_and_not_with_the_path() -> None:
    document = Document("a", "A", "text", "a.md")

    assert document.content_hash() == replace(document, source="b.md").content_hash()
    assert document.content_hash() != replace(document, text="other").content_hash()


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (Filters(today=TODAY), True),
        (Filters(today=date(2025, 12, 31)), False),
        (Filters(today=date(2027, 1, 1)), False),
        (Filters(today=date(2026, 12, 31)), True),
        (Filters(today=TODAY, locale="en"), True),
        (Filters(today=TODAY, locale="EN-gb"), True),
        (Filters(today=TODAY, locale="de"), False),
        (Filters(today=TODAY, products=frozenset({"lamp"})), True),
        (Filters(today=TODAY, products=frozenset({"desk"})), False),
        (Filters(today=TODAY, audience=frozenset({"internal"})), False),
    ],
)
def test_filters_allow_what_fits(filters: Filters, allowed: bool) -> None:
    assert filters.allow(PASSAGE) is allowed


def test_a_passage_without_products_passes_every_product_filter() -> None:
    filters = Filters(today=TODAY, products=frozenset({"desk"}))

    assert filters.allow(replace(PASSAGE, products=()))


def test_internal_passages_are_hidden_by_default() -> None:
    assert not Filters(today=TODAY).allow(replace(PASSAGE, audience="internal"))
