from __future__ import annotations

from frontdesk.answering.alignment import NOWHERE, Evidence, clauses
from frontdesk.answering.terms import name_terms, terms

SALT = (
    "# Salt\n\nA Halden takes 1.2 kg; the Halden Mini takes 0.6 kg of salt. "
    "Never use table salt."
)
TIERS = (
    "# Tiers\n\n| Tier | Days |\n| --- | --- |\n| Silver | 45 |\n| Gold | 60 |\n\n"
    "Ask us before you send anything back."
)


def moved(claim: str, passage: str) -> float:
    evidence = Evidence([passage])
    words = terms(claim)
    labels = name_terms(claim) | (frozenset(words) & evidence.names)
    return max(evidence.bind(words, labels).moved.values())


def test_clauses_end_at_commas_semicolons_and_linking_words() -> None:
    assert clauses("We post it, but you pay; call 5 days before and 2 days after") == [
        "We post it",
        "you pay",
        "call 5 days before",
        "2 days after",
    ]


def test_the_shortest_window_that_states_the_claim_is_quoted() -> None:
    window = Evidence([SALT]).align(terms("Do not use table salt."))
    assert window.quote == "Never use table salt."


def test_unknown_words_align_with_nothing() -> None:
    assert Evidence([SALT]).align(terms("Parking costs money.")) is NOWHERE
    assert Evidence([]).align(terms("Parking costs money.")) is NOWHERE


def test_rows_of_a_table_are_never_quoted_together() -> None:
    quotes = [window.quote for window in Evidence([TIERS]).windows]
    assert "Tier: Silver; Days: 45" in quotes
    assert not any("Silver" in quote and "Gold" in quote for quote in quotes)


def test_a_name_that_changed_rows_has_moved() -> None:
    assert moved("Silver members have 45 days.", TIERS) < 0.2
    assert moved("Gold members have 45 days.", TIERS) > 0.5


def test_a_title_counts_as_subject_of_its_sentences() -> None:
    evidence = Evidence(["It takes 0.6 kg of salt."], ["Halden Mini"])
    words = terms("The Halden Mini takes 0.6 kg.")
    assert evidence.bind(words, frozenset({"halden", "mini"})).loose < 0.1
