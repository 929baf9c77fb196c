"""The grounding check: does every sentence of a reply follow from its evidence?

Each sentence (a claim) is aligned with the evidence that states it best. Then two
kinds of doubt are measured: wording that the evidence lacks, as in the usual
"precision of the reply against its source" measures, and facts that were changed on
the way: quantities, names that stand elsewhere, dropped negations, conditions that are
lifted or added, opposite words. Where there is a verifier, its judgement is one sign
more (see `verifier`); without it everything works, one step worse. A logistic model
joins them; `check.json` holds its weights, without and with the verifier, and says what
they were fitted on (see `calibrate_check`).

Cosines of sentences, of single words and of negated copies were tried: none told a
paraphrase from a changed fact, and all cost more than the counted signs.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from frontdesk.answering import facts, polarity
from frontdesk.answering.alignment import Binding, Evidence, Window, clauses
from frontdesk.answering.sentences import split_sentences, split_units
from frontdesk.answering.terms import is_number, name_terms, terms
from frontdesk.answering.verifier import Pair, pair_of

__all__ = [
    "Claim",
    "Evidence",
    "Verifies",
    "check",
    "check_claim",
    "claims_of",
    "is_sound",
    "shipped_threshold",
    "support",
]


WORDING = (
    "missing_content",
    "missing_words",
    "missing_pairs",
    "missing_local",
    "opinion",
    "question",
)
CHANGES = (
    "quantity_unknown",
    "quantity_elsewhere",
    "name_unknown",
    "name_moved",
    "number_moved",
    "word_moved",
    "loose",
    "negation_dropped",
    "negation_near",
    "freed",
    "widened",
    "opposed",
)
FEATURES = (*WORDING, *CHANGES)
# It is much surer where it knows what was asked.
VERIFIER = ("verifier", "verifier_unasked")
VERIFIED_FEATURES = (*FEATURES, *VERIFIER)
_NOT_IN_COPIES = frozenset(CHANGES) - {
    "quantity_unknown",
    "quantity_elsewhere",
    "opposed",
}
_COPY_SLOPE = 3.0  # a third of all word pairs new: no longer a copy
_NEAR_BEST = 0.06  # clauses whose score is this much lower count a third
_MAX_CLAUSES = 6
MIN_WORDS = 3  # content words of a reply

_OPINION = frozenset("i i'm i've i'd i'll my me myself mine".split())
_OPENING = re.compile(
    r"^\W*(?:(?:yes|yeah|yep|no|nope|sure|ok|okay|absolutely|definitely|exactly|indeed|"
    r"right|well|oh|great|thanks|thank you|of course|certainly|correct)\b(?!\s+\w)"
    r"[\s,.!;:–—-]*|(?:and|but|so|also|yes|yeah|well|oh)\b[\s,]+)+",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"\W*(?:yes|no)\W*", re.IGNORECASE)
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
    features: Mapping[str, float]


class Verifies(Protocol):
    """What the check needs of a verifier."""

    def doubt(self, pair: Pair) -> float: ...


def check(
    reply: str,
    passages: Sequence[str],
    *,
    titles: Sequence[str] = (),
    evidence: Evidence | None = None,
    verifier: Verifies | None = None,
) -> list[Claim]:
    """The reply's claims in order, each with its support and its evidence."""
    known = evidence or Evidence(passages, titles)
    return [check_claim(text, known, verifier) for text in claims_of(reply)]


def check_claim(
    text: str, evidence: Evidence, verifier: Verifies | None = None
) -> Claim:
    """One sentence with its support, aligned passage and quote."""
    features, window = claim_features(text, evidence, verifier)
    weights, bias = _model(verifier is not None)
    logit = bias - sum(weights[name] * value for name, value in features.items())
    support = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
    return Claim(text, support, window.passage, window.quote, features)


def support(
    reply: str, passages: Sequence[str], verifier: Verifies | None = None
) -> float:
    """Probability in [0, 1] that the passages state every sentence of the reply."""
    claims = check(reply, passages, verifier=verifier)
    return min((claim.support for claim in claims), default=0.0)


def is_sound(claims: Sequence[Claim]) -> bool:
    """Whether sentences say something, each once; "5." alone is no reply."""
    said = [claim.text.strip().lower() for claim in claims]
    words = {stem for text in said for stem in facts.content_stems(text)}
    return len(set(said)) == len(said) and len(words) >= MIN_WORDS


def shipped_threshold() -> float:
    """The support below which a sentence is not shown."""
    return float(_stored()["threshold"])


def claims_of(reply: str) -> list[str]:
    """Sentences, list items and table rows of a reply that state something.

    A "Yes." or "No." of its own belongs to the sentence after it.
    """
    claims: list[str] = []
    opening = ""
    for unit in split_units(reply):
        for sentence in split_sentences(unit.text):
            claim = f"{opening} {sentence}".strip()
            opening = claim if _YES_OR_NO.fullmatch(claim) else ""
            if not opening and any(c.isalnum() for c in claim):
                claims.append(claim)
    return [*claims, opening] if opening else claims


