"""What evidence is about, beside what the customer named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from frontdesk.answering.entities import Entities, Entity
from frontdesk.answering.evidence import Candidate
from frontdesk.answering.question import Question
from frontdesk.knowledge.documents import Hit


def subjects(candidate: Candidate, entities: Entities) -> list[Entity]:
    """What a sentence is about: what its document is about, else what it names."""
    entity = entities.of(candidate.hit.passage.document_id)
    if entity is not None:
        return [entity]
    return entities.named_in(f"{candidate.unit.context} {candidate.unit.text}")


def without_siblings(
    question: Question, hits: Sequence[Hit], entities: Entities
) -> list[Hit]:
    """The hits without those about siblings of what the question names.

    All of them where nothing is named or nothing else would be left.
    """
    named = entities.named_in_any_case(question.standalone)
    families = {entity.family for entity in named}
    kept = []
    for hit in hits:
        entity = entities.of(hit.passage.document_id)
        if entity is None or entity in named or entity.family not in families:
            kept.append(hit)
    return kept or list(hits)


def each_named_first(
    question: Question, evidence: Sequence[Candidate], entities: Entities
) -> list[Candidate]:
    """The evidence, before it the best sentence about each of several things named.

    "Which pays more, Oak or Elm?" needs a sentence of each, also where all the best
    ones are about Oak.
    """
    named = entities.named_in_any_case(question.text)
    first = {
        entity: candidate
        for candidate in reversed(evidence)
        for entity in [entities.of(candidate.hit.passage.document_id)]
        if entity in named
    }
    if len(first) < 2:
        return list(evidence)
    top = evidence[0].score
    leading = sorted(first.values(), key=evidence.index)
    rest = [candidate for candidate in evidence if candidate not in leading]
    return [*(replace(candidate, score=top) for candidate in leading), *rest]
