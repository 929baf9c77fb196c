"""The assistant without one of its parts, to show what each part adds.

Every variant is asked the same questions. The variants share what the shipped
assistant understood of a turn (passages found and read, evidence, verdict) where it
does not depend on what they leave out; only two of them let the model write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frontdesk.answering import Answerer, open_answerer
from frontdesk.answering.check import Claim, Evidence
from frontdesk.answering.prompt import NOT_IN_PASSAGES
from frontdesk.answering.understanding import Understanding
from frontdesk.evaluation import answers
from frontdesk.evaluation.answers import Judged
from frontdesk.evaluation.sets import Question
from frontdesk.settings import Settings

Turns = Sequence[Mapping[str, str]]
Memory = dict[tuple[tuple[str, str], ...], tuple[Understanding, dict[str, float]]]

SHIPPED = "as shipped"


class Sharing(Answerer):
    """An answerer with another's parts, which understands no turn twice.

    When it takes a turn from the memory, `remembered` in the timings says how many
    milliseconds that spared.
    """

    def __init__(self, other: Answerer, memory: Memory) -> None:
        vars(self).update(vars(other))
        self._memory = memory

    def understand(self, turns: Turns, timings: dict[str, float]) -> Understanding:
        key = tuple((turn["role"], turn["text"]) for turn in turns)
        if key in self._memory:
            timings["remembered"] = sum(self._memory[key][1].values())
        else:
            times: dict[str, float] = {}
            self._memory[key] = super().understand(turns, times), times
        known, times = self._memory[key]
        timings.update(times)
        return known


class Quoting(Sharing):
    """Quotes evidence word for word; no model writes."""

    def __init__(self, other: Answerer, memory: Memory) -> None:
        super().__init__(other, memory)
        self._generator = None


class WithoutHistory(Quoting):
    """Sees the last message only."""

    def understand(self, turns: Turns, timings: dict[str, float]) -> Understanding:
        return super().understand(turns[-1:], timings)


class WithoutGate(Quoting):
    """Answers whenever there is evidence; what belongs to people still goes there."""

    def understand(self, turns: Turns, timings: dict[str, float]) -> Understanding:
        known = super().understand(turns, timings)
        if known.verdict.decision == "escalate":
            return known
        return replace(known, verdict=replace(known.verdict, decision="answer"))


class WithoutCheck(Sharing):
    """Shows what the model wrote, unless the model itself says that it cannot tell."""

    def _may_be_read(self, sentence: str, evidence: Evidence) -> bool:
        return True

    def _acceptable(
        self, draft: str, claims: Sequence[Claim], known: Understanding
    ) -> bool:
        return bool(draft) and NOT_IN_PASSAGES.lower() not in draft.lower()


VARIANTS: dict[str, type[Sharing] | None] = {
    "quoted evidence only": Quoting,
    "quoted, without history": WithoutHistory,
    "quoted, without the reader": None,  # opened without one: other evidence
    "quoted, without the gate": WithoutGate,
    "without the check": WithoutCheck,
}


async def ask_variants(
    questions: Sequence[Question],
    index: Path,
    settings: Settings,
    documents: Mapping[str, str],
    step: int = 1,
) -> dict[str, list[Judged]]:
    """What became of the questions, by variant; as shipped comes first.

    Args:
        questions: An answers set; the shipped assistant is asked all of it.
        index: The knowledge to ask.
        settings: What the assistant is opened with.
        documents: Title and text of the knowledge documents by id.
        step: The variants are asked every `step`-th question.
    """
    opened = open_answerer(settings, index=index)
    unread = open_answerer(settings, index=index, generate=False, read=False)
    memory: Memory = {}
    shipped = Sharing(opened, memory)

    async def ask(answerer: Answerer, some: Sequence[Question]) -> list[Judged]:
        return await answers.ask_all(some, answerer, documents, answers.is_grounded)

    try:
        judged = {SHIPPED: await ask(shipped, questions)}
        for name, variant in VARIANTS.items():
            answerer = variant(shipped, memory) if variant else unread
            judged[name] = await ask(answerer, questions[::step])
    finally:
        await opened.aclose()
        await unread.aclose()
    return judged


def table(
    judged: Mapping[str, Sequence[Judged]], step: int = 1
) -> dict[str, dict[str, Any]]:
    """The figures by variant, all on the questions that every variant was asked.

    The first token is left out: its time does not hold what was remembered.
    """
    rows = {
        name: answers.summarise(ones[::step] if name == SHIPPED else ones)
        for name, ones in judged.items()
    }
    for row in rows.values():
        del row["first_token_ms_p50"]
    return rows
