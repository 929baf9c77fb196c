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
    has_kind,
    is_placeholder,
    question_words,
)
from frontdesk.answering.question import Question
from frontdesk.answering.siblings import Siblings
from frontdesk.answering.vocabulary import Vocabulary
from frontdesk.knowledge.documents import Hit

ANSWER_FEATURES = (
    "dense_top",
    "score_gap",
    "unit_cosine",
    "unit_overlap",
    "passage_coverage",
    "evidence_coverage",
    "rarest_missing",
    "unknown_share",
    "name_missing",
    "kind_missing",
    "placeholder",
    "agreement",
    "runner_up_gap",
    "word_count",
)
ASK_FEATURES = (
    "sibling_count",
    "sibling_closeness",
    "sibling_parallel",
    "sibling_conflict",
    "sibling_generic",
    "sibling_family_named",
    "sibling_rows",
    "few_words",
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
) -> dict[str, float]:
    """Signs that the evidence covers the question; see ANSWER_FEATURES."""
    if not hits or not evidence:
        return dict.fromkeys(ANSWER_FEATURES, 0.0)
    words = question_words(question, vocabulary.idf)
    top = hits[0]
    top_stems = _stems(top)
    chosen = evidence[:4]
    chosen_stems = frozenset(
        stem
        for item in chosen
        for stem in facts.content_stems(
            f"{item.hit.passage.title} {item.unit.context} {item.unit.text}"
        )
    )
    missing = {s: w for s, w in words.weights.items() if s not in chosen_stems}
    unknown = sum(w for s, w in words.weights.items() if not vocabulary.knows(s))
    total = sum(words.weights.values()) or 1.0
    named = [s for s in words.weights if 0.0 < vocabulary.in_titles(s) < 0.2]
    wants = question.wants
    has = any(has_kind(item.unit.text, wants) for item in chosen[:3])
    scores = [hit.score for hit in hits]
    return {
        "dense_top": max(hit.dense for hit in hits[:3]),
        "score_gap": float(scores[0] - np.mean(scores[4:10] or scores[-1:])),
        "unit_cosine": max(item.cosine for item in chosen),
        "unit_overlap": max(item.overlap for item in chosen),
        "passage_coverage": words.coverage(top_stems),
        "evidence_coverage": words.coverage(chosen_stems),
        "rarest_missing": max(missing.values(), default=0.0) / 8.0,
        "unknown_share": unknown / total,
        "name_missing": _missing_names(named, chosen_stems, vocabulary),
        "kind_missing": float(bool(wants) and not has),
        "placeholder": float(any(is_placeholder(c.unit.text) for c in chosen[:2])),
        "agreement": float(chosen[0].rank == 0),
        "runner_up_gap": float(scores[0] - scores[min(2, len(scores) - 1)]),
        "word_count": min(12, len(words.weights)) / 12.0,
    }


def _stems(hit: Hit) -> frozenset[str]:
    passage = hit.passage
    text = f"{' '.join(passage.title_path)} {passage.title} {passage.text}"
    return frozenset(facts.content_stems(text))


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
) -> Verdict:
    """The decision with its probabilities and signs."""
    features = answer_features(question, hits, evidence, vocabulary)
    features |= siblings.features
    features["few_words"] = 1.0 / (1.0 + len(facts.content_stems(question.text)))
    reason = escalation(question.text)
    stored = _model()
    confidence = _logistic(stored["answer"], features)
    open_choice = _logistic(stored["ask"], features)
    decision: Decision = "abstain"
    if reason:
        decision = "escalate"
    elif len(siblings.choices) >= 2 and open_choice >= stored["ask"]["threshold"]:
        decision = "ask"
    elif hits and evidence and confidence >= stored["answer"]["threshold"]:
        decision = "answer"
    return Verdict(decision, confidence, reason, features)


def _logistic(model: Mapping[str, Any], features: Mapping[str, float]) -> float:
    logit = float(model["bias"])
    logit += sum(features[name] * model[name] for name in features if name in model)
    return 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, -logit))))


@lru_cache(maxsize=1)
def _model() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(_MODEL.read_text("utf-8"))
    return stored
