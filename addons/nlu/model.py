"""The trained intent model: what it says about a message, and how it is stored.

Two texts are alike by their sentence embeddings and their n-grams together,

    exp(sharpness * (cosine - 1)) + lexical * n-gram cosine

and a ridge regression on that likeness scores the intents (`training.py` fits it,
`scope.py` decides what is out of scope).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from addons.nlu.ngrams import Ngrams
from addons.nlu.scope import NEIGHBOURS, Scope, features

OUT_OF_SCOPE = "oos"  # examples of this intent teach what is out of scope
_CHUNK = 500  # messages predicted at once; bounds memory


@dataclass(frozen=True)
class Shape:
    """The likeness of two texts, and the ridge of the regression on it."""

    sharpness: float
    lexical: float
    penalty: float

    def kernel(self, cosines: np.ndarray, lexical: np.ndarray) -> np.ndarray:
        """Likeness of texts from their cosines; float32, the shape of the inputs."""
        likeness = cosines - np.float32(1.0)
        likeness *= np.float32(self.sharpness)
        np.exp(likeness, out=likeness)
        likeness += np.float32(self.lexical) * lexical
        return likeness


@dataclass(frozen=True)
class Prediction:
    """What the model says about one message.

    `ranking` holds every intent, most probable first; `nearest` the most similar
    training examples as (text, intent, cosine), most similar first.
    """

    ranking: tuple[tuple[str, float], ...]
    oos_probability: float
    is_out_of_scope: bool
    nearest: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class IntentModel:
    """A trained model with the rows it compares a message with.

    The rows are the examples (`texts`, sorted by intent, `oos` ones included) and then
    the intents' own names.
    """

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    labels: np.ndarray  # (n_rows,) index into intents, -1 for out of scope
    vectors: np.ndarray  # (n_rows, dimension) unit rows, float32
    grams: csr_matrix  # (n_rows, n_grams) unit rows
    ngrams: Ngrams
    shape: Shape
    weights: np.ndarray  # (n_rows, n_intents) float32
    temperature: float
    scope: Scope

    def predict(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """What the model says about each message, given its text and embedding."""
        predictions = []
        for start in range(0, len(texts), _CHUNK):
            rows = slice(start, start + _CHUNK)
            predictions += self._predict(texts[rows], vectors[rows])
        return predictions

    def _predict(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        n = len(self.texts)
        cosines = vectors.astype(np.float32) @ self.vectors.T
        lexical = (self.ngrams.transform(texts) @ self.grams.T).toarray()
        scores = self.shape.kernel(cosines, lexical) @ self.weights
        probabilities = softmax(scores * self.temperature)
        oos = self.scope.probabilities(
            features(scores, probabilities, cosines[:, :n], self.labels[:n])
        )
        return [
            Prediction(
                self._ranking(probabilities[row]),
                float(oos[row]),
                bool(oos[row] >= self.scope.threshold),
                self._nearest(cosines[row, :n]),
            )
            for row in range(len(texts))
        ]

    def _ranking(self, probabilities: np.ndarray) -> tuple[tuple[str, float], ...]:
        order = np.argsort(-probabilities, kind="stable")
        return tuple((self.intents[i], float(probabilities[i])) for i in order)

    def _nearest(self, cosines: np.ndarray) -> tuple[tuple[str, str, float], ...]:
        order = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        return tuple(
            (self.texts[i], self._name(int(self.labels[i])), float(cosines[i]))
            for i in order
        )

    def _name(self, label: int) -> str:
        return OUT_OF_SCOPE if label < 0 else self.intents[label]

    def save(self, folder: Path) -> None:
        """Write `intents.npz` (arrays) and `intents.json` (the rest) to a folder."""
        np.savez(
            folder / "intents.npz",
            labels=self.labels,
            vectors=self.vectors,
            weights=self.weights,
            grams_data=self.grams.data,
            grams_indices=self.grams.indices,
            grams_indptr=self.grams.indptr,
            scope_mean=self.scope.mean,
            scope_scale=self.scope.scale,
            scope_weights=self.scope.weights,
            **self.ngrams.arrays(),
        )
        rest = {
            "intents": self.intents,
            "texts": self.texts,
            "vocabularies": self.ngrams.vocabularies(),
            "shape": asdict(self.shape),
            "temperature": self.temperature,
            "bias": self.scope.bias,
            "threshold": self.scope.threshold,
        }
        (folder / "intents.json").write_text(json.dumps(rest), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentModel:
        """The model that `save` wrote; no pickle is read."""
        rest = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
        with np.load(folder / "intents.npz", allow_pickle=False) as file:
            arrays = dict(file)
        parts = [arrays[f"grams_{part}"] for part in ("data", "indices", "indptr")]
        n_grams = sum(len(grams) for grams in rest["vocabularies"].values())
        scope = (arrays[f"scope_{part}"] for part in ("mean", "scale", "weights"))
        return cls(
            tuple(rest["intents"]),
            tuple(rest["texts"]),
            arrays["labels"],
            arrays["vectors"],
            csr_matrix(tuple(parts), shape=(len(arrays["labels"]), n_grams)),
            Ngrams.restore(arrays, rest["vocabularies"]),
            Shape(**rest["shape"]),
            arrays["weights"],
            rest["temperature"],
            Scope(*scope, rest["bias"], rest["threshold"]),
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows that sum to one; -inf becomes zero."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
