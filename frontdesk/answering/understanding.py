"""A turn as it was understood, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frontdesk.answering.answer import Answer
from frontdesk.answering.evidence import Candidate
from frontdesk.answering.gate import Verdict
from frontdesk.answering.question import Question
from frontdesk.answering.siblings import Siblings
from frontdesk.knowledge.documents import Hit


@dataclass(frozen=True)
class Understanding:
    """A turn before anything is written: what is asked and what is known about it."""

    question: Question
    hits: list[Hit]
    evidence: list[Candidate]
    siblings: Siblings
    verdict: Verdict


def traced(known: Understanding, answer: Answer) -> dict[str, Any]:
    """What the trace holds of a turn and its answer."""
    return {
        "question": known.question.text,
        "standalone": known.question.standalone,
        "passages": [
            {
                "id": hit.passage.id,
                "title": hit.passage.title,
                "score": hit.score,
                "dense": hit.dense,
                "lexical": hit.lexical,
            }
            for hit in known.hits
        ],
        "features": known.verdict.features,
        "confidence": known.verdict.confidence,
        "decision": answer.decision,
        "generated": answer.generated,
        "text": answer.text,
        "choices": list(answer.choices),
        "citations": [citation.id for citation in answer.citations],
        "timings": answer.timings,
    }
