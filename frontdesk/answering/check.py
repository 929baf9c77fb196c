"""The grounding check: does every sentence of a reply follow from its evidence?

Each sentence (a claim) is aligned with the evidence that covers it best, then facts
are compared first (quantities, names, negations, opposite terms, conditions) and
wording and meaning after. A logistic model joins the signs; its weights lie in
`check.json` with what they were fitted on. Sentence alignment by overlap of stems
follows the usual "precision of the reply against its source" measures for
knowledge-grounded dialogue.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frontdesk.answering import facts
from frontdesk.answering.sentences import Unit, plain, split_sentences, split_units

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit rows, float32 of shape (n, dim)."""

FEATURES = (
    "missing_content",
    "missing_words",
    "missing_pairs",
    "missing_local",
    "quantity_unknown",
    "quantity_elsewhere",
    "name_unknown",
    "negation_differs",
    "opposed",
    "condition_lost",
    "opinion",
    "question",
    "meaning_distance",
)
_OPINION = frozenset("i i'm i've i'd i'll my me myself mine".split())
_MODEL = Path(__file__).with_name("check.json")


@dataclass(frozen=True)
class Claim:
    """One sentence of a reply with the evidence found for it.

    Attributes:
        text: The sentence.
        support: Probability in [0, 1] that the evidence states it.
        passage: Index of the passage it is aligned with; -1 when there is none.
        quote: The evidence, word for word.
        features: The signs by name (see FEATURES).
    """

    text: str
    support: float
    passage: int
    quote: str
    features: dict[str, float]


@dataclass(frozen=True)
class _Window:
    passage: int
    text: str
    quote: str
    stems: frozenset[str]


class Evidence:
    """The passages of one answer, prepared once for all its claims."""

    def __init__(self, passages: Sequence[str], titles: Sequence[str] = ()) -> None:
        self.windows: list[_Window] = []
        words: list[str] = []
        for index, passage in enumerate(passages):
            title = titles[index] if index < len(titles) else ""
            units = split_units(passage)
            self._add_windows(index, units, title)
            words += facts.tokens(f"{title} {passage}")
        stems = [facts.stem(word) for word in words]
        self.words = frozenset(stems)
        self.pairs = frozenset(zip(stems, stems[1:], strict=False))
        joined = " \n ".join([*titles, *passages])
        self.lowered = plain(joined).lower()
        self.quantities = frozenset(facts.quantities(joined))

    def _add_windows(self, index: int, units: Sequence[Unit], title: str) -> None:
        for size in (1, 2, 3):
            for start in range(len(units) - size + 1):
                part = units[start : start + size]
                quote = " ".join(unit.text for unit in part)
                text = f"{part[0].context} {quote}".strip()
                stems = facts.content_stems(f"{title} {text}")
                self.windows.append(_Window(index, text, quote, frozenset(stems)))

    def align(self, stems: Sequence[str], wanted: frozenset[facts.Quantity]) -> _Window:
        """The window that covers most stems; the shortest among equals."""
        if not self.windows:
            return _Window(-1, "", "", frozenset())

        def merit(window: _Window) -> tuple[float, float, int]:
            covered = sum(stem in window.stems for stem in stems)
            numbers = 0
            if wanted:
                numbers = len(wanted & frozenset(facts.quantities(window.text)))
            return (covered + 0.5 * numbers, -len(window.stems), -window.passage)

        best = sorted(
            self.windows,
            key=lambda w: -sum(stem in w.stems for stem in stems),
        )[:12]
        return max(best, key=merit)


