"""Ranking the passages of one index version for one conversation."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from frontdesk.knowledge import lexical
from frontdesk.knowledge.conversation import NAME_DECAY, Conversation
from frontdesk.knowledge.documents import Filters, Hit, Passage
from frontdesk.knowledge.encoder import Encoder, Vectors, encode_words
from frontdesk.knowledge.index import StoredIndex
from frontdesk.knowledge.names import Names
from frontdesk.knowledge.scoring import SHIPPED, Floats, Weights, combine
from frontdesk.knowledge.spelling import Spelling

CANDIDATES = 300  # of each kind: nearest, most words, same product
REFINED = 200  # best candidates that are compared word by word
SAME_TEXT = 0.9  # share of common words that makes two passages copies

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """Passage rows and their signals, each float32 (n_candidates,)."""

    rows: Rows
    signals: dict[str, Floats]


class Searcher:
    """Searches one version; safe to use from several threads."""

    def __init__(
        self, index: StoredIndex, encoder: Encoder, weights: Weights = SHIPPED
    ) -> None:
        import faiss
        import threadpoolctl  # type: ignore[import-untyped]

        # Two threads for products as small as a query's only wait for each other:
        # on two busy cores p95 was 70 ms with them and 31 ms without.
        faiss.omp_set_num_threads(1)
        threadpoolctl.threadpool_limits(1, user_api="blas")
        self.index = index
        self.names = Names(index.passages, index.lexical)
        self._encoder = encoder
        self._weights = weights
        self._of_document: dict[str, list[Passage]] = defaultdict(list)
        for passage in index.passages:
            self._of_document[passage.document_id].append(passage)
        self._products = np.array(
            [passage.kind == "product" for passage in index.passages], dtype=np.float32
        )
        self._spelling = Spelling(
            (passage.encoded_text for passage in index.passages), encoder.count_tokens
        )
        self._words = functools.lru_cache(maxsize=8192)(self._find_words)
        self._allowed = functools.lru_cache(maxsize=32)(self._find_allowed)

    def search(
        self, turns: Sequence[Mapping[str, str]], top_k: int, filters: Filters
    ) -> list[Hit]:
        """The best passages for the last turn, best first, copies left out."""
        conversation = Conversation.from_turns(turns)
        if conversation is None:
            return []
        found = self.candidates(conversation, filters)
        if not len(found.rows):
            return []
        scores = combine(found.signals, self._weights)
        hits: list[Hit] = []
        kept: dict[frozenset[str], list[frozenset[str]]] = defaultdict(list)
        for place in np.argsort(-scores, kind="stable"):
            if len(hits) == top_k:
                break
            row = int(found.rows[place])
            passage = self.index.passages[row]
            title, words = self._words(row)
            if any(_same_text(words, other) for other in kept[title]):
                continue
            kept[title].append(words)
            signals = {name: float(v[place]) for name, v in found.signals.items()}
            hits.append(
                Hit(
                    passage,
                    float(scores[place]),
                    signals["dense_context"],
                    signals["words_context"],
                    signals,
                )
            )
        return hits

    def candidates(self, conversation: Conversation, filters: Filters) -> Candidates:
        """The passages worth ranking, with every signal."""
        conversation = conversation.corrected(self._spelling.correct)
        allowed = self._allowed(replace(filters, today=filters.today or date.today()))
        if not len(allowed):
            return Candidates(allowed, {})
        texts = list(dict.fromkeys([conversation.last, conversation.context]))
        vectors, query_words = encode_words(self._encoder, texts)
        last, context = vectors[0], vectors[-1]
        words = self.index.lexical.scores(conversation.words())
        name, other_name = self._name_signals(conversation)
        rows = self._pool(allowed, vectors, words, name)
        near = self.index.vectors.reconstruct_batch(rows)  # (n_rows, dimension)
        signals: dict[str, Floats] = {
            "dense_last": near @ last,
            "dense_context": near @ context,
            "words_context": words[rows],
            "name": name[rows],
            "other_name": other_name[rows],
            "product": self._products[rows],
        }
        best = np.argsort(-combine(signals, self._weights), kind="stable")[:REFINED]
        rows = rows[best]
        signals = {key: values[best] for key, values in signals.items()}
        signals["sentence_last"] = self.index.words.best_stretches(rows, query_words[0])
        return Candidates(rows, signals)

    def neighbours(self, passage: Passage, distance: int) -> list[Passage]:
        """Passages of the same document at most `distance` away, in reading order."""
        return [
            other
            for other in self._of_document[passage.document_id]
            if 0 < abs(other.position - passage.position) <= distance
        ]

    def _pool(
        self, allowed: Rows, vectors: Vectors, words: Floats, name: Floats
    ) -> Rows:
        """Rows that are near, share words or are about what is discussed, sorted."""
        import faiss

        if len(allowed) <= CANDIDATES:
            return allowed
        parameters = faiss.SearchParameters()
        if len(allowed) < len(self.index.passages):
            parameters.sel = faiss.IDSelectorBatch(allowed)
        _, near = self.index.vectors.search(vectors, CANDIDATES, params=parameters)
        pools = [near.ravel()]
        for signal in (words, words * (name > 0), name):
            pools.append(_best(allowed, signal))
        rows: Rows = np.unique(np.concatenate(pools))
        return rows[rows >= 0]

    def _name_signals(self, conversation: Conversation) -> tuple[Floats, Floats]:
        """Signals `name` and `other_name` of all passages, (n_passages,) each."""
        mentioned = np.zeros(len(self.names.names), dtype=np.float32)
        for age, text in enumerate(reversed(conversation.messages)):
            found = self.names.mentions(text) * np.float32(NAME_DECAY**age)
            np.maximum(mentioned, found, out=mentioned)
        strongest = float(mentioned.max(initial=0.0))
        if not strongest:
            nothing = np.zeros(len(self.index.passages), dtype=np.float32)
            return nothing, nothing
        name = self.names.of_passages(mentioned / strongest)
        return name, strongest * self.names.owned * (1 - name)

    def _find_words(self, row: int) -> tuple[frozenset[str], frozenset[str]]:
        """Words of a passage's title path and of its text."""
        passage = self.index.passages[row]
        title = frozenset(lexical.tokens(" ".join(passage.title_path)))
        return title, frozenset(lexical.tokens(passage.text))

    def _find_allowed(self, filters: Filters) -> Rows:
        return np.array(
            [
                row
                for row, passage in enumerate(self.index.passages)
                if filters.allow(passage)
            ],
            dtype=np.int64,
        )


def _best(allowed: Rows, signal: Floats) -> Rows:
    """At most CANDIDATES of the allowed rows with the highest positive signal."""
    values = signal[allowed]
    count = min(CANDIDATES, int((values > 0).sum()))
    return (
        allowed[np.argpartition(-values, count - 1)[:count]] if count else allowed[:0]
    )


def _same_text(words: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts say the same, figures included."""
    common = len(words & other)
    if common < SAME_TEXT * max(1, len(words | other)):
        return False
    return not any(any(map(str.isdigit, word)) for word in words ^ other)
