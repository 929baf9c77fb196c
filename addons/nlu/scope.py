"""Is a message outside everything the assistant was taught? A calibrated probability.

The decision is learnt from the training examples alone. In scope: what the model says
about each example when that example is left out. Out of scope: what it says about each
example when its whole intent is left out, so that it looks like a message nobody
planned for; and the examples of the intent `oos`, where there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

FEATURES = (
    "score",  # of the best intent
    "margin",  # to the second best
    "log_probability",  # of the best intent
    "nearest",  # cosine of the nearest example of any intent
    "nearest_same",  # ... of the best intent
    "nearest_mean",  # mean cosine of the nearest examples
    "agreement",  # share of them that have the best intent
    "lexical",  # TF-IDF cosine of the nearest example
)
NEIGHBOURS = 5
# Which share of messages is taken to be out of scope when the threshold is chosen; in
# published logs of real shop assistants it is a third or more.
PRIOR = 0.3
_MIN_INTENTS, _MIN_EXAMPLES = 3, 20


@dataclass(frozen=True)
class Scope:
    """Logistic regression on `FEATURES`; `probability >= threshold` is out of scope."""

    mean: np.ndarray  # (n_features,)
    scale: np.ndarray  # (n_features,)
    weights: np.ndarray  # (n_features,)
    bias: float
    threshold: float

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Probability of being out of scope, (n,)."""
        z = (features - self.mean) / self.scale @ self.weights + self.bias
        return 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))

    @classmethod
    def never(cls) -> Scope:
        """For data too small to learn from: nothing is out of scope."""
        n = len(FEATURES)
        return cls(np.zeros(n), np.ones(n), np.zeros(n), -30.0, 1.0)


def features(
    scores: np.ndarray,
    probabilities: np.ndarray,
    cosines: np.ndarray,
    lexical: np.ndarray,
    labels: np.ndarray,
) -> np.ndarray:
    """What the decision looks at, float64, (n, n_features).

    Args:
        scores: (n, n_classes) of the model; -inf for a class that is left out.
        probabilities: (n, n_classes).
        cosines: (n, n_examples) to every example; -1 where one is left out.
        lexical: (n,) TF-IDF cosine of the nearest example.
        labels: (n_examples,) class of every example; -1 for none.
    """
    rows = np.arange(len(scores))
    best = scores.argmax(axis=1)
    two = np.partition(scores, -2, axis=1)[:, -2:] if scores.shape[1] > 1 else scores
    k = min(NEIGHBOURS, cosines.shape[1])
    near = np.argpartition(cosines, -k, axis=1)[:, -k:]
    values = np.take_along_axis(cosines, near, axis=1)
    same = np.where(labels[None, :] == best[:, None], cosines, -1.0).max(axis=1)
    return np.column_stack(
        [
            scores[rows, best],
            two[:, -1] - two[:, 0],
            np.log(np.maximum(probabilities[rows, best], 1e-9)),
            values.max(axis=1),
            same,
            values.mean(axis=1),
            (labels[near] == best[:, None]).mean(axis=1),
            lexical,
        ]
    ).astype(np.float64)


def fit_scope(inside: np.ndarray, outside: np.ndarray, n_intents: int) -> Scope:
    """Learn the decision from features of held-out examples, (n, n_features) each."""
    if n_intents < _MIN_INTENTS or min(len(inside), len(outside)) < _MIN_EXAMPLES:
        return Scope.never()
    rows = np.vstack([inside, outside])
    truth = np.repeat([0, 1], [len(inside), len(outside)])
    weight = np.where(truth == 1, PRIOR / len(outside), (1 - PRIOR) / len(inside))
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit((rows - mean) / scale, truth, sample_weight=weight * len(rows))
    scope = Scope(mean, scale, model.coef_[0], float(model.intercept_[0]), 1.0)
    threshold = best_threshold(scope.probabilities(rows), truth, weight)
    return Scope(mean, scale, scope.weights, scope.bias, threshold)


def best_threshold(
    probabilities: np.ndarray, truth: np.ndarray, weight: np.ndarray
) -> float:
    """The threshold with the highest weighted F1 of the out-of-scope class."""
    order = np.argsort(-probabilities)
    hits = np.cumsum((weight * truth)[order])
    called = np.cumsum(weight[order])
    f1 = 2 * hits / (called + (weight * truth).sum())
    return float(probabilities[order][int(f1.argmax())])
