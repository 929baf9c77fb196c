"""Stands in for the retriever and the model behind the answering room."""

import asyncio
import math
import re
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontdesk.generation.errors import GenerationUnavailableError
from frontdesk.knowledge.documents import Hit, Passage


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit rows of word counts: texts with the same words are close."""
    rows = np.zeros((len(texts), 256), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in re.findall(r"\w+", text.lower()):
            row[zlib.crc32(word.encode()) % 256] += 1.0
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms == 0, 1, norms)


def passage(
    document_id: str, title: str, text: str, kind: str = "article", position: int = 0
) -> Passage:
    return Passage(
        id=f"{document_id}#{position}",
        document_id=document_id,
        title=title,
        title_path=(title,),
        text=text,
        position=position,
        url=f"https://shop.example/{document_id}",
        kind=kind,
    )


def hit(found: Passage, score: float = 1.0) -> Hit:
    return Hit(passage=found, score=score, dense=score, lexical=score)


class FakeRetriever:
    """Ranks its passages by shared words; records the conversations it was given."""

    def __init__(self, passages: Sequence[Passage], version: str = "1") -> None:
        self.passages = list(passages)
        self.version = version
        self.asked: list[list[Mapping[str, str]]] = []

    def search_turns(self, turns: Sequence[Mapping[str, str]], top_k: int) -> list[Hit]:
        self.asked.append(list(turns))
        query = encode([" ".join(turn["text"] for turn in turns)])[0]
        rows = encode([f"{p.title} {p.text}" for p in self.passages])
        scores = rows @ query
        order = np.argsort(-scores)[:top_k]
        return [hit(self.passages[row], float(scores[row])) for row in order]


class FakeGenerator:
    """Writes what it was told to, word by word; records prompts and words taken.

    An empty reply is an outage; `pause` makes it wait for ever before that word.
    """

    def __init__(self, reply: str, pause: str = "") -> None:
        self.reply = reply
        self.pause = pause
        self.asked: list[list[Mapping[str, str]]] = []
        self.taken: list[str] = []
        self.ended = False
        self.closed = False

    async def stream(
        self, messages: Sequence[Mapping[str, str]], *, max_tokens: int
    ) -> AsyncIterator[str]:
        self.asked.append(list(messages))
        if not self.reply:
            raise GenerationUnavailableError("The generation server refused.")
        try:
            for word in re.findall(r"\S+\s*", self.reply):
                if self.pause and word.strip() == self.pause:
                    await asyncio.Event().wait()
                self.taken.append(word)
                yield word
                await asyncio.sleep(0)
        finally:
            self.ended = True

    async def aclose(self) -> None:
        self.closed = True


def idf(stem: str) -> float:
    """The same weight for every stem but the commonest."""
    return 1.0 if stem in ("shop", "order") else math.e


def tiny_bert(tokenizer: Any) -> Any:
    """A BERT encoder of two layers with random weights, the same every time."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    return BertModel(config, add_pooling_layer=False)
