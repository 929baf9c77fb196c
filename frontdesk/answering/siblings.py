"""Siblings: the choices a question leaves open, read off the evidence.

Two kinds: documents about different members of one family (two accounts, three
kettles), and rows or items of one list that differ in what they are for (standard,
express). What the conversation already names is no open choice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from frontdesk.answering import facts
from frontdesk.answering.entities import Entities, Entity
from frontdesk.answering.evidence import Candidate, Encode
from frontdesk.answering.question import Question

MAX_CHOICES = 4
MARGIN = 0.3
CONSIDERED = 24
MAX_NAME_WORDS = 3
_NONE = {
    "sibling_count": 0.0,
    "sibling_closeness": 0.0,
    "sibling_parallel": 0.0,
    "sibling_conflict": 0.0,
    "sibling_generic": 0.0,
    "sibling_family_named": 0.0,
    "sibling_rows": 0.0,
}


@dataclass(frozen=True)
class Siblings:
    """What could be meant.

    Attributes:
        choices: Names to offer, the likeliest first; empty when nothing is open.
        noun: What they are: "account", "delivery service".
        features: Signs for the gate.
    """

    choices: tuple[str, ...] = ()
    noun: str = ""
    features: dict[str, float] = field(default_factory=lambda: dict(_NONE))


def find_siblings(
    question: Question,
    evidence: Sequence[Candidate],
    entities: Entities,
    encode: Encode,
) -> Siblings:
    """The open choices of a question, from its evidence."""
    if not evidence:
        return Siblings()
    said = " ".join(turn["text"] for turn in question.turns)
    by_entity = _of_entities(question, evidence, entities, said, encode)
    if by_entity.choices:
        return by_entity
    by_row = _of_rows(evidence, said)
    if by_row.choices:
        return by_row
    by_family = _of_family(question, evidence, entities, said)
    return by_family if by_family.choices else _of_titles(evidence, said)


def _of_family(
    question: Question, evidence: Sequence[Candidate], entities: Entities, said: str
) -> Siblings:
    """Members of a family that the question names as a whole: "your credit card"."""
    found: dict[Entity, Candidate] = {}
    for candidate in evidence:
        entity = entities.of(candidate.hit.passage.document_id)
        if entity is not None and _says(question.text, entity.family):
            found.setdefault(entity, candidate)
    if len(found) < 2:
        return Siblings()
    family = next(iter(found)).family
    members = [entity for entity in found if entity.family == family]
    if len(members) < 2 or _names_one(said, members):
        return Siblings()
    lag = evidence[0].score - found[members[1]].score
    features = dict(_NONE) | {
        "sibling_count": min(4, len(members)) / 4.0,
        "sibling_closeness": 1.0 - min(2.0, lag / MARGIN),
        "sibling_family_named": 1.0,
    }
    names = tuple(entity.name for entity in members[:MAX_CHOICES])
    return Siblings(names, family, features)


def _of_titles(evidence: Sequence[Candidate], said: str) -> Siblings:
    """Documents with parallel titles: "Car cover: Road" and "Car cover: Highway"."""
    top = evidence[0]
    best: dict[str, Candidate] = {}
    for candidate in evidence[:CONSIDERED]:
        if candidate.score > top.score - MARGIN:
            best.setdefault(candidate.hit.passage.title, candidate)
    names = parallel_names(list(best))
    if len(names) < 2:
        return Siblings()
    words = set(facts.content_stems(said))
    if any(set(facts.content_stems(name)) & words for name in names.values()):
        return Siblings()
    ordered = [best[title] for title in names]
    features = dict(_NONE) | {
        "sibling_count": min(4, len(names)) / 4.0,
        "sibling_closeness": 1.0 - (ordered[0].score - ordered[1].score) / MARGIN,
    }
    return Siblings(tuple(names.values())[:MAX_CHOICES], "", features)


def parallel_names(titles: Sequence[str]) -> dict[str, str]:
    """What tells apart the titles that are built like the first, by title.

    The part before a colon, the part behind it, or what is left without the words that
    both begin or end with. Empty when no title is built like the first.
    """
    if not titles:
        return {}
    first = titles[0]
    for title in titles[1:]:
        name = _apart(first, title)
        if name is not None:
            break
    else:
        return {}
    named = {first: _apart(title, first) or first}
    for title in titles[1:]:
        name = _apart(first, title)
        if name is not None:
            named[title] = name
    return named if len(set(named.values())) == len(named) else {}


def _apart(first: str, title: str) -> str | None:
    """What is `title`'s own beside `first`; None when they are not built alike."""
    head, colon, tail = (part.strip() for part in title.partition(":"))
    other, other_colon, rest = (part.strip() for part in first.partition(":"))
    if colon and other_colon:
        if head == other and len(tail.split()) <= MAX_NAME_WORDS:
            return tail
        shared = set(facts.content_stems(tail)) & set(facts.content_stems(rest))
        alike = shared or head.split()[0] == other.split()[0]
        if head != other and alike and len(head.split()) <= MAX_NAME_WORDS:
            return head
        return None
    words, others = title.split(), first.split()
    begin = end = 0
    while begin < min(len(words), len(others)) and words[begin] == others[begin]:
        begin += 1
    words, others = words[begin:], others[begin:]
    while end < min(len(words), len(others)) and words[-1 - end] == others[-1 - end]:
        end += 1
    own = words[: len(words) - end]
    if not (begin or end) or not own or len(own) > MAX_NAME_WORDS:
        return None
    if any(word.lower() in facts.STOPWORDS for word in own):
        return None
    return " ".join(own)


