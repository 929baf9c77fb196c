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
        self.encoded += texts
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, 0] = 1e-3  # a text without words has a direction too
            for word in re.findall(r"\w+", text.lower()):
                vectors[row] += self._vector(word)
        if progress:
            progress(len(texts), len(texts))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]", text))

    def _vector(self, word: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self.dimension)
