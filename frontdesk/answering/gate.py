"""The gate: answer, ask back, abstain or escalate, before anything is generated.

Two logistic models read signs of the question, the evidence and their alignment:
how probable it is that the evidence answers, and that the question leaves open which
of several siblings it is about. Weights, thresholds and what they were calibrated on
lie in `gate.json`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.answering import facts
from frontdesk.answering.answer import Decision
from frontdesk.answering.evidence import (
    Candidate,
    Encode,
    has_kind,
    is_pending,
    question_words,
)
from frontdesk.answering.question import Question
from frontdesk.answering.reading import NOT_READ, Reading
from frontdesk.answering.siblings import Siblings
from frontdesk.answering.vocabulary import Vocabulary
from frontdesk.knowledge.documents import Hit

ANSWER_FEATURES = (
    "dense_top",
    "unit_cosine",
    "cosine_lead",
    "cosine_spread",
    "score_gap",
    "runner_up_gap",
    "evidence_coverage",
    "passage_likeness",
    "evidence_likeness",
    "rarest_missing",
    "name_missing",
    "kind_missing",
    "placeholder",
    "agreement",
    "words_found",
    "about_another",
)
# With a reader.
READ_ANSWER_FEATURES = (
    "dense_top",
    "unit_cosine",
    "cosine_lead",
    "cosine_spread",
    "runner_up_gap",
    "passage_likeness",
    "evidence_likeness",
    "name_missing",
    "agreement",
    "words_found",
    "about_another",
    "placeholder",
    "reader_answers",
    "reader_lead",
    "reader_support",
    "reader_open",
)
ASK_FEATURES = (
    "sibling_count",
    "sibling_closeness",
    "sibling_parallel",
    "sibling_conflict",
    "sibling_generic",
    "sibling_family_named",
    "sibling_rows",
    "sibling_columns",
    "few_words",
)
READ_ASK_FEATURES = (
    *ASK_FEATURES,
    "sibling_support",
    "reader_open",
    "reader_answers",
    "reader_support",
    "reader_lead",
)
_MODEL = Path(__file__).with_name("gate.json")

_DANGER = re.compile(
    r"\b(?:on fire|caught fire|smok(?:e|ing) (?:is )?(?:coming|pouring)|"
    r"burn(?:t|ed) me|"
    r"electric(?:al)? shock|electrocuted|sparks? (?:came|coming|flying)|gas leak|"
    r"smell(?:s|ing)? (?:of )?(?:gas|burning)|exploded|injur(?:y|ed)|hurt (?:me|my)|"
    r"carbon monoxide|recall notice)\b",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:my (?:lawyer|solicitor|attorney)|legal action|take you to court|"
    r"sue (?:you|u)|small claims|trading standards|ombudsman|press charges)\b",
    re.IGNORECASE,
)
_DISTRESS = re.compile(
    r"\b(?:kill myself|suicid\w*|self[- ]harm|end my life|want to die|"
    r"hurt(?:ing)? myself)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:speak|talk|chat) (?:to|with) (?:a |an |some)?(?:real |actual |live )?"
    r"(?:person|human|agent|someone|somebody|manager|supervisor|adviser|advisor)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Verdict:
    """What the gate decided.

    Attributes:
        decision: answer, ask, abstain or escalate.
        confidence: Probability in [0, 1] that the evidence answers.
        reason: Why a person is offered: danger, legal, distress, asked or "".
        features: Every sign by name, for the trace.
    """

    decision: Decision
    confidence: float
    reason: str
    features: dict[str, float]


def escalation(text: str) -> str:
    """Why a message belongs to a person; empty when it does not."""
    for reason, pattern in (
        ("distress", _DISTRESS),
        ("danger", _DANGER),
        ("legal", _LEGAL),
        ("asked", _PERSON),
    ):
        if pattern.search(text):
            return reason
    return ""


def answer_features(
    question: Question,
    hits: Sequence[Hit],
    evidence: Sequence[Candidate],
    vocabulary: Vocabulary,
    encode: Encode,
) -> dict[str, float]:
    """Signs that the evidence covers the question; see ANSWER_FEATURES."""
    if not hits or not evidence:
        return dict.fromkeys(ANSWER_FEATURES, 0.0)
    words = question_words(question, vocabulary.idf)
    chosen = evidence[:4]
    chosen_stems = frozenset(
        stem
        for item in chosen
        for stem in facts.content_stems(
            f"{item.hit.passage.title} {item.unit.context} {item.unit.text}"
        )
    )
    missing = {s: w for s, w in words.weights.items() if s not in chosen_stems}
    named = [s for s in words.weights if 0.0 < vocabulary.in_titles(s) < 0.2]
    wants = question.wants
    has = any(has_kind(item.unit.text, wants) for item in chosen[:3])
    scores = [hit.score for hit in hits]
    cosines = sorted((item.cosine for item in evidence), reverse=True)
    passage_texts = [f"{hit.passage.title} {hit.passage.text}" for hit in hits[:2]]
    unit_texts = [
        f"{item.hit.passage.title} {item.unit.context} {item.unit.text}"
        for item in chosen
    ]
    return {
        "dense_top": max(hit.dense for hit in hits[:3]),
        "cosine_lead": evidence[0].cosine
        - float(np.mean([item.cosine for item in evidence[5:25]] or [0.0])),
        "cosine_spread": cosines[0] - float(np.mean(cosines[8:20] or [0.0])),
        "passage_likeness": _likeness(question, passage_texts, vocabulary, encode),
        "evidence_likeness": _likeness(question, unit_texts, vocabulary, encode),
        "score_gap": float(scores[0] - np.mean(scores[4:10] or scores[-1:])),
        "unit_cosine": max(item.cosine for item in chosen),
        "evidence_coverage": words.coverage(chosen_stems),
        "rarest_missing": max(missing.values(), default=0.0) / 8.0,
        "name_missing": _missing_names(named, chosen_stems, vocabulary),
        "kind_missing": float(bool(wants) and not has),
        "placeholder": float(any(is_pending(c.unit.text) for c in chosen[:3])),
        "agreement": float(chosen[0].rank == 0),
        "runner_up_gap": float(scores[0] - scores[min(2, len(scores) - 1)]),
        "words_found": hits[0].lexical,
        # The first sentences are about a sibling of what the customer named.
        "about_another": max(
            item.hit.features.get("other_name", 0.0) for item in chosen[:2]
        ),
    }


def reader_features(
    hits: Sequence[Hit],
    evidence: Sequence[Candidate],
    readings: Mapping[str, Reading],
) -> dict[str, float]:
    """What the reader made of the passages; see READ_ANSWER_FEATURES."""
    read = [hit.passage for hit in hits if hit.passage.id in readings]
    best: dict[str, Reading] = {}  # of each document
    for passage in read:
        reading, before = readings[passage.id], best.get(passage.document_id)
        if before is None or reading.answers > before.answers:
            best[passage.document_id] = reading
    ordered = sorted(best.values(), key=lambda r: r.answers, reverse=True)
    top = ordered[0].answers
    rivals = [r for r in ordered[1:] if r.answers > max(-1.0, top - 2.0)]
    return {
        "reader_answers": top,
        "reader_lead": min(6.0, top - ordered[1].answers) if ordered[1:] else 6.0,
        "reader_support": max((c.support for c in evidence), default=0.0),
        "reader_open": max(r.open for r in [ordered[0], *rivals]),
        "reader_rivals": min(4, len(rivals)) / 4.0,
    }


def _likeness(
    question: Question, texts: Sequence[str], vocabulary: Vocabulary, encode: Encode
) -> float:
    """How close the question's words come to words of the texts, in [-1, 1].

    The mean, weighted by idf, of each word's best cosine to any word of any text;
    words are encoded one by one, so that "postage" comes close to "delivery fee".
    """
    asked = _words(question.standalone)
    if not asked:
        return 0.0
    own = set(_words(question.text))
    weights = np.array([vocabulary.idf(facts.stem(word)) for word in asked])
    if question.dependent:
        weights *= np.array([1.0 if word in own else 0.5 for word in asked])
    rows = encode(asked)  # (n_asked, dim)
    known = _words(" ".join(texts)) or asked
    best = (rows @ encode(known).T).max(axis=1)  # (n_asked,)
    return float(best @ weights / weights.sum())


def _words(text: str) -> list[str]:
    """Words that carry meaning, lower case, each once."""
    found = (token.split("'")[0] for token in facts.tokens(text))
    return list(
        dict.fromkeys(w for w in found if len(w) > 1 and w not in facts.STOPWORDS)
    )


def _missing_names(
    named: Sequence[str], stems: frozenset[str], vocabulary: Vocabulary
) -> float:
    weights = {stem: vocabulary.idf(stem) for stem in named}
    total = sum(weights.values())
    if not total:
        return 0.0
    return sum(w for stem, w in weights.items() if stem not in stems) / total


def decide(
    question: Question,
    hits: Sequence[Hit],
    evidence: Sequence[Candidate],
    siblings: Siblings,
    vocabulary: Vocabulary,
    encode: Encode,
    readings: Mapping[str, Reading] = NOT_READ,
) -> Verdict:
    """The decision with its probabilities and signs."""
    features = answer_features(question, hits, evidence, vocabulary, encode)
    features |= siblings.features
    features["few_words"] = 1.0 / (1.0 + len(facts.content_stems(question.text)))
    if readings:
        features |= reader_features(hits, evidence, readings)
    reason = escalation(question.text)
    stored = _model()["read" if readings else "unread"]
    confidence = _logistic(stored["answer"], features)
    open_choice = _logistic(stored["ask"], features)
    decision: Decision = "abstain"
    if reason:
        decision = "escalate"
    elif _is_open(question, siblings, vocabulary) and (
        open_choice >= stored["ask"]["threshold"]
    ):
        decision = "ask"
    elif (
        hits
        and evidence
        and confidence >= stored["answer"]["threshold"]
        and not _is_gibberish(question, vocabulary)
    ):
        decision = "answer"
    return Verdict(decision, confidence, reason, features)


def _is_gibberish(question: Question, vocabulary: Vocabulary) -> bool:
    """Whether the message has several words, none of which the knowledge has.

    One unknown word may be a misspelt one.
    """
    own = facts.content_stems(question.text)
    return len(own) > 1 and not any(vocabulary.knows(stem) for stem in own)


def _is_open(question: Question, siblings: Siblings, vocabulary: Vocabulary) -> bool:
    """Whether there are choices, and the question is about anything known at all."""
    own = facts.content_stems(question.text)
    words = own or facts.content_stems(question.standalone)
    known = any(vocabulary.knows(stem) for stem in words)
    return known and len(siblings.choices) >= 2


def _logistic(model: Mapping[str, Any], features: Mapping[str, float]) -> float:
    logit = float(model["bias"])
    logit += sum(features[name] * model[name] for name in features if name in model)
    return 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, -logit))))


@lru_cache(maxsize=1)
def _model() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(_MODEL.read_text("utf-8"))
    return stored
