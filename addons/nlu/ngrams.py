"""TF-IDF of words (1-2) and of characters within words (2-5): what an embedding blurs.

Character n-grams keep a mistyped word close to the right one; words keep "cancel" and
"return" apart. Both halves have length 1/sqrt(2), so a text's vector has length one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

_KINDS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "characters": {"ngram_range": (2, 5), "analyzer": "char_wb"},
}
_MAX_CHARACTERS = 1_000  # an intent shows early; bounds the work on a huge message


class Ngrams:
    """A fitted pair of vectorizers that can be stored as plain arrays and JSON."""

    def __init__(self, vectorizers: dict[str, TfidfVectorizer]) -> None:
        self._vectorizers = vectorizers

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Ngrams:
        """Vocabulary and weights of the training texts."""
        cleaned = [normalise(text) for text in texts]
        vectorizers = {
            kind: TfidfVectorizer(
                sublinear_tf=True, lowercase=False, dtype=np.float32, **options
            )
            for kind, options in _KINDS.items()
        }
        for vectorizer in vectorizers.values():
            vectorizer.fit(cleaned)
        return cls(vectorizers)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Vectors of the texts, sparse float32, (n_texts, n_grams)."""
        cleaned = [normalise(text) for text in texts]
        halves = [each.transform(cleaned) for each in self._vectorizers.values()]
        return (hstack(halves, format="csr") * np.float32(0.5**0.5)).astype(np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights of each kind's n-grams, for an `.npz` file."""
        return {kind: each.idf_ for kind, each in self._vectorizers.items()}

    def vocabularies(self) -> dict[str, list[str]]:
        """The n-grams of each kind in the order of their columns, for a JSON file."""
        return {
            kind: sorted(each.vocabulary_, key=each.vocabulary_.__getitem__)
            for kind, each in self._vectorizers.items()
        }

    @classmethod
    def restore(cls, arrays: Any, vocabularies: dict[str, list[str]]) -> Ngrams:
        """The pair that `arrays` and `vocabularies` were taken from."""
        vectorizers = {}
        for kind, options in _KINDS.items():
            vectorizers[kind] = TfidfVectorizer(
                sublinear_tf=True,
                lowercase=False,
                dtype=np.float32,
                vocabulary={gram: i for i, gram in enumerate(vocabularies[kind])},
                **options,
            )
            vectorizers[kind].idf_ = arrays[kind]
        return cls(vectorizers)


def normalise(text: str) -> str:
    """Lower case, one form per character, single spaces, every digit a zero."""
    text = unicodedata.normalize("NFKC", text[:_MAX_CHARACTERS]).lower()
    text = text.replace("\u2019", "'")
    return re.sub(r"\s+", " ", re.sub(r"\d", "0", text)).strip()
