"""What the verifier is shown, and that it learns it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from frontdesk.answering.verifier import Pair
from frontdesk.training.corpus import Alteration, Organisation, Question, Turn
from frontdesk.training.verifier import (
    Config,
    Statement,
    measure,
    read_statements,
    train,
    with_changes,
)
from tests.fakes_answering import FakeRetriever, passage

KAYAK = passage("kayak", "Kayaks", "A kayak costs £12 an hour. Wear a vest.")
SAUNA = passage("sauna", "Sauna", "The sauna is open on Sunday. Bring a towel.")
ASKED = Question(
    "1",
    "answerable",
    (Turn("user", "what is a kayak"),),
    ("kayak",),
    ("A kayak costs £12 an hour.",),
    "It costs £12 an hour. Wear a vest.",
    (),
    (),
    (Alteration("It costs £21 an hour. Wear a vest.", "number", "£21"),),
)


def read(*questions: Question) -> list[Statement]:
    organisation = Organisation("boats", (), questions)
    found = read_statements(organisation, FakeRetriever([KAYAK, SAUNA]))
    return [statement for claims in found for statement in claims]


def test_claims_of_the_answer_are_right_and_the_altered_one_is_wrong() -> None:
    told = [(s.pair.claim, s.wrong, s.span) for s in read(ASKED)]
    assert told == [
        ("It costs £12 an hour.", False, None),
        ("Wear a vest.", False, None),
        ("It costs £21 an hour.", True, (9, 12)),
    ]
    for statement in read(ASKED):
        assert statement.pair.question == "what is a kayak"
        assert "A kayak costs £12 an hour." in statement.pair.text


def test_an_epoch_holds_changed_copied_and_strange_claims() -> None:
    given = read(ASKED) * 40
    shown = with_changes(given, Config(), random.Random(1))
    right = {s.pair.claim for s in shown if not s.wrong}
    assert {"It costs £12 an hour.", "Wear a vest."} < right
    assert "A kayak costs £12 an hour. Wear a vest." not in right
    changed = [s for s in shown if s.wrong and s.span and "£21" not in s.pair.claim]
    assert changed
    assert not {s.pair.claim for s in changed} & right
    assert 0.2 < sum(not s.pair.question for s in shown) / len(shown) < 0.6


def test_it_learns_and_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    texts = [f"Plans\nPlan {n} costs £{n}." for n in range(10, 30)]
    given = [
        statement
        for text in texts
        for statement in (
            Statement(Pair(text.split("\n")[1], text), False),
            Statement(Pair("Plan 7 is sold out.", text), True, (5, 6)),
        )
    ]
    config = Config(epochs=3, claims=2, threads=1, copied=0.0)
    partial = tmp_path / "partial"

    def cut_off(line: str) -> None:
        if line.startswith("step 100 "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(given, config, tmp_path / "new", None, None, partial, cut_off)
    told: list[str] = []
    train(given, config, tmp_path / "new", None, None, partial, told.append)
    assert told[0].startswith("step 100 ")
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert (manifest["start"], manifest["claims"]) == ("encoder", len(given))
    assert measure(tmp_path / "new", given) > 0.9
    assert not partial.exists()
