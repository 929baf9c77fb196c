"""Whether the assistant answers right, or honestly does not.

Over answerable and follow-up questions: right + wrong + false_abstain = 1.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from frontdesk.evaluation import figures, scoring
from frontdesk.evaluation.retrieval import distinct
from frontdesk.evaluation.sets import KINDS, Question, with_progress

if TYPE_CHECKING:
    from frontdesk.answering.answer import Answer
    from frontdesk.answering.answerer import Answerer
    from frontdesk.knowledge.documents import Passage

Verdict = Literal["right", "wrong", "false_abstain"]

ANSWERED_KINDS = ("answerable", "followup")


@dataclass(frozen=True)
class Judged:
    """One question with what became of it."""

    question: Question
    answer: Answer
    verdict: Verdict
    gold_in_5: bool
    grounded: bool
    ms: float

    def row(self) -> dict[str, Any]:
        """The line of the output file."""
        return {
            "id": self.question.id,
            "kind": self.question.kind,
            "question": self.question.turns[-1]["text"],
            "verdict": self.verdict,
            "decision": self.answer.decision,
            "answer": self.answer.text,
            "choices": list(self.answer.choices),
            "citations": [
                {"id": c.id, "title": c.title, "url": c.url, "quote": c.quote}
                for c in self.answer.citations
            ],
            "relevant": list(self.question.relevant),
            "found": found_documents(self.answer),
            "gold_in_5": self.gold_in_5,
            "grounded": self.grounded,
            "generated": self.answer.generated,
            "confidence": round(self.answer.confidence, 4),
            "ms": round(self.ms, 1),
            "timings": self.answer.timings,
        }


async def ask_all(
    questions: Sequence[Question],
    answerer: Answerer,
    documents: Mapping[str, str],
    check: Callable[[Answer, Mapping[str, str]], bool],
) -> list[Judged]:
    """The questions in order, each asked once and judged.

    Args:
        questions: An answers set.
        answerer: What is measured.
        documents: Title and text of the knowledge documents by id.
        check: Whether an answer is grounded in the documents, see `is_grounded`.
    """
    judged = []
    texts = list(documents.values())
    for question in with_progress(questions, "questions"):
        start = time.perf_counter()
        answer = await answerer.answer(question.turns)
        ms = (time.perf_counter() - start) * 1000
        ms += answer.timings.get("remembered", 0.0)  # spared, see ablation.py
        judged.append(
            Judged(
                question=question,
                answer=answer,
                verdict=judge(question, answer, texts),
                gold_in_5=not set(question.relevant).isdisjoint(
                    found_documents(answer)[:5]
                ),
                grounded=answer.decision == "answer" and check(answer, documents),
                ms=ms,
            )
        )
    return judged


def judge(question: Question, answer: Answer, documents: Sequence[str]) -> Verdict:
    """Right when the assistant did what the kind of question calls for."""
    if question.kind == "unanswerable":
        right = answer.decision in ("abstain", "escalate")
    elif question.kind == "underspecified":
        right = scoring.is_good_question(
            answer.decision, answer.text, answer.choices, question.facts, documents
        )
    else:
        right = scoring.is_right(
            answer.decision, answer.text, question.facts, question.wrong
        )
        if answer.decision != "answer":
            return "false_abstain"
    return "right" if right else "wrong"


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """The figures of a run; a share is None when no question of its kind is there."""
    asked_to_answer = [j for j in judged if j.question.kind in ANSWERED_KINDS]
    answered = [j for j in judged if j.answer.decision == "answer"]
    first_tokens = [
        j.answer.timings["first_token"]
        for j in judged
        if j.answer.timings.get("first_token")
    ]
    times = [j.ms for j in judged]
    return {
        **{
            verdict: figures.share([j.verdict == verdict for j in asked_to_answer])
            for verdict in ("right", "wrong", "false_abstain")
        },
        "gold_in_5": figures.share([j.gold_in_5 for j in asked_to_answer]),
        "abstain": _share_right(judged, "unanswerable"),
        "ask": _share_right(judged, "underspecified"),
        "grounded": figures.share([j.grounded for j in answered]),
        "verbatim": figures.share([not j.answer.generated for j in answered]),
        "ms_p50": figures.percentile(times, 50),
        "ms_p95": figures.percentile(times, 95),
        "first_token_ms_p50": figures.percentile(first_tokens, 50),
        "n": len(judged),
        "by_kind": {
            kind: _counts([j for j in judged if j.question.kind == kind])
            for kind in KINDS
        },
    }


def coverage_reliability(judged: Sequence[Judged]) -> list[tuple[float, float, int]]:
    """Bins of the gate's confidence against the share that could be answered."""
    clear = [j for j in judged if j.question.kind != "underspecified"]
    return figures.reliability(
        [j.answer.confidence for j in clear],
        [j.question.kind in ANSWERED_KINDS for j in clear],
    )


def is_grounded(answer: Answer, documents: Mapping[str, str]) -> bool:
    """Whether the answer cites, quotes word for word, and passes the check.

    Args:
        answer: An answer; its evidence is what was retrieved for it.
        documents: Title and text of the knowledge documents by id.
    """
    quoted = bool(answer.citations) and all(
        is_quoted(citation.quote, documents.get(citation.id, ""))
        for citation in answer.citations
    )
    return quoted and is_supported(answer)


def is_quoted(quote: str, document: str) -> bool:
    """Whether the quote stands in the document word for word.

    It may be a passage, or several whole sentences, items or table rows (a row with
    its column names) put together. Punctuation and Markdown do not count.
    """
    from frontdesk.answering.sentences import split_units

    rest = f" {_words(quote)} "
    if rest in f" {_words(document)} ":
        return True
    units = {_words(unit.text) for unit in split_units(document)} - {""}
    for unit in sorted(units, key=len, reverse=True):
        rest = rest.replace(f" {unit} ", "  ")
    return not rest.strip()


def is_supported(answer: Answer) -> bool:
    """Whether what was retrieved for the answer supports its text."""
    from frontdesk.answering.check import shipped_threshold, support

    evidence = [f"{hit.passage.title}\n{hit.passage.text}" for hit in answer.passages]
    return support(answer.text, evidence) >= shipped_threshold()


def knowledge_documents(passages: Iterable[Passage]) -> dict[str, str]:
    """Title, headings and text of the documents that the passages make up, by id."""
    parts: dict[str, list[str]] = {}
    for passage in passages:
        heading = "\n".join(passage.title_path or (passage.title,))
        parts.setdefault(passage.document_id, []).append(f"{heading}\n\n{passage.text}")
    return {document: "\n\n".join(texts) for document, texts in parts.items()}


def found_documents(answer: Answer) -> list[str]:
    """Ids of the documents retrieved for an answer, best first, each once."""
    return distinct(hit.passage.document_id for hit in answer.passages)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text))


def _share_right(judged: Sequence[Judged], kind: str) -> float | None:
    return figures.share(
        [j.verdict == "right" for j in judged if j.question.kind == kind]
    )


def _counts(judged: Sequence[Judged]) -> dict[str, Any]:
    verdicts = Counter(j.verdict for j in judged)
    return {
        "n": len(judged),
        **{
            verdict: verdicts[verdict]
            for verdict in ("right", "wrong", "false_abstain")
        },
        "gold_in_5": sum(j.gold_in_5 for j in judged),
        "decisions": dict(sorted(Counter(j.answer.decision for j in judged).items())),
        "distinct_choices": len(
            {frozenset(j.answer.choices) for j in judged if j.answer.choices}
        ),
    }
