"""Word search: BM25 over stemmed tokens, title words counted more than once.

Identifiers and model names stay whole beside their parts: `TX-200b` is found as
`tx-200b`, `tx`, `200b`.
"""

from __future__ import annotations

import functools
import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TITLE_WEIGHT = 2
K1 = 1.2
B = 0.75

_WORD = re.compile(r"\w+(?:[-.'’/&]\w+)*")
_PART = re.compile(r"[-.'’/&]")
STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he "
    "her hers him his how i i'd i'll i'm i've if in into is it it's its just like may "
    "me mine my no not of on or our ours please she should so some than thanks that "
    "the their them then there these they this those to too us was we were what "
    "what's when where which who whom why will with would yes you your yours am also "
    "any about hi hello hey ok okay get got".split()
)


@functools.cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


def tokens(text: str) -> list[str]:
    """Stems of the words that are no stop words; hyphenated ones whole and in parts."""
    words: list[str] = []
    for match in _WORD.findall(text.lower().replace("’", "'")):
        word = match.removesuffix("'s")
        if word in STOP_WORDS:
            continue
        words.append(word)
        parts = _PART.split(word)
        if len(parts) > 1 and not all(part.isdigit() for part in parts):
            words += [part for part in parts if part and part not in STOP_WORDS]
    stems: list[str] = _stemmer().stemWords(words)
    return stems


class LexicalIndex:
    """BM25 scores of all passages for a query, as shares of the best possible."""

    def __init__(self, engine: Any, n_passages: int) -> None:
        self._engine = engine
        self._n = n_passages
        self._columns: dict[str, int] = engine.vocab_dict if engine else {}

    @classmethod
    def build(cls, texts: Sequence[tuple[str, str]]) -> LexicalIndex:
        """An index over (title path, text) pairs."""
        import bm25s

        _quiet_bm25s()
        corpus = [tokens(path) * TITLE_WEIGHT + tokens(text) for path, text in texts]
        if not any(corpus):
            return cls(None, len(texts))
        engine = bm25s.BM25(k1=K1, b=B)
        engine.index(corpus, show_progress=False)
        return cls(engine, len(texts))

    def scores(self, query: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """Share of the query's weight that each passage matches, float32 (n_passages,).

        The best a passage can do is the sum of weight times rarity over the query's
        words, so scores of different queries can be compared.

        Args:
            query: Weight of each word, spelled as `tokens` gives it.
        """
        found = np.zeros(self._n, dtype=np.float32)
        best = sum(weight * self.idf(word) for word, weight in query.items())
        if best <= 0 or not self._engine:
            return found
        matrix = self._engine.scores
        for word, weight in query.items():
            column = self._columns.get(word)
            if column is None:
                continue
            start, end = matrix["indptr"][column : column + 2]
            rows = matrix["indices"][start:end]
            found[rows] += np.float32(weight) * matrix["data"][start:end]
        return found / np.float32(best)

    def idf(self, word: str) -> float:
        """Rarity of a word, as BM25 weighs it; a word of no passage is rarest."""
        column = self._columns.get(word)
        count = 0
        if column is not None:
            start, end = self._engine.scores["indptr"][column : column + 2]
            count = int(end - start)
        return math.log(1 + (self._n - count + 0.5) / (count + 0.5))

    def save(self, folder: Path) -> None:
        if self._engine:
            self._engine.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path, n_passages: int) -> LexicalIndex:
        import bm25s

        _quiet_bm25s()
        if not folder.is_dir():
            return cls(None, n_passages)
        return cls(bm25s.BM25.load(str(folder), mmap=False), n_passages)


def _quiet_bm25s() -> None:
    logging.getLogger("bm25s").setLevel(logging.WARNING)