def claim_features(
    text: str, evidence: Evidence, verifier: Verifies | None = None
) -> tuple[dict[str, float], Window]:
    """The signs against one sentence, and the window it is aligned with."""
    claim = _OPENING.sub("", text)
    words = terms(claim)
    window = evidence.align(words)
    labels = name_terms(claim) | (frozenset(words) & evidence.names)
    whole = evidence.bind(words, labels)
    parts = clauses(claim)
    bound = [(claim, whole)]
    if len(parts) > 1:
        bound = [(part, evidence.bind(terms(part), labels)) for part in parts]
    features = {
        **_wording(claim, words, evidence, window),
        **_quantities(claim, evidence, window),
        "name_unknown": float(sum(not evidence.knows(t) for t in name_terms(claim))),
        **_moved(whole, [binding for _, binding in bound], labels),
        "negation_dropped": _negation_dropped(bound, evidence),
        "negation_near": _negation_near(claim, words, window),
        "freed": float(polarity.freed(claim, window.text)),
        "widened": float(polarity.widened(claim, window.text)),
        "opposed": _opposed(claim, whole, evidence),
    }
    # What is copied word for word was not changed on the way, however it is laid out.
    changed = min(1.0, _COPY_SLOPE * features["missing_pairs"])
    for name in _NOT_IN_COPIES:
        features[name] *= changed
    if verifier is not None:
        doubt = verifier.doubt(pair_of(text, evidence, window))
        asked = bool(evidence.question)
        values = (doubt, 0.0) if asked else (0.0, doubt)
        features |= dict(zip(VERIFIER, values, strict=True))
    return features, window


def _wording(
    claim: str, words: Sequence[str], evidence: Evidence, window: Window
) -> dict[str, float]:
    tokens = facts.tokens(claim)
    stems = [facts.stem(token) for token in tokens]
    pairs = list(zip(stems, stems[1:], strict=False))
    return {
        "missing_content": _share(facts.content_stems(claim), evidence.words),
        "missing_words": _share(stems, evidence.words),
        "missing_pairs": _share(pairs, evidence.pairs),
        "missing_local": _share(words, window.terms),
        "opinion": float(bool(_OPINION & set(tokens) - set(facts.tokens(window.text)))),
        "question": float("?" in claim),
    }


def _quantities(claim: str, evidence: Evidence, window: Window) -> dict[str, float]:
    found = frozenset(facts.quantities(claim))
    near = frozenset(facts.quantities(window.text))
    return {
        "quantity_unknown": float(len(_unmatched(found, evidence.quantities))),
        "quantity_elsewhere": float(len(_unmatched(found, near))),
    }


def _moved(
    whole: Binding, bindings: Sequence[Binding], labels: frozenset[str]
) -> dict[str, float]:
    """How far names, numbers and other words stand from the claim's other words."""
    values = {"name_moved": 0.0, "number_moved": 0.0, "word_moved": 0.0}
    for term, value in whole.moved.items():
        kind = "number_moved" if is_number(term) else "word_moved"
        kind = "name_moved" if term in labels else kind
        values[kind] = max(values[kind], value)
    for binding in bindings:
        for term, value in binding.moved.items():
            if term in labels:
                values["name_moved"] = max(values["name_moved"], value)
    return {**values, "loose": whole.loose}


def _negation_dropped(
    bound: Sequence[tuple[str, Binding]], evidence: Evidence
) -> float:
    """How surely the best clauses negate what the claim states, in [0, 1]."""
    worst = 0.0
    for part, binding in bound:
        # One known word alone finds clauses about something else.
        enough = len(binding.moved) > 1 or len(bound) == 1
        if not enough or not binding.scores.size or polarity.sign(part) < 0:
            continue
        best = float(binding.scores.max())
        order = np.argsort(-binding.scores)[:_MAX_CLAUSES]
        share = np.exp((binding.scores[order] - best) / _NEAR_BEST)
        negated = [polarity.sign(evidence.clauses[i].text) < 0 for i in order]
        worst = max(worst, best * float(share @ np.array(negated)) / float(share.sum()))
    return worst


def _negation_near(claim: str, words: Sequence[str], window: Window) -> float:
    """Whether the window denies a word of a claim that denies nothing."""
    if polarity.denied(claim):
        return 0.0
    return float(bool(polarity.denied(window.quote) & frozenset(words)))


def _opposed(claim: str, binding: Binding, evidence: Evidence) -> float:
    if not binding.scores.size:
        return 0.0
    best = evidence.clauses[int(np.argmax(binding.scores))]
    return float(polarity.opposites(claim, best.text))


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


def _share(items: Sequence[object], known: frozenset[object] | frozenset[str]) -> float:
    return sum(item not in known for item in items) / max(1, len(items))


def _model(verified: bool) -> tuple[dict[str, float], float]:
    stored = _stored()
    model = stored["verified"] if verified else stored
    return model["weights"], float(model["bias"])


@lru_cache(maxsize=1)
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(_MODEL.read_text("utf-8"))
    return stored
