from dataclasses import replace

import pytest

from frontdesk.answering import gate
from frontdesk.answering.evidence import candidates
from frontdesk.answering.question import read_question
from frontdesk.answering.siblings import Siblings
from frontdesk.answering.vocabulary import Vocabulary
from tests.fakes_answering import encode, hit, passage

RETURNS = passage(
    "returns", "Returns", "You have 30 days to return an item. Refunds take 5 days."
)
SHOPS = passage("shops", "Shops", "Our shops are closed on Sunday.")
VOCABULARY = Vocabulary([RETURNS, SHOPS])


def decide(
    text: str, siblings: Siblings | None = None, earlier: str = ""
) -> gate.Verdict:
    said = [earlier, text] if earlier else [text]
    question = read_question([{"role": "user", "text": part} for part in said])
    rows = encode([text, *(f"{p.title} {p.text}" for p in (RETURNS, SHOPS))])
    found = zip((RETURNS, SHOPS), (rows[1:] @ rows[0]).tolist(), strict=True)
    hits = [hit(known, score) for known, score in found]
    evidence = candidates(question, hits, encode)
    return gate.decide(
        question, hits, evidence, siblings or Siblings(), VOCABULARY, encode
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("the kettle gave my son an electric shock", "danger"),
        ("my solicitor will write to you", "legal"),
        ("I want to end my life", "distress"),
        ("can I talk to a real person", "asked"),
        ("how do I return a kettle", ""),
        ("does the lamp give warm light", ""),
    ],
)
def test_what_belongs_to_a_person_is_recognised(text: str, reason: str) -> None:
    assert gate.escalation(text) == reason


def test_danger_goes_to_a_person_whatever_the_evidence_says() -> None:
    verdict = decide("30 days to return: it caught fire")
    assert (verdict.decision, verdict.reason) == ("escalate", "danger")


def test_covered_questions_are_more_confident_than_others() -> None:
    covered = decide("How many days to return an item?")
    foreign = decide("Who painted the ceiling of the chapel?")
    assert covered.decision == "answer"
    assert foreign.decision == "abstain"


def test_every_sign_is_reported() -> None:
    features = decide("How many days to return an item?").features
    assert set(gate.ANSWER_FEATURES) | set(gate.ASK_FEATURES) <= set(features)


def test_evidence_about_a_sibling_or_not_known_yet_is_told() -> None:
    fee = passage("elm", "Elm plan", "The fee of the plan is [to be confirmed].")
    question = read_question([{"role": "user", "text": "fee of the oak plan"}])
    other = replace(hit(fee), features={"other_name": 0.9}, lexical=0.4)
    evidence = candidates(question, [other], encode)
    features = gate.answer_features(question, [other], evidence, VOCABULARY, encode)
    assert features["about_another"] == 0.9
    assert features["placeholder"] == 1.0
    assert features["words_found"] == 0.4


def test_no_evidence_means_no_answer() -> None:
    question = read_question([{"role": "user", "text": "anything"}])
    verdict = gate.decide(question, [], [], Siblings(), VOCABULARY, encode)
    assert verdict.decision == "abstain"


def test_gibberish_is_not_asked_back() -> None:
    siblings = Siblings(
        ("Mira 1.5", "Mira 1.7"), "kettle", dict.fromkeys(gate.ASK_FEATURES, 1.0)
    )
    assert decide("asdf qwerty zxcvb", siblings).decision == "abstain"
    assert decide("asdf qwerty", siblings, "return an item").decision == "abstain"
    assert decide("return", siblings).decision == "ask"
