"""The prompts of a grounded answer: versioned files, filled in.

A model that was taught to write from chosen sentences (the embedded one, see
`frontdesk.training.writer`) gets those; any other gets whole passages and rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from frontdesk.answering.compose import clean_passage, verbatim
from frontdesk.answering.evidence import Candidate
from frontdesk.answering.question import Question
from frontdesk.knowledge.documents import Hit

VERSION = "grounded_answer.v1"
WRITER_VERSION = "written_answer.v1"
MAX_PASSAGES = 3
MAX_PASSAGE_CHARACTERS = 900
NOT_IN_PASSAGES = "NOT IN PASSAGES"
MARKER = re.compile(r"\[\d+\]")  # of a passage; nothing for customers
_SILENT = re.compile(
    r"\b(?:not|n't) (?:available|specified|mentioned|stated|provided|listed|given)\b|"
    r"\bno information\b",
    re.IGNORECASE,
)
_FOLDER = Path(__file__).with_name("prompts")


def build_messages(
    question: Question, hits: Sequence[Hit], hidden: str = ""
) -> list[dict[str, str]]:
    """Chat messages for the model: rules, then passages as data and the question.

    Args:
        question: What is asked.
        hits: The evidence, best first; the first three are shown.
        hidden: Text of the system part that must never reach a customer.
    """
    system, user = _template(VERSION)
    passages = "\n\n".join(
        f"[{number}] {hit.passage.title}\n{_shorten(clean_passage(hit.passage.text))}"
        for number, hit in enumerate(hits[:MAX_PASSAGES], 1)
    )
    filled = user.replace("{passages}", passages).replace(
        "{question}", " ".join(question.standalone.split())
    )
    rules = f"{system}\n{hidden}".strip()
    return [{"role": "system", "content": rules}, {"role": "user", "content": filled}]


def writer_messages(
    question: str, chosen: Sequence[Candidate], hidden: str = ""
) -> list[dict[str, str]]:
    """Chat messages for the model that was taught: chosen sentences and the question.

    Args:
        question: What is asked, standing alone.
        chosen: The sentences that would be quoted, see `compose.choose`.
        hidden: As in `build_messages`.
    """
    by_document: dict[str, list[Candidate]] = {}
    for candidate in chosen:
        passage = candidate.hit.passage
        by_document.setdefault(passage.document_id, []).append(candidate)
    notes = "\n\n".join(
        f"# {found[0].hit.passage.title}\n{verbatim(found)}"
        for found in by_document.values()
    )
    system, user = _template(WRITER_VERSION)
    filled = user.replace("{notes}", notes).replace(
        "{question}", " ".join(question.split())
    )
    rules = f"{system}\n{hidden}".strip()
    return [{"role": "system", "content": rules}, {"role": "user", "content": filled}]


def is_silent(text: str) -> bool:
    """Whether a draft says that the passages do not tell."""
    return NOT_IN_PASSAGES.lower() in text.lower() or _SILENT.search(text) is not None


def _shorten(text: str) -> str:
    if len(text) <= MAX_PASSAGE_CHARACTERS:
        return text
    return text[:MAX_PASSAGE_CHARACTERS].rsplit("\n", 1)[0]


@lru_cache(maxsize=4)
def _template(version: str) -> tuple[str, str]:
    text = (_FOLDER / f"{version}.txt").read_text("utf-8")
    system, _, user = text.partition("\n---\n")
    return system.strip(), user.strip()
