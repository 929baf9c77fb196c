"""The intent model: sentence embedding and n-grams in one kernel, trained in seconds.

Two texts are alike by `exp(-4 (1 - cosine)) + 0.3 * n-gram cosine`; a ridge regression
on that kernel scores the intents, and its closed-form held-out scores calibrate both
the probabilities and the out-of-scope decision (see `kernel.py`, `scope.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from addons.nlu.kernel import Ridge, RidgeFit, choose_landmarks, fit_ridge
from addons.nlu.ngrams import Ngrams
from addons.nlu.scope import NEIGHBOURS, Scope, features, fit_scope

OUT_OF_SCOPE = "oos"  # examples of this intent teach what is out of scope
_SHARPNESS = 4.0
_LEXICAL = 0.3
_PENALTY = 0.3
_CHUNK = 1_000  # rows of a similarity matrix held at once


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
    """A trained model. Examples are those it was trained on, `oos` ones included."""

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    labels: np.ndarray  # (n_examples,) index into intents, -1 for out of scope
    vectors: np.ndarray  # (n_examples, dimension) unit rows
    landmarks: np.ndarray  # (n_landmarks,) rows that the ridge compares with
    grams: csr_matrix  # (n_examples, n_grams) unit rows
    ngrams: Ngrams
    ridge: Ridge
    temperature: float
    scope: Scope

    @classmethod
    def train(
        cls, texts: Sequence[str], intents: Sequence[str], vectors: np.ndarray
    ) -> IntentModel:
        """Train on examples.

        Args:
            texts: The examples.
            intents: The intent of each; `oos` for out of scope.
            vectors: (n, dimension) unit rows, the embedding of each.

        Raises:
            ValueError: There is no example of any intent.
        """
        order = np.argsort(np.asarray(intents, dtype=object), kind="stable")
        texts = [texts[i] for i in order]
        names = sorted(set(intents) - {OUT_OF_SCOPE})
        if not names:
            raise ValueError("No example has an intent; add some to data/nlu.")
        index = {name: i for i, name in enumerate(names)}
        labels = np.array([index.get(intents[i], -1) for i in order])
        vectors = np.asarray(vectors, dtype=np.float32)[order]
        ngrams = Ngrams.fit(texts)
        grams = ngrams.transform(texts)
        landmarks = choose_landmarks(len(texts))
        kernel = _kernel(
            vectors @ vectors[landmarks].T, (grams @ grams[landmarks].T).toarray()
        )
        targets = np.zeros((len(texts), len(names)), dtype=np.float32)
        targets[labels >= 0, labels[labels >= 0]] = 1.0
        fit = fit_ridge(kernel, landmarks, targets, _PENALTY)
        temperature = _fit_temperature(
            fit.without_each()[labels >= 0], labels[labels >= 0]
        )
        scope = _fit_scope(fit, labels, vectors, grams, temperature)
        return cls(
            tuple(names),
            tuple(texts),
            labels,
            vectors,
            landmarks,
            grams,
            ngrams,
            fit.ridge,
            temperature,
            scope,
        )

    def predict(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """What the model says about each message, given its text and embedding."""
        predictions = []
        for start in range(0, len(texts), _CHUNK):
            rows = slice(start, start + _CHUNK)
            predictions += self._predict(texts[rows], vectors[rows])
        return predictions

    def _predict(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        cosines = vectors @ self.vectors.T
        lexical = (self.ngrams.transform(texts) @ self.grams.T).toarray()
        kernel = _kernel(cosines[:, self.landmarks], lexical[:, self.landmarks])
        scores = kernel @ self.ridge.weights
        probabilities = _softmax(scores * self.temperature)
        oos = self.scope.probabilities(
            features(scores, probabilities, cosines, lexical.max(axis=1), self.labels)
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
        """Write `intents.npz` (arrays) and `intents.json` (words) to a folder."""
        np.savez(
            folder / "intents.npz",
            labels=self.labels,
            vectors=self.vectors,
            landmarks=self.landmarks,
            weights=self.ridge.weights,
            grams_data=self.grams.data,
            grams_indices=self.grams.indices,
            grams_indptr=self.grams.indptr,
            scope_mean=self.scope.mean,
            scope_scale=self.scope.scale,
            scope_weights=self.scope.weights,
            numbers=np.array([self.temperature, self.scope.bias, self.scope.threshold]),
            **self.ngrams.arrays(),
        )
        words = {
            "intents": self.intents,
            "texts": self.texts,
            "vocabularies": self.ngrams.vocabularies(),
        }
        (folder / "intents.json").write_text(json.dumps(words), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentModel:
        """The model that `save` wrote; no pickle is read."""
        words = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
        with np.load(folder / "intents.npz", allow_pickle=False) as file:
            arrays = dict(file)
        ngrams = Ngrams.restore(arrays, words["vocabularies"])
        n_grams = sum(len(grams) for grams in words["vocabularies"].values())
        temperature, bias, threshold = (float(each) for each in arrays["numbers"])
        return cls(
            tuple(words["intents"]),
            tuple(words["texts"]),
            arrays["labels"],
            arrays["vectors"],
            arrays["landmarks"],
            csr_matrix(
                (arrays["grams_data"], arrays["grams_indices"], arrays["grams_indptr"]),
                shape=(len(words["texts"]), n_grams),
            ),
            ngrams,
            Ridge(arrays["weights"]),
            temperature,
            Scope(
                arrays["scope_mean"],
                arrays["scope_scale"],
                arrays["scope_weights"],
                bias,
                threshold,
            ),
        )


def _kernel(cosines: np.ndarray, lexical: np.ndarray) -> np.ndarray:
    return np.exp(_SHARPNESS * (cosines - 1.0)) + _LEXICAL * lexical


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The factor before the softmax with the least log loss on held-out scores."""
    rows = np.arange(len(labels))

    def loss(factor: float) -> float:
        chosen = _softmax(scores * factor)[rows, labels]
        return float(-np.log(np.maximum(chosen, 1e-9)).mean())

    return min(np.geomspace(1.0, 60.0, 25), key=loss)


def _fit_scope(
    fit: RidgeFit,
    labels: np.ndarray,
    vectors: np.ndarray,
    grams: csr_matrix,
    temperature: float,
) -> Scope:
    inside, outside = [], []
    alone = fit.without_each()
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        cosines = vectors[rows] @ vectors.T
        lexical = (grams[rows] @ grams.T).toarray()
        itself = (np.arange(len(rows)), rows)
        cosines[itself], lexical[itself] = -1.0, 0.0
        seen = features(
            alone[rows],
            _softmax(alone[rows] * temperature),
            cosines,
            lexical.max(axis=1),
            labels,
        )
        if label < 0:
            outside.append(seen)
            continue
        if len(rows) > 1:
            inside.append(seen)
        scores = fit.without_group(rows)
        scores[:, label] = -np.inf
        cosines[:, rows], lexical[:, rows] = -1.0, 0.0
        outside.append(
            features(
                scores,
                _softmax(scores * temperature),
                cosines,
                lexical.max(axis=1),
                labels,
            )
        )
    empty = np.zeros((0, 8))
    n_intents = int((np.unique(labels) >= 0).sum())
    return fit_scope(
        np.vstack(inside or [empty]), np.vstack(outside or [empty]), n_intents
    )
