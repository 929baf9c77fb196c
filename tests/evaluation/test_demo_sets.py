import csv
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from frontdesk.evaluation.scoring import matches

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "frontdesk" / "evaluation" / "demo"
KB = ROOT / "kb"
ANSWER_SETS = {
    "answers_tune": {
        "answerable": 80,
        "unanswerable": 35,
        "underspecified": 30,
        "followup": 15,
    },
    "answers": {
        "answerable": 100,
        "unanswerable": 45,
        "underspecified": 45,
        "followup": 30,
    },
}
EXPECTED = {
    "answerable": "answer",
    "followup": "answer",
    "unanswerable": "abstain",
    "underspecified": "ask",
}
ALTERATIONS = {"number", "negation", "condition", "name", "unit"}


@cache
def rows(name: str) -> tuple[dict[str, Any], ...]:
    lines = (DEMO / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


@cache
def documents() -> dict[str, str]:
    """Returns the text of every document of the knowledge by its id."""
    texts = {}
    for path in KB.rglob("*.md"):
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        texts[yaml.safe_load(front)["id"]] = body
    with (KB / "products" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            specifications = row.pop("specifications").replace("; ", "\n")
            identifier = row.pop("id")
            row["price_gbp"] = f"£{row['price_gbp']}"
            texts[identifier] = "\n".join([*row.values(), specifications])
    return texts


def statements(text: str) -> list[str]:
    """Returns the sentences and table rows that an answer could quote."""
    found: list[str] = []
    for line in text.splitlines():
        found += [line] if line.startswith("|") else re.split(r"(?<=[.!?]) ", line)
    return [statement for statement in found if statement.strip()]


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_every_kind_of_question_is_there(name: str) -> None:
    counts = Counter(row["kind"] for row in rows(name))
    assert set(counts) == set(EXPECTED)
    assert all(counts[kind] >= least for kind, least in ANSWER_SETS[name].items())


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_questions_have_the_form_of_the_public_sets(name: str) -> None:
    for row in rows(name):
        assert set(row) == {
            *("id", "kind", "turns", "relevant", "facts", "wrong", "expect", "note")
        }, row["id"]
        assert row["expect"] == EXPECTED[row["kind"]], row["id"]
        speakers = [turn["role"] for turn in row["turns"]]
        assert speakers == (["user", "bot"] * len(speakers))[: len(speakers)], row["id"]
        assert speakers[-1] == "user", row["id"]
        assert (len(speakers) > 1) == (row["kind"] == "followup"), row["id"]
        assert all(turn["text"].strip() for turn in row["turns"]), row["id"]


def test_question_ids_and_wordings_are_used_once() -> None:
    everything = [row for name in ANSWER_SETS for row in rows(name)]
    assert len({row["id"] for row in everything}) == len(everything)
    asked = {tuple(turn["text"].lower() for turn in row["turns"]) for row in everything}
    assert len(asked) == len(everything)


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_relevant_documents_exist(name: str) -> None:
    for row in rows(name):
        assert set(row["relevant"]) <= set(documents()), row["id"]
        assert bool(row["relevant"]) == (row["kind"] != "unanswerable"), row["id"]


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_every_fact_can_be_quoted_without_a_wrong_string(name: str) -> None:
    for row in rows(name):
        if row["expect"] != "answer":
            continue
        quotable = [
            statement
            for document in row["relevant"]
            for statement in statements(documents()[document])
            if not any(matches(wrong, statement) for wrong in row["wrong"])
        ]
        assert row["facts"], row["id"]
        for group in row["facts"]:
            assert any(
                matches(string, statement) for string in group for statement in quotable
            ), f"{row['id']}: {group}"


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_choices_of_underspecified_questions_stand_in_the_knowledge(name: str) -> None:
    for row in rows(name):
        if row["expect"] != "ask":
            continue
        asking, choices = row["facts"]
        assert asking and len(choices) >= 2, row["id"]
        for choice in choices:
            assert any(matches(choice, text) for text in documents().values()), (
                f"{row['id']}: {choice}"
            )


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_unanswerable_questions_say_why(name: str) -> None:
    for row in rows(name):
        if row["expect"] == "abstain":
            assert row["note"] and not row["facts"] and not row["wrong"], row["id"]


def test_pairs_are_a_supported_reply_and_its_altered_twin() -> None:
    pairs = rows("pairs")
    assert len(pairs) >= 320
    assert len({row["id"] for row in pairs}) == len(pairs)
    for supported, altered in zip(pairs[::2], pairs[1::2], strict=True):
        assert supported["id"][:-1] == altered["id"][:-1]
        assert (supported["label"], altered["label"]) == ("supported", "altered")
        assert supported["passage"] == altered["passage"]
        assert supported["reply"] != altered["reply"]
        assert supported["alteration"] == "" and altered["alteration"] in ALTERATIONS


def test_alterations_are_balanced() -> None:
    counts = Counter(row["alteration"] for row in rows("pairs") if row["alteration"])
    assert set(counts) == ALTERATIONS
    assert min(counts.values()) >= 0.8 * max(counts.values())


def test_pairs_quote_the_knowledge_as_it_is_now() -> None:
    knowledge = documents().values()
    for row in rows("pairs"):
        paragraphs = row["passage"].split("\n\n")
        assert any(
            all(paragraph in text for paragraph in paragraphs) for text in knowledge
        ), row["id"]


def test_figures_of_supported_replies_stand_in_their_passage() -> None:
    for row in rows("pairs"):
        if row["label"] == "supported":
            for figure in re.findall(r"£?\d[\d,.]*\d|£?\d", row["reply"]):
                assert figure in row["passage"], f"{row['id']}: {figure}"


def test_altered_numbers_differ_from_their_twin_in_one_word() -> None:
    for row in rows("pairs"):
        if row["alteration"] == "number":
            twin = next(
                other for other in rows("pairs") if other["id"] == row["id"][:-1] + "a"
            )
            words = row["reply"].split()
            assert len(words) == len(twin["reply"].split()), row["id"]
            changed = [
                pair
                for pair in zip(words, twin["reply"].split(), strict=True)
                if len(set(pair)) > 1
            ]
            assert len(changed) == 1, row["id"]
