"""Ranking the passages of one index version for one conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from frontdesk.knowledge import lexical
from frontdesk.knowledge.documents import Filters, Hit, Passage
from frontdesk.knowledge.encoder import Encoder
from frontdesk.knowledge.index import StoredIndex


class Searcher:
    """Searches one version; safe to use from several threads."""

    def __init__(self, index: StoredIndex, encoder: Encoder) -> None:
        self.index = index
        self._encoder = encoder
        self._matrix = index.vectors.reconstruct_n(0, index.vectors.ntotal)

    def search(
        self,
        turns: Sequence[Mapping[str, str]],
        top_k: int,
        filters: Filters,
        rerank: bool = False,
    ) -> list[Hit]:
        """The best passages for the last turn, best first."""
        texts = [turn["text"] for turn in turns[-5:] if turn["text"].strip()]
        if not texts:
            return []
        joined = "\n".join(reversed(texts))
        dense = self._matrix @ self._encoder.encode([joined])[0]  # (n_passages,)
        words = {
            word: 1.0 / (1 + age)
            for age in range(len(texts) - 1, -1, -1)
            for word in lexical.tokens(texts[-1 - age])
        }
        found = self.index.lexical.scores(words)
        score = dense + 0.5 * found
        hits: list[Hit] = []
        for row in np.argsort(-score):
            passage = self.index.passages[row]
            if not filters.allow(passage):
                continue
            hits.append(
                Hit(passage, float(score[row]), float(dense[row]), float(found[row]))
            )
            if len(hits) == top_k:
                break
        return hits

    def neighbours(self, passage: Passage, distance: int) -> list[Passage]:
        found = [
            other
            for other in self.index.passages
            if other.document_id == passage.document_id
            and 0 < abs(other.position - passage.position) <= distance
        ]
        return sorted(found, key=lambda other: other.position)
