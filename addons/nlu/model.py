"""The trained intent model: what it says about a message, and how it is stored.

Two texts are alike by meaning, by wording and by spelling:

    exp(sharpness * (cosine - 1))         of the sentence vectors
    + wording * exp(2 * (cosine - 1))     of the encoder's inner layers, centred
    + lexical * cosine                    of the n-grams

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

from addons.nlu.encoder import DIMENSION
from addons.nlu.ngrams import Ngrams
from addons.nlu.scope import NEIGHBOURS, Scope, features

OUT_OF_SCOPE = "oos"  # examples of this intent teach what is out of scope
_CHUNK = 500  # messages predicted at once; bounds memory


@dataclass(frozen=True)
class Shape:
    """The likeness of two texts, and the ridge of the regression on it."""

    sharpness: float
    wording: float
    lexical: float
    penalty: float

    def kernel(self, alike: Likeness) -> np.ndarray:
        """Likeness of texts; float32, the shape of the cosines."""
        kernel = np.exp(np.float32(self.sharpness) * (alike.cosines - np.float32(1)))
        kernel += np.float32(self.wording) * alike.wording
        kernel += np.float32(self.lexical) * alike.lexical
        return kernel


@dataclass(frozen=True)
class Likeness:
    """How texts resemble rows, each float32 (n_texts, n_rows)."""

    cosines: np.ndarray
    wording: np.ndarray
    lexical: np.ndarray


@dataclass(frozen=True)
class Rows:
    """What a message is compared with: examples and, after them, names of intents."""

    vectors: np.ndarray  # (n_rows, DIMENSION) unit rows, float32
    layers: np.ndarray  # (n_rows, 3 * DIMENSION) centred unit rows, float32
    centre: np.ndarray  # (3 * DIMENSION,) mean of the layers before centring
    grams: csr_matrix  # (n_rows, n_grams) unit rows
    ngrams: Ngrams

    @classmethod
    def of(cls, texts: Sequence[str], encoded: np.ndarray) -> Rows:
        """The rows of texts and their features (see `encoder.py`)."""
        encoded = encoded.astype(np.float32)
        centre = encoded[:, DIMENSION:].mean(axis=0)
        ngrams = Ngrams.fit(texts)
        layers = _centred(encoded[:, DIMENSION:], centre)
        vectors = np.ascontiguousarray(encoded[:, :DIMENSION])
        return cls(vectors, layers, centre, ngrams.transform(texts), ngrams)

    def compare(self, texts: Sequence[str], encoded: np.ndarray) -> Likeness:
        """How other texts resemble these rows."""
        encoded = encoded.astype(np.float32)
        layers = _centred(encoded[:, DIMENSION:], self.centre)
        return Likeness(
            encoded[:, :DIMENSION] @ self.vectors.T,
            _wording(layers @ self.layers.T),
            (self.ngrams.transform(texts) @ self.grams.T).toarray(),
        )

    def compare_all(self, step: int = 1_000) -> Likeness:
        """How the rows resemble each other."""
        n = len(self.vectors)
        columns = self.grams.T.tocsr()
        lexical = np.empty((n, n), np.float32)
        for start in range(0, n, step):  # a sparse product of all would be larger
            rows = slice(start, start + step)
            lexical[rows] = (self.grams[rows] @ columns).toarray()
        cosines = self.vectors @ self.vectors.T
        return Likeness(cosines, _wording(self.layers @ self.layers.T), lexical)


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
    """A trained model; its first `len(texts)` rows are the examples by intent."""

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    labels: np.ndarray  # (n_rows,) index into intents, -1 for out of scope
    rows: Rows
    shape: Shape
    weights: np.ndarray  # (n_rows, n_intents) float32
    temperature: float
    scope: Scope

    def predict(self, texts: Sequence[str], encoded: np.ndarray) -> list[Prediction]:
        """What the model says about each message, given its text and its features."""
        predictions = []
        for start in range(0, len(texts), _CHUNK):
            rows = slice(start, start + _CHUNK)
            predictions += self._predict(texts[rows], encoded[rows])
        return predictions

    def _predict(self, texts: Sequence[str], encoded: np.ndarray) -> list[Prediction]:
        n = len(self.texts)
        alike = self.rows.compare(texts, encoded)
        cosines = alike.cosines[:, :n]
        scores = self.shape.kernel(alike) @ self.weights
        probabilities = softmax(scores * self.temperature)
        oos = self.scope.probabilities(
            features(scores, probabilities, cosines, self.labels[:n])
        )
        return [
            Prediction(
                self._ranking(probabilities[row]),
                float(oos[row]),
                bool(oos[row] >= self.scope.threshold),
                self._nearest(cosines[row]),
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
            weights=self.weights,
            vectors=self.rows.vectors,
            layers=self.rows.layers,
            centre=self.rows.centre,
            grams_data=self.rows.grams.data,
            grams_indices=self.rows.grams.indices,
            grams_indptr=self.rows.grams.indptr,
            scope_mean=self.scope.mean,
            scope_scale=self.scope.scale,
            scope_weights=self.scope.weights,
            **self.rows.ngrams.arrays(),
        )
        rest = {
            "intents": self.intents,
            "texts": self.texts,
            "vocabularies": self.rows.ngrams.vocabularies(),
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
        rows = Rows(
            arrays["vectors"],
            arrays["layers"],
            arrays["centre"],
            csr_matrix(tuple(parts), shape=(len(arrays["labels"]), n_grams)),
            Ngrams.restore(arrays, rest["vocabularies"]),
        )
        return cls(
            tuple(rest["intents"]),
            tuple(rest["texts"]),
            arrays["labels"],
            rows,
            Shape(**rest["shape"]),
            arrays["weights"],
            rest["temperature"],
            Scope(*scope, rest["bias"], rest["threshold"]),
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows that sum to one; -inf becomes zero."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _centred(layers: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Rows whose three parts have been centred and weigh the same; length one."""
    parts = (layers - centre).reshape(len(layers), -1, DIMENSION)
    parts = parts / np.maximum(np.linalg.norm(parts, axis=2, keepdims=True), 1e-9)
    return parts.reshape(len(layers), -1) / np.float32(parts.shape[1] ** 0.5)


def _wording(cosines: np.ndarray) -> np.ndarray:
    cosines -= np.float32(1.0)
    cosines *= np.float32(2.0)
    return np.exp(cosines, out=cosines)
