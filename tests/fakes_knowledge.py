"""An encoder without weights: texts that share words are near each other."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from frontdesk.knowledge.encoder import Progress, Vectors


class FakeEncoder:
    """Records what it encodes; a text's vector is the sum of its words' vectors."""

    def __init__(self, name: str = "fake", max_tokens: int = 64) -> None:
        self.name = name
        self.fingerprint = f"weights of {name}"
        self.dimension = 48
        self.max_tokens = max_tokens
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return self.encode_words(texts, progress)[0]

    def encode_words(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        self.encoded += texts
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        words = []
        for row, text in enumerate(texts):
            rows = [self._vector(word) for word in re.findall(r"\w+", text.lower())]
            words.append(np.array(rows, dtype=np.float32).reshape(-1, self.dimension))
            vectors[row, 0] = 1e-3  # a text without words has a direction too
            vectors[row] += words[row].sum(axis=0)
        if progress:
            progress(len(texts), len(texts))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), words

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]", text))

    def _vector(self, word: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(self.dimension)
        return (vector / np.linalg.norm(vector)).astype(np.float32)
