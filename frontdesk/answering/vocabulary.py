"""How common words are in the knowledge, and which words name one of its things."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from frontdesk.answering import facts
from frontdesk.knowledge.documents import Passage


class Vocabulary:
    """Document frequencies of stems over the passages of one index version."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._df: Counter[str] = Counter()
        titles: dict[str, str] = {}
        for passage in passages:
            self._df.update(set(facts.content_stems(f"{passage.title} {passage.text}")))
            titles[passage.document_id] = passage.title
        self._n = len(passages)
        self._title_df: Counter[str] = Counter()
        for title in titles.values():
            self._title_df.update(set(facts.content_stems(title)))
        self._n_titles = len(titles)

    def idf(self, stem: str) -> float:
        """The inverse document frequency; the largest value for an unknown stem."""
        return math.log((self._n + 1) / (self._df.get(stem, 0) + 0.5))

    def knows(self, stem: str) -> bool:
        """Whether any passage holds the stem."""
        return stem in self._df

    def in_titles(self, stem: str) -> float:
        """Share of the documents whose title holds the stem, in [0, 1]."""
        return self._title_df.get(stem, 0) / max(1, self._n_titles)