def _of_entities(
    question: Question,
    evidence: Sequence[Candidate],
    entities: Entities,
    said: str,
    encode: Encode,
) -> Siblings:
    top = evidence[0]
    best: dict[Entity, Candidate] = {}
    generic = entities.of(top.hit.passage.document_id) is None
    for candidate in evidence[:CONSIDERED]:
        if candidate.score <= top.score - MARGIN:
            break
        for entity in _about(candidate, entities):
            best.setdefault(entity, candidate)
    if len(best) < 2:
        return Siblings()
    family = _family(question, best)
    members = {e: c for e, c in best.items() if e.family == family}
    if len(members) < 2 or _names_one(said, list(members)):
        return Siblings()
    pair = list(members.values())[:2]
    texts = [candidate.unit.text for candidate in pair]
    rows = encode(texts)
    amounts = [frozenset(facts.quantities(text)) for text in texts]
    features = {
        "sibling_count": min(4, len(members)) / 4.0,
        "sibling_closeness": 1.0 - (pair[0].score - pair[1].score) / MARGIN,
        "sibling_parallel": float(np.dot(rows[0], rows[1])),
        "sibling_conflict": float(
            bool(amounts[0] and amounts[1] and amounts[0] != amounts[1])
        ),
        "sibling_generic": float(generic),
        "sibling_family_named": float(_says(said, family)),
        "sibling_rows": 0.0,
    }
    names = [entity.name for entity in members][:MAX_CHOICES]
    return Siblings(tuple(names), family, features)


def _about(candidate: Candidate, entities: Entities) -> list[Entity]:
    """What a sentence is about: what its document is about, else what it names."""
    entity = entities.of(candidate.hit.passage.document_id)
    if entity is not None:
        return [entity]
    return entities.named_in(f"{candidate.unit.context} {candidate.unit.text}")


def _family(question: Question, best: dict[Entity, Candidate]) -> str:
    families: dict[str, float] = {}
    for entity, candidate in best.items():
        bonus = 1.0 if _says(question.text, entity.family) else 0.0
        families[entity.family] = max(
            families.get(entity.family, 0.0), candidate.score + bonus
        )
    counts = {f: sum(e.family == f for e in best) for f in families}
    usable = {f: s for f, s in families.items() if counts[f] >= 2} or families
    return max(usable, key=lambda name: usable[name])


def _of_rows(evidence: Sequence[Candidate], said: str) -> Siblings:
    top = evidence[0]
    rows = [
        candidate
        for candidate in evidence[:12]
        if candidate.unit.item
        and candidate.hit.passage.id == top.hit.passage.id
        and candidate.unit.context == top.unit.context
        and "; " in candidate.unit.text
    ]
    if not top.unit.item or len(rows) < 2:
        return Siblings()
    labels = [_label(row.unit.text) for row in rows]
    heads = {head for head, _ in labels}
    values = list(dict.fromkeys(value for _, value in labels if value))
    if len(values) < 2 or len(heads) > 1 or any(_says(said, v) for v in values):
        return Siblings()
    noun = next(iter(heads)).lower()
    amounts = [frozenset(facts.quantities(row.unit.text)) for row in rows[:2]]
    features = dict(_NONE) | {
        "sibling_count": min(4, len(values)) / 4.0,
        "sibling_closeness": 1.0 - min(1.0, (top.score - rows[1].score) / MARGIN),
        "sibling_conflict": float(amounts[0] != amounts[1]),
        "sibling_rows": 1.0,
    }
    return Siblings(tuple(values[:MAX_CHOICES]), noun, features)


def _label(row: str) -> tuple[str, str]:
    """Head and value of a row's first cell; a plain "name: text" item has no head."""
    first, separator, _ = row.partition("; ")
    head, _, value = first.partition(": ")
    if separator and value and len(value) < 60:
        return head, value
    return "", head if len(head) < 40 else ""


def _names_one(said: str, members: Sequence[Entity]) -> bool:
    """Whether the conversation holds a word that tells one member from the others."""
    words = set(re.findall(r"[a-z]+|\d+(?:\.\d+)?", said.lower()))
    stems = {facts.stem(word) for word in words}
    shared = frozenset.intersection(*(member.words for member in members))
    for member in members:
        own = member.words - shared - {member.family}
        if any(word in words or facts.stem(word) in stems for word in own):
            return True
    return False


def _says(text: str, phrase: str) -> bool:
    wanted = facts.content_stems(phrase)
    return bool(wanted) and set(wanted) <= set(facts.content_stems(text))
