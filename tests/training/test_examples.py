"""Questions with labelled passages, from an organisation and its index."""

from __future__ import annotations

import random
import re
from pathlib import Path

from frontdesk.answering.reader import lay_out
from frontdesk.answering.sentences import Unit
from frontdesk.training.corpus import Organisation, Question, Turn
from frontdesk.training.examples import (
    Group,
    Labelled,
    elsewhere,
    misspelt,
    open_organisation,
    read_groups,
    with_gaps,
    without_support,
)
from tests.fakes_knowledge import FakeEncoder

FEES = """---
id: fees
title: "Fees"
url: https://example.org/fees
locale: en-GB
---
Sending money costs £3. Money sent before noon arrives the same day.
"""
CARDS = """---
id: cards
title: "Cards"
url: https://example.org/cards
locale: en-GB
---
A new card arrives within 5 days.
"""


def question(kind: str, text: str, support: tuple[str, ...]) -> Question:
    return Question(
        id=text,
        kind=kind,  # type: ignore[arg-type]
        turns=(Turn("user", text),),
        relevant=("fees",) if support else (),
        support=support,
        answer="",
        choices=(),
        hard_negatives=("cards",),
        altered=(),
    )


def test_the_passage_with_the_supporting_sentence_is_gold(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "fees.md").write_text(FEES)
    (articles / "cards.md").write_text(CARDS)
    asked = question("answerable", "what do I pay", ("Sending money costs £3.",))
    unknown = question("unanswerable", "do you sell stamps", ())
    retriever = open_organisation(tmp_path, FakeEncoder(), tmp_path / "index")
    organisation = Organisation("bank", (), (asked, unknown))
    first, second = read_groups(organisation, retriever)
    assert [(item.page.title, item.gold) for item in first.labelled] == [
        ("Fees", True),
        ("Cards", False),
    ]
    assert first.labelled[0].supports == (True, False)
    assert {item.gold for item in second.labelled} == {False}


def labelled(*supports: bool) -> Labelled:
    units = [Unit(f"Sentence {n}.", "", n) for n in range(len(supports))]
    return Labelled(lay_out("Fees", units), True, supports)


def test_a_passage_without_its_answer_stays_on_the_topic() -> None:
    silent = without_support(labelled(False, True, False))
    assert silent is not None
    assert silent.page.text == "Fees\nSentence 0.\nSentence 2."
    assert (silent.gold, silent.supports) == (False, (False, False))
    assert without_support(labelled(True)) is None


def test_gaps_never_take_the_answer() -> None:
    chance = random.Random(3)
    shown = [with_gaps(labelled(False, True, False), chance) for _ in range(100)]
    assert all(item.gold and sum(item.supports) == 1 for item in shown)
    assert {len(item.page.units) for item in shown} == {1, 2, 3}


def test_typos_leave_most_letters_as_they_are() -> None:
    chance = random.Random(3)
    text = "How long does a new card take to arrive?"
    typed = [misspelt(text, chance) for _ in range(200)]
    assert text in typed
    assert len(set(typed)) > 20
    assert all(len(text) - len(one) <= 4 for one in typed)


def test_names_and_figures_are_changed_everywhere_alike() -> None:
    units = [
        Unit("The fee for Roamer is £3.50 and for Wander £120.", "", 0),
        Unit("We open Roamer on Monday.", "", 1),
    ]
    page = lay_out("Roamer fees", units)
    asked = Group(
        "rail", "1", "answerable", "is roamer 120?", (Labelled(page, True, (True,)),)
    )
    chance = random.Random(3)
    changed = [elsewhere(asked, chance) for _ in range(20)]
    assert asked in changed
    for group in changed:
        (item,) = group.labelled
        said = re.fullmatch(
            r"The fee for (\w+) is £(\d)\.(\d0) and for (\w+) £(\d\d0)\.",
            item.page.units[0].text,
        )
        assert said is not None
        assert item.page.title == f"{said[1]} fees"
        assert item.page.units[1].text == f"We open {said[1]} on Monday."
        assert group.question == f"is {said[1].lower()} {said[5]}?"
        assert item.supports == (True,)
