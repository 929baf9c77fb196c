from __future__ import annotations

import json
from pathlib import Path

import pytest

from frontdesk.answering import check as checking
from frontdesk.answering.check import (
    CHANGES,
    FEATURES,
    VERIFIED_FEATURES,
    Evidence,
    check,
    check_claim,
    claims_of,
    shipped_threshold,
    support,
)

PASSAGE = (
    "# Returns\n\nYou can send most things back within 30 days. Earbuds cannot be "
    "returned once the seal is broken.\n\n"
    "| Tier | Days |\n| --- | --- |\n| Silver | 45 |\n| Gold | 60 |\n\n"
    "A return by courier costs £3.50; Gold members pay nothing. The crew calls "
    "30 minutes before it arrives."
)


@pytest.mark.parametrize(
    "reply",
    [
        "You can send most things back within 30 days.",
        "Most things can be sent back within 30 days.",
        "Tier: Gold; Days: 60",
        "Yes, a return by courier costs £3.50.",
    ],
)
def test_what_the_evidence_states_is_supported(reply: str) -> None:
    assert support(reply, [PASSAGE]) >= shipped_threshold()


@pytest.mark.parametrize(
    ("reply", "sign"),
    [
        ("You can send most things back within 40 days.", "quantity_unknown"),
        ("The crew calls 30 hours before it arrives.", "quantity_unknown"),
        ("You can send things back within 60 days.", "quantity_elsewhere"),
        ("Earbuds can be returned once the seal is broken.", "negation_dropped"),
        ("Bronze and Halden members send things back.", "name_unknown"),
        ("Silver members have 60 days.", "name_moved"),
        ("Earbuds are returned even if the seal is broken.", "freed"),
        ("The crew calls 30 minutes after it arrives.", "opposed"),
    ],
)
def test_a_changed_fact_leaves_its_sign(reply: str, sign: str) -> None:
    (claim,) = check(reply, [PASSAGE])
    assert claim.features[sign] > 0.3


@pytest.mark.parametrize(
    ("faithful", "altered"),
    [
        ("Silver members have 45 days.", "Gold members have 45 days."),
        ("Earbuds can't be returned.", "Earbuds can be returned."),
        ("A courier return is £3.50.", "A courier return is £5.50."),
        ("The crew calls 30 minutes ahead.", "The crew calls 30 days ahead."),
    ],
)
def test_an_altered_reply_has_less_support(faithful: str, altered: str) -> None:
    assert support(faithful, [PASSAGE]) > support(altered, [PASSAGE]) + 0.1


def test_an_invented_sentence_is_not_supported() -> None:
    reply = "Our shop in Paris plays jazz every evening."
    assert support(reply, [PASSAGE]) < 0.1


def test_an_opinion_is_not_supported() -> None:
    assert support("I love sending things back.", [PASSAGE]) < shipped_threshold()


def test_the_quote_is_evidence_word_for_word() -> None:
    (claim,) = check("Earbuds with a broken seal cannot be returned.", [PASSAGE])
    assert claim.quote == "Earbuds cannot be returned once the seal is broken."
    assert claim.passage == 0


def test_the_worst_sentence_decides() -> None:
    good = "You can send most things back within 30 days."
    bad = "Shipping to Mars is free."
    assert support(f"{good} {bad}", [PASSAGE]) == support(bad, [PASSAGE])


def test_nothing_said_and_nothing_known_have_no_support() -> None:
    assert support("", [PASSAGE]) == 0.0
    (claim,) = check("You have 30 days.", [])
    assert (claim.passage, claim.quote) == (-1, "")
    assert claim.support < shipped_threshold()


def test_prepared_evidence_gives_the_same_claims() -> None:
    evidence = Evidence([PASSAGE])
    text = "You can send most things back within 30 days."
    assert check(text, [], evidence=evidence) == [check_claim(text, evidence)]


def test_titles_name_what_their_passage_is_about() -> None:
    texts = ["It takes 0.6 kg of salt.", "It takes 1.2 kg of salt."]
    titles = ["Halden Mini", "Halden 60"]
    (right,) = check("The Halden 60 takes 1.2 kg of salt.", texts, titles=titles)
    (wrong,) = check("The Halden 60 takes 0.6 kg of salt.", texts, titles=titles)
    assert right.passage == 1
    assert right.support > wrong.support


def test_claims_are_sentences_items_and_rows() -> None:
    assert claims_of("Two ways. Choose:\n\n- a shop\n- a courier\n\n---") == [
        "Two ways.",
        "Choose:",
        "a shop",
        "a courier",
    ]


def test_a_bare_yes_or_no_belongs_to_the_sentence_after_it() -> None:
    assert claims_of("Yes. You can. No!\n\nBut pay.") == [
        "Yes. You can.",
        "No! But pay.",
    ]
    assert claims_of("No.") == ["No."]


def test_every_sentence_of_the_demo_knowledge_supports_itself() -> None:
    refused = []
    for path in sorted(Path("kb").rglob("*.md")):
        text = path.read_text("utf-8").split("---\n", 2)[-1]
        evidence = Evidence([text])
        for claim in (check_claim(c, evidence) for c in claims_of(text)):
            if claim.support < shipped_threshold():
                refused.append(claim.text)
    assert refused == []


def test_the_stored_model_has_a_weight_for_every_sign_and_says_its_origin() -> None:
    stored = json.loads(Path(checking.__file__).with_name("check.json").read_text())
    assert list(stored["weights"]) == list(FEATURES)
    assert min(stored["weights"][name] for name in CHANGES) >= 0.0
    assert list(stored["verified"]["weights"]) == list(VERIFIED_FEATURES)
    assert {"date", "fitted_on", "figures"} <= set(stored["about"])
