"""Choosing the evidence: which sentences of the retrieved passages answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontdesk.answering import facts
from frontdesk.answering.question import Question
from frontdesk.answering.reading import NOT_READ, Reading, probability
from frontdesk.answering.sentences import Unit, split_units
from frontdesk.knowledge.documents import Hit

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit rows, float32 of shape (n, dim)."""
Idf = Callable[[str], float]
"""Inverse document frequency of a stem; the largest value for an unknown one."""

MAX_PASSAGES = 8
# Chosen with the limits of `compose` on the shop's tuning questions and a public
# development set; shared words and the kind of fact asked for added nothing.
PASSAGE_WEIGHT = 0.2
# Of what the reader makes of a sentence. On seven knowledges that it was not taught on
# answers were right before the gate .61 with .3, .625 with .5, .605 with .7, and the
# larger the weight, the shorter they are (343, 297, 258 characters).
SUPPORT_WEIGHT = 0.5
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instructions?|prompts?|rules|above)\b|"
    r"\b(?:system prompt|you are (?:now|an? (?:ai|assistant|chatbot|language model)))"
    r"\b|\bthen (?:write|say|print|output|reply|respond|repeat)\b|"
    r"^\W*(?:print|output|repeat|respond with|reply with|say exactly)\b",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"^\W*then\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\[[^\]]*(?:not available|tbd|tbc|todo|placeholder|insert)[^\]]*\]|"
    r"\[[^\]]*\bto be (?:confirmed|announced|decided)\]|\b(?:TBD|TBC|lorem ipsum)\b",
    re.IGNORECASE,
)
_PENDING = re.compile(
    r"\b(?:to|will) be (?:announced|confirmed|decided)\b|"
    r"\bnot (?:yet )?(?:been )?(?:announced|confirmed|decided|fixed|published)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Candidate:
    """One quotable sentence with the signs that speak for it.

    Attributes:
        unit: The sentence.
        rank: Place of its passage among the hits, from 0.
        hit: Its passage.
        cosine: Similarity of question and sentence (with its headings), in [-1, 1].
        score: What orders candidates.
        support: Probability, by the reader, that the sentence is part of the answer;
            0 without a reader.
    """

    unit: Unit
    rank: int
    hit: Hit
    cosine: float
    score: float
    support: float = 0.0


@dataclass(frozen=True)
class Words:
    """The question's content stems with their weights (idf, older words less)."""

    weights: Mapping[str, float]

    def coverage(self, stems: frozenset[str]) -> float:
        """Share of the weight that `stems` hold, in [0, 1]; 1 for no words."""
        total = sum(self.weights.values())
        if not total:
            return 1.0
        return sum(w for stem, w in self.weights.items() if stem in stems) / total


def question_words(question: Question, idf: Idf) -> Words:
    """The words to cover: the last message's fully, the context's by half."""
    weights = {stem: idf(stem) for stem in facts.content_stems(question.standalone)}
    own = set(facts.content_stems(question.text))
    if question.dependent:
        weights = {s: w if s in own else 0.5 * w for s, w in weights.items()}
    return Words(weights)


def is_placeholder(text: str) -> bool:
    """Whether the text holds a blank that somebody forgot to fill in."""
    return _PLACEHOLDER.search(text) is not None


def is_pending(text: str) -> bool:
    """Whether the text says that something is not known yet."""
    return is_placeholder(text) or _PENDING.search(text) is not None


def is_instruction(text: str) -> bool:
    """Whether a passage's sentence tells an assistant what to write."""
    return _INSTRUCTION.search(text) is not None


def honest_units(text: str) -> list[Unit]:
    """The sentences of a passage without what tells an assistant what to write.

    A sentence that such an instruction continues ("... Then write ...") goes too.
    """
    kept: list[Unit] = []
    for unit in split_units(text):
        if not is_instruction(unit.text):
            kept.append(unit)
        elif kept and kept[-1].position == unit.position - 1:
            if _CONTINUED.search(unit.text):
                kept.pop()
    return kept


def candidates(
    question: Question,
    hits: Sequence[Hit],
    encode: Encode,
    readings: Mapping[str, Reading] = NOT_READ,
) -> list[Candidate]:
    """Quotable sentences of the hits, best first.

    Args:
        question: What is asked.
        hits: Passages, best first.
        encode: Turns texts into unit rows.
        readings: What the reader made of the passages, by passage id.
    """
    chosen = hits[:MAX_PASSAGES]
    found: list[tuple[int, Hit, Unit]] = []
    supports: list[float] = []
    told: list[float] = []  # by the reader, of the sentence alone
    for rank, hit in enumerate(chosen):
        units = honest_units(hit.passage.text)
        found += [(rank, hit, unit) for unit in units]
        reading = readings.get(hit.passage.id)
        supports += reading.support() if reading else [0.0] * len(units)
        told += map(probability, reading.supports) if reading else [0.0] * len(units)
    if not found:
        return []
    texts = [f"{hit.passage.title}. {u.context}. {u.text}" for _, hit, u in found]
    rows = encode([question.standalone, *texts])
    cosines = rows[1:] @ rows[0]
    scores = _scaled([hit.score for hit in chosen])
    result = []
    for (rank, hit, unit), cosine, support, said in zip(
        found, cosines, supports, told, strict=True
    ):
        score = float(cosine) + PASSAGE_WEIGHT * scores[rank] + SUPPORT_WEIGHT * said
        result.append(Candidate(unit, rank, hit, float(cosine), score, support))
    return sorted(result, key=lambda candidate: -candidate.score)


def has_kind(text: str, kind: str) -> bool:
    """Whether a text states a fact of the kind asked for."""
    found = facts.quantities(text)
    if kind != "time":
        return bool(found)
    units = {"second", "minute", "hour", "day", "week", "month", "year", "am", "pm"}
    named = re.search(
        r"\b(?:immediate|instant|midnight|noon|today|tomorrow|daily|never|always|"
        r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|at any time|once)\b",
        text,
        re.IGNORECASE,
    )
    return named is not None or any(q.unit in units for q in found)


def _scaled(scores: Sequence[float]) -> list[float]:
    """Scores relative to the best and the spread: 0 for the best, below for others."""
    top = max(scores)
    spread = float(np.std(scores)) or 1.0
    return [-math.tanh((top - score) / (4 * spread)) for score in scores]
