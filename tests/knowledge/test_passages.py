import re

import pytest

from frontdesk.knowledge.documents import Document
from frontdesk.knowledge.passages import sentences, split_document
from tests.fakes_knowledge import FakeEncoder

ENCODER = FakeEncoder()


def split(text: str, title: str = "Delivery", target: int = 40) -> list[str]:
    document = Document("d", title, text, "d.md")
    return [
        passage.text
        for passage in split_document(
            document, ENCODER.count_tokens, ENCODER.max_tokens, target
        )
    ]


def words(count: int, name: str = "word") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


def test_a_short_document_is_one_passage() -> None:
    assert split("We deliver.\n\nIt is free.") == ["We deliver.\n\nIt is free."]


def test_passages_know_document_position_and_headings() -> None:
    text = f"## Price\n\n{words(30)}\n\n## Time\n\n### Islands\n\n{words(30)}"
    document = Document("d", "Delivery", text, "d.md", url="https://x.example/d")

    first, second = split_document(document, ENCODER.count_tokens, 64, 40)

    assert (first.id, first.title_path) == ("d#0", ("Delivery", "Price"))
    assert (second.id, second.title_path) == ("d#1", ("Delivery", "Time", "Islands"))
    assert second.url == "https://x.example/d"


def test_small_sections_share_a_passage_and_keep_their_headings() -> None:
    assert split("## Price\n\nFree.\n\n## Time\n\nTwo days.") == [
        "## Price\nFree.\n## Time\nTwo days."
    ]


def test_an_answer_stays_with_its_question() -> None:
    text = f"{words(30)}\n\nDo you deliver to Wales?\n\n{words(8, 'yes')}"

    assert split(text) == [
        words(30),
        f"Do you deliver to Wales?\n\n{words(8, 'yes')}",
    ]


def test_a_list_stays_with_the_line_that_introduces_it() -> None:
    text = f"{words(30)}\n\nWe take:\n- cash for small orders\n- cards for all others"

    assert split(text)[1].startswith("We take:\n")


def test_a_list_item_is_not_cut() -> None:
    items = [f"- {words(12, name)}" for name in "abcdef"]

    for passage in split("\n".join(items)):
        assert set(passage.split("\n")) <= set(items)


def test_indented_items_stay_with_the_item_above_them() -> None:
    tiers = "\n".join(
        f"- {words(3, name)}" + f"\n  - {words(5, name)}" * 3
        for name in ("oak", "elm", "fir")
    )

    for passage in split(tiers):
        assert not passage.startswith("  -")


def test_a_table_that_fits_stays_whole() -> None:
    table = "| Service | Price |\n| --- | --- |\n| Express | 6.95 |"

    assert split(f"{words(20)}\n\n{table}", target=50)[-1].endswith(table)


def test_a_long_table_is_split_by_rows_below_its_header() -> None:
    header = "| Service | Price |\n| --- | --- |"
    rows = [f"| service {number} | {number} pounds |" for number in range(12)]

    found = split("\n".join([header, *rows]))

    assert len(found) > 1
    assert all(passage.startswith(header) for passage in found)
    assert [row for p in found for row in p.split("\n")[2:]] == rows


def test_a_long_paragraph_is_cut_between_sentences_with_a_short_overlap() -> None:
    text = " ".join(f"Number {name} is {words(12, name)}." for name in "abcdef")

    first, second, *_ = split(text)

    assert first.endswith(".")
    assert second.startswith("Number ")
    assert first.split(". ")[-1] == second.split(". ")[0] + "."


@pytest.mark.parametrize("text", [words(500), "x" * 5000, "a. " * 400])
def test_no_passage_is_longer_than_the_encoder_reads(text: str) -> None:
    document = Document("d", words(60, "title"), text, "d.md")
    found = split_document(document, ENCODER.count_tokens, 64, 400)

    assert len(found) >= 1
    if " " in text:
        assert all(ENCODER.count_tokens(passage.text) + 21 <= 64 for passage in found)


def test_every_word_of_a_document_is_in_a_passage() -> None:
    text = (
        f"{words(50, 'a')}. {words(50, 'b')}.\n\n## Head\n- {words(90, 'c')}\n"
        f"- {words(5, 'd')}\n\nWhy?\n\n{words(100, 'e')}\n\n```\n{words(9, 'f')}\n```"
    )

    kept = set(re.findall(r"\w+", "\n".join(split(text))))

    assert set(re.findall(r"\w+", text)) - kept <= {"Head"}


def test_a_document_without_text_is_found_by_its_title() -> None:
    assert split("") == [""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is free. We pay.", ["It is free.", "We pay."]),
        ("Costs £3.95 e.g. for lamps.", ["Costs £3.95 e.g. for lamps."]),
        ("Ask Mr. Oak. He knows!", ["Ask Mr. Oak.", "He knows!"]),
        ("- one\n- two", ["- one", "- two"]),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        ("", []),
    ],
)
def test_sentences_end_where_readers_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
