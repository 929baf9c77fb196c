import numpy as np
import pytest

from frontdesk.knowledge.documents import Passage
from frontdesk.knowledge.lexical import LexicalIndex
from frontdesk.knowledge.names import Names

TITLES = [
    "Halden 60: noise",
    "Halden 60: doors",
    "Halden 60 Quiet: noise",
    "Halden 60 Quiet: doors",
    "Acorn Guest House: parking",
    "Acorn Guest House: breakfast",
    "Oak Guest House: parking",
    "Oak Guest House: breakfast",
    "Delivery",
]


def passage(title: str, row: int, text: str = "It is so.") -> Passage:
    return Passage(f"{row}#0", str(row), title, (title,), text, 0)


@pytest.fixture
def names() -> Names:
    passages = [passage(title, row) for row, title in enumerate(TITLES)]
    lexicon = LexicalIndex.build([(title, "It is so.") for title in TITLES])
    return Names(passages, lexicon)


def best(names: Names, text: str) -> set[str]:
    """Titles of the passages most under discussion."""
    found = names.of_passages(names.mentions(text))
    return {
        title
        for title, value in zip(TITLES, found, strict=True)
        if value and value == found.max()
    }


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("how loud is the halden 60?", {TITLES[0], TITLES[1]}),
        ("how loud is the Halden 60 Quiet?", {TITLES[2], TITLES[3]}),
        ("is the quiet Halden 60 in stock", {TITLES[2], TITLES[3]}),
        ("does the Acorn have parking", {TITLES[4], TITLES[5]}),
        ("the acorn guesthouse", {TITLES[4], TITLES[5]}),
        ("a guest house please", set()),
        ("do you deliver?", set()),
    ],
)
def test_a_message_mentions_the_name_it_means(
    names: Names, message: str, expected: set[str]
) -> None:
    assert best(names, message) == expected


def test_two_names_in_one_message_are_both_mentioned(names: Names) -> None:
    found = names.of_passages(names.mentions("the Acorn or the Oak Guest House?"))

    assert (found[4:8] > 0.9).all()


def test_passages_without_a_name_are_not_owned(names: Names) -> None:
    assert names.owned.tolist() == [1.0] * 8 + [0.0]


def test_a_document_may_name_its_subject_in_its_text() -> None:
    text = "Your Blue Plan is free. To leave, cancel your Blue Plan online."
    titles = ["How to pay", "How to leave", "How to move"]
    passages = [passage(title, row, text) for row, title in enumerate(titles)]
    passages += [passage(f"Other {row}", row, "Nothing here.") for row in range(3, 20)]
    lexicon = LexicalIndex.build([(p.title, p.text) for p in passages])

    names = Names(passages, lexicon)

    found = names.of_passages(names.mentions("cancel the blue plan"))
    assert np.flatnonzero(found).tolist() == [0, 1, 2]


def test_an_index_without_names_has_no_mentions() -> None:
    names = Names([passage("Delivery", 0)], LexicalIndex.build([("Delivery", "")]))

    assert names.mentions("anything").shape == (0,)
    assert names.of_passages(names.mentions("anything")).tolist() == [0.0]