def claim_features(
    claim: str, evidence: Evidence, encode: Encode | None = None
) -> tuple[dict[str, float], _Window]:
    """The signs for and against one sentence, and the window it is aligned with."""
    words = facts.tokens(claim)
    stems = [facts.stem(word) for word in words]
    content = facts.content_stems(claim)
    pairs = list(zip(stems, stems[1:], strict=False))
    found = frozenset(facts.quantities(claim))
    window = evidence.align(content, found)
    near = frozenset(facts.quantities(window.text))
    negated = facts.negations(claim) - facts.negations(window.text)
    distance = 0.5
    if encode is not None and window.text:
        rows = encode([claim, window.text])
        distance = float(1.0 - rows[0] @ rows[1])
    lost = set(facts.conditions(window.text)) - set(facts.conditions(claim))
    gained = set(facts.conditions(claim)) - set(facts.conditions(window.text))
    unknown_names = [n for n in facts.names(claim) if n not in evidence.lowered]
    features = {
        "missing_content": _share(content, evidence.words),
        "missing_words": _share(stems, evidence.words),
        "missing_pairs": _share(pairs, evidence.pairs),
        "missing_local": _share(content, window.stems),
        "quantity_unknown": float(len(_unmatched(found, evidence.quantities))),
        "quantity_elsewhere": float(len(_unmatched(found, near))),
        "name_unknown": float(len(unknown_names)),
        "negation_differs": float(min(2, abs(negated))),
        "opposed": float(facts.opposed(claim, window.text)),
        "condition_lost": float(len(gained)) + 0.5 * float(len(lost)),
        "opinion": float(any(word in _OPINION for word in words)),
        "question": float("?" in claim),
        "meaning_distance": distance,
    }
    return features, window


def _share(items: Sequence[object], known: frozenset[object] | frozenset[str]) -> float:
    return sum(item not in known for item in items) / max(1, len(items))


def _unmatched(
    found: frozenset[facts.Quantity], known: frozenset[facts.Quantity]
) -> list[facts.Quantity]:
    """Quantities of `found` that `known` lacks; a bare number matches any unit."""
    values = {quantity.value for quantity in known}
    bare = {quantity.value for quantity in known if not quantity.unit}
    missing = []
    for quantity in found:
        if quantity in known or quantity.value in bare:
            continue
        if not quantity.unit and quantity.value in values:
            continue
        missing.append(quantity)
    return missing


@lru_cache(maxsize=1)
def _model() -> tuple[dict[str, float], float, float]:
    stored = json.loads(_MODEL.read_text("utf-8"))
    return stored["weights"], float(stored["bias"]), float(stored["threshold"])


def shipped_threshold() -> float:
    """The support below which a sentence is not shown."""
    return _model()[2]


def check(
    reply: str,
    passages: Sequence[str],
    *,
    titles: Sequence[str] = (),
    encode: Encode | None = None,
    evidence: Evidence | None = None,
) -> list[Claim]:
    """The reply's claims in order, each with its support and its evidence."""
    known = evidence or Evidence(passages, titles)
    return [check_claim(text, known, encode) for text in claims_of(reply)]


def check_claim(text: str, evidence: Evidence, encode: Encode | None = None) -> Claim:
    """One sentence with its support, aligned passage and quote."""
    features, window = claim_features(text, evidence, encode)
    weights, bias, _ = _model()
    logit = bias + sum(weights[name] * value for name, value in features.items())
    support = 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, logit))))
    return Claim(text, support, window.passage, window.quote, features)


def claims_of(reply: str) -> list[str]:
    """Sentences, list items and table rows of a reply that state something."""
    claims = []
    for unit in split_units(reply):
        claims += split_sentences(unit.text)
    return [claim for claim in claims if any(c.isalnum() for c in claim)]


def support(
    reply: str,
    passages: Sequence[str],
    context: str = "",
    encode: Encode | None = None,
) -> float:
    """Probability in [0, 1] that the passages state every sentence of the reply.

    Args:
        reply: The text to check.
        passages: The evidence.
        context: The customer's message; words taken from it are no new claim.
        encode: Encoder for the meaning sign; without it that sign stays neutral.
    """
    claims = check(reply, passages, encode=encode)
    return min((claim.support for claim in claims), default=0.0)
