"""Is a message outside everything the assistant was taught? A calibrated probability.

The decision is learnt from the training examples alone. In scope: what the model says
about each example when that example is left out. Out of scope: what it says about each
example when its whole intent is left out, so that it looks like a message nobody
planned for; and the examples of the intent `oos`, where there are any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

FEATURES = (
    "score",  # of the best intent
    "margin",  # to the second best
    "log_probability",  # of the best intent
    "nearest",  # cosine of the nearest example of any intent
    "nearest_same",  # ... of the best intent
    "nearest_mean",  # mean cosine of the nearest examples
    "agreement",  # share of them that have the best intent
)
NEIGHBOURS = 5
# Which share of messages is taken to be out of scope when the threshold is chosen: in
# published logs of shop assistants a third or more. Where examples of `oos` are given,
# the less sure share between theirs (usually a handful) and that.
PRIOR = 0.3
PRIOR_KNOWN = 0.1
_KNOWN_TRUST = 0.5  # weight of the given ones beside the imagined ones
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
    labels: np.ndarray,
) -> np.ndarray:
    """What the decision looks at, float64, (n, n_features).

    Args:
        scores: (n, n_classes) of the model; -inf for a class that is left out.
        probabilities: (n, n_classes).
        cosines: (n, n_examples) to every example; -1 where one is left out.
        labels: (n_examples,) class of every example; -1 for out of scope.
    """
    if (labels < 0).any():  # being close to what is out of scope is no good sign
        cosines, labels = cosines[:, labels >= 0], labels[labels >= 0]
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
        ]
    ).astype(np.float64)


def fit_scope(
    inside: Sequence[np.ndarray],
    imagined: Sequence[np.ndarray],
    outside: Sequence[np.ndarray],
) -> Scope:
    """Learn the decision from features of held-out examples.

    Args:
        inside: Per intent, (n, n_features) of its examples, each left out alone.
        imagined: Per intent, the same with the whole intent left out.
        outside: The examples known to be out of scope, if there are any.
    """
    within, dreamt, known = _stack(inside), _stack(imagined), _stack(outside)
    n_beyond = len(dreamt) + len(known)
    if len(imagined) < _MIN_INTENTS or min(len(within), n_beyond) < _MIN_EXAMPLES:
        return Scope.never()
    rows = np.vstack([within, dreamt, known])
    sizes = [len(within), len(dreamt), len(known)]
    truth = np.repeat([0.0, 1.0, 1.0], sizes)
    trust = _KNOWN_TRUST if len(known) >= _MIN_EXAMPLES else 0.0
    shares = [1 - PRIOR, PRIOR * (1 - trust), PRIOR * trust]
    scope = _fit_logistic(rows, truth, _spread(shares, sizes))
    if (
        trust
    ):  # the imagined ones are siblings of intents, harder than what really comes
        shares = [1 - PRIOR_KNOWN, 0.0, PRIOR_KNOWN]
    probabilities = scope.probabilities(rows)
    threshold = best_threshold(probabilities, truth, _spread(shares, sizes))
    return replace(scope, threshold=threshold)


def _spread(shares: Sequence[float], sizes: Sequence[int]) -> np.ndarray:
    """Each part's share of the weight, evenly over its rows; sums to about one."""
    weights = [share / max(n, 1) for share, n in zip(shares, sizes, strict=True)]
    return np.repeat(weights, sizes)


def _fit_logistic(rows: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> Scope:
    """Logistic regression in which no feature may speak for being out of scope.

    Every feature measures how well a message fits. Left free, the weights of some turn
    positive on the imagined messages, and real ones from elsewhere then look familiar.
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    z = (rows - mean) / scale
    weight = weight * len(rows)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, bias = parameters[:-1], parameters[-1]
        logits = z @ slope + bias
        error = weight * (1.0 / (1.0 + np.exp(-logits)) - truth)
        value = (weight * (np.logaddexp(0.0, logits) - truth * logits)).sum()
        gradient = np.append(z.T @ error + slope, error.sum())
        return float(value + 0.5 * (slope**2).sum()), gradient

    n = rows.shape[1]
    bounds = [(None, 0.0)] * n + [(None, None)]
    found = minimize(loss, np.zeros(n + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return Scope(mean, scale, found.x[:-1], float(found.x[-1]), 1.0)


def _stack(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.vstack([np.zeros((0, len(FEATURES))), *parts])


def best_threshold(
    probabilities: np.ndarray, truth: np.ndarray, weight: np.ndarray
) -> float:
    """The threshold with the highest weighted F1 of the out-of-scope class."""
    order = np.argsort(-probabilities)
    hits = np.cumsum((weight * truth)[order])
    called = np.cumsum(weight[order])
    f1 = 2 * hits / (called + (weight * truth).sum())
    return float(probabilities[order][int(f1.argmax())])
