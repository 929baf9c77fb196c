"""Vectors of the passages' words, short enough to keep them all in memory.

The encoder gives each word a vector that knows its context. They are projected to
the directions in which this knowledge base varies most and kept in 8 bits: 96 bytes
a word, about 7 KB a passage. Comparing a question with a passage word by word finds
the one sentence that answers it, where a passage's single vector is an average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from frontdesk.knowledge.encoder import Vectors

DIMENSIONS = 96  # 64 cost .01 of MRR on two of four sets, 384 gained .005
SCALE = 1 / 200  # 8 bits hold [-0.635, 0.635]; rows seldom reach further
BLOCK = 16  # words; a stretch is two blocks, about two sentences

Bytes = npt.NDArray[np.int8]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Projection:
    """Maps vectors to fewer dimensions; `matrix` is float32 (dimension, DIMENSIONS)."""

    matrix: Vectors

    @classmethod
    def learn(cls, words: Sequence[Vectors], dimension: int) -> Projection:
        """The directions in which the words given vary most."""
        spread = np.eye(dimension) * 1e-6  # texts without words have directions too
        for rows in words:
            spread += rows.T.astype(np.float64) @ rows
        _, directions = np.linalg.eigh(spread)  # by growing spread
        return cls(directions[:, ::-1][:, :DIMENSIONS].astype(np.float32))

    def project(self, vectors: Vectors) -> Vectors:
        """Unit rows, float32 (n_words, DIMENSIONS)."""
        short = vectors @ self.matrix
        norms = np.linalg.norm(short, axis=1, keepdims=True)
        return np.asarray(short / np.maximum(norms, 1e-6), dtype=np.float32)

    def shorten(self, vectors: Vectors) -> Bytes:
        """The same in 8 bits; times SCALE they are the rows of `project`."""
        steps: Bytes
        steps = np.clip(np.rint(self.project(vectors) / SCALE), -127, 127).astype(
            np.int8
        )
        return steps


@dataclass(frozen=True)
class WordVectors:
    """Rows `starts[i]` up to `starts[i + 1]` of `rows` are the words of passage i."""

    rows: Bytes  # (n_words, DIMENSIONS)
    starts: Rows  # (n_passages + 1,)
    projection: Projection

    @classmethod
    def join(cls, parts: Sequence[Bytes], projection: Projection) -> WordVectors:
        empty = np.zeros((0, projection.matrix.shape[1]), dtype=np.int8)
        starts = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
        filled = [part for part in parts if len(part)]
        return cls(np.concatenate([empty, *filled]), starts, projection)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, passage: int) -> Bytes:
        return self.rows[self.starts[passage] : self.starts[passage + 1]]

    def best_stretches(self, passages: Rows, query: Vectors) -> Vectors:
        """How well the best stretch of each passage matches, float32 (n_passages,).

        A stretch matches by the mean, over the query's words, of the cosine with the
        most similar word in it.

        Args:
            passages: Which passages to compare.
            query: The query's words as the encoder gives them, (n_words, dimension).
        """
        found = np.zeros(len(passages), dtype=np.float32)
        starts = self.starts[passages]
        counts = self.starts[passages + 1] - starts
        filled = np.flatnonzero(counts)
        if not len(query) or not len(filled):
            return found
        counts = counts[filled]
        first = np.cumsum(counts) - counts  # of each passage among the rows picked
        picked = np.arange(counts.sum()) + np.repeat(starts[filled] - first, counts)
        cosines = (
            self.rows[picked].astype(np.float32) @ self.projection.project(query).T
        )
        n_blocks = -(-counts // BLOCK)
        first_block = np.cumsum(n_blocks) - n_blocks
        steps = np.arange(n_blocks.sum()) - np.repeat(first_block, n_blocks)
        blocks = np.maximum.reduceat(
            cosines, np.repeat(first, n_blocks) + steps * BLOCK
        )
        stretches = blocks.copy()  # (n_blocks, n_query_words)
        last = np.zeros(len(blocks), dtype=np.bool_)
        last[first_block + n_blocks - 1] = True  # the last block stands alone
        inner = np.flatnonzero(~last)
        stretches[inner] = np.maximum(blocks[inner], blocks[inner + 1])
        best = np.maximum.reduceat(stretches.mean(axis=1), first_block)
        found[filled] = best * np.float32(SCALE)
        return found

    def save(self, folder: Path) -> None:
        np.save(folder / "words.npy", self.rows)
        np.save(folder / "word_starts.npy", self.starts)
        np.save(folder / "word_projection.npy", self.projection.matrix)

    @classmethod
    def load(cls, folder: Path) -> WordVectors:
        return cls(
            np.load(folder / "words.npy"),
            np.load(folder / "word_starts.npy"),
            Projection(np.load(folder / "word_projection.npy")),
        )
