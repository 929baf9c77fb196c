"""Stands in for the assistant where evaluation asks it; records what was asked."""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from frontdesk.answering.answer import Answer, Citation
from frontdesk.knowledge.documents import Hit, Passage


def make_hit(document_id: str, text: str = "", title: str = "") -> Hit:
    passage = Passage(
        id=f"{document_id}#0",
        document_id=document_id,
        title=title or document_id,
        title_path=(title or document_id,),
        text=text,
        position=0,
    )
    return Hit(passage=passage, score=1.0, dense=1.0, lexical=1.0)


def make_answer(decision: str, text: str = "?", **fields: Any) -> Answer:
    return Answer(decision=decision, text=text, **fields)  # type: ignore[arg-type]


def make_citation(document_id: str, quote: str) -> Citation:
    return Citation(id=document_id, title=document_id, url="", quote=quote)


class FakeAnswerer:
    """Answers a message with what `answers` holds for it, else with `default`."""

    def __init__(
        self, answers: Mapping[str, Answer], default: Answer | None = None
    ) -> None:
        self.answers = dict(answers)
        self.default = default or make_answer("abstain", "I do not know.")
        self.asked: list[list[Mapping[str, str]]] = []
        self.streamed: dict[str, str] = {}
        self.closed = False

    async def answer(
        self, turns: Sequence[Mapping[str, str]], reader: Any = None
    ) -> Answer:
        self.asked.append(list(turns))
        message = turns[-1]["text"]
        if reader and message in self.streamed:
            await reader.on_delta(self.streamed[message])
        return self.answers.get(message, self.default)

    async def aclose(self) -> None:
        self.closed = True


class WordEncoder:
    """Unit vectors of word counts; counts the texts it encoded."""

    name = "words"
    fingerprint = "words-1"
    dimension = 64
    max_tokens = 256

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts: Sequence[str], progress: Any = None) -> Any:
        self.encoded += len(texts)
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1.0
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(norms == 0, 1, norms)

    def count_tokens(self, text: str) -> int:
        return len(text.split())
