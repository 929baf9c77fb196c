"""Training the intent model: seconds, and nothing is held back for calibration.

The ridge's closed-form held-out scores (`kernel.py`) choose the likeness, the
temperature of the probabilities and the out-of-scope decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from addons.nlu.encoder import spoken
from addons.nlu.kernel import RidgeFit, fit_ridge
from addons.nlu.model import OUT_OF_SCOPE, IntentModel, Likeness, Rows, Shape, softmax
from addons.nlu.scope import Scope, features, fit_scope

# Few examples want sharp likeness and little spelling, many the contrary: BANKING77
# with 10 examples an intent is best with the second, with 100 with the last.
SHAPES = (
    Shape(sharpness=4.0, wording=0.0, lexical=0.3, penalty=0.3),
    Shape(sharpness=3.0, wording=0.5, lexical=0.1, penalty=0.2),
    Shape(sharpness=2.0, wording=1.0, lexical=0.3, penalty=0.3),
    Shape(sharpness=2.0, wording=1.0, lexical=0.5, penalty=0.5),
)
_MAX_TRIED = 3_000  # rows; beyond, trying every shape takes minutes
_LARGE = SHAPES[-1]
MAX_EXAMPLES = (
    16_000  # the kernel of more does not fit into 4 GB with its working space
)
_NAME_TRUST = 0.6  # how much an intent's name counts beside a real example


@dataclass(frozen=True)
class _Data:
    """The rows to learn from: examples first, then the intents' names."""

    labels: np.ndarray  # (n_rows,), -1 for out of scope
    n_examples: int
    alike: Likeness  # of every row to every row

    def fit(self, shape: Shape) -> RidgeFit:
        targets = np.zeros((len(self.labels), self.labels.max() + 1), np.float32)
        known = self.labels >= 0
        targets[known, self.labels[known]] = 1.0
        penalties = np.full(len(self.labels), shape.penalty, np.float32)
        penalties[self.n_examples :] /= _NAME_TRUST
        return fit_ridge(shape.kernel(self.alike), targets, penalties)

    def real(self) -> np.ndarray:
        """The rows that are examples of an intent."""
        return np.flatnonzero(self.labels[: self.n_examples] >= 0)


def train(
    texts: Sequence[str],
    intents: Sequence[str],
    encoded: np.ndarray,
    names: Mapping[str, np.ndarray],
) -> IntentModel:
    """A model of the examples.

    Args:
        texts: The examples.
        intents: The intent of each; `oos` for out of scope.
        encoded: (n, n_features) of each text (see `encoder.py`).
        names: Per intent the features of its name in words (`spoken`).

    Raises:
        ValueError: There is no example of any intent.
    """
    known = sorted(set(intents) - {OUT_OF_SCOPE})
    if not known:
        raise ValueError("No example has an intent; add some to data/nlu.")
    index = {name: number for number, name in enumerate(known)}
    order = _thinned(intents)
    kept = [texts[i] for i in order]
    labels = [index.get(intents[i], -1) for i in order] + list(index.values())
    rows = Rows.of(
        [*kept, *map(spoken, known)],
        np.vstack([encoded[order], *(names[name][None, :] for name in known)]),
    )
    data = _Data(np.array(labels), len(kept), rows.compare_all())
    shape, fit = _best_fit(data)
    temperature = _fit_temperature(data, fit)
    return IntentModel(
        intents=tuple(known),
        texts=tuple(kept),
        labels=data.labels,
        rows=rows,
        shape=shape,
        weights=fit.weights,
        temperature=temperature,
        scope=_fit_scope(data, fit, temperature),
    )


def _thinned(intents: Sequence[str]) -> np.ndarray:
    """Row numbers sorted by intent; of too many, evenly spread ones."""
    order = np.argsort(np.asarray(intents, dtype=object), kind="stable")
    if len(order) > MAX_EXAMPLES:
        order = order[np.linspace(0, len(order) - 1, MAX_EXAMPLES).astype(np.int64)]
    return order


def _best_fit(data: _Data) -> tuple[Shape, RidgeFit]:
    """The shape with which most left-out examples find their intent, and its fit."""
    if len(data.labels) > _MAX_TRIED:
        return _LARGE, data.fit(_LARGE)
    rows = data.real()
    best: tuple[float, Shape, RidgeFit] | None = None
    for shape in SHAPES:
        fit = data.fit(shape)
        right = fit.without_each()[rows].argmax(axis=1) == data.labels[rows]
        if best is None or right.mean() > best[0]:
            best = (float(right.mean()), shape, fit)
    assert best is not None
    return best[1], best[2]


def _fit_temperature(data: _Data, fit: RidgeFit) -> float:
    """The factor before the softmax with the least log loss on held-out scores."""
    rows = data.real()
    scores, labels = fit.without_each()[rows], data.labels[rows]

    def loss(factor: float) -> float:
        chosen = softmax(scores * factor)[np.arange(len(rows)), labels]
        return float(-np.log(np.maximum(chosen, 1e-9)).mean())

    return float(min(np.geomspace(1.0, 60.0, 25), key=loss))


def _fit_scope(data: _Data, fit: RidgeFit, temperature: float) -> Scope:
    n = data.n_examples
    labels = data.labels[:n]
    alone = fit.without_each()
    inside, imagined, outside = [], [], []

    def seen(scores: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        return features(scores, softmax(scores * temperature), cosines, labels)

    for label in np.unique(labels):
        group = np.flatnonzero(data.labels == label)  # the intent's name as well
        rows = group[group < n]
        cosines = data.alike.cosines[rows][:, :n]
        cosines[np.arange(len(rows)), rows] = -1.0
        if label < 0:
            outside.append(seen(alone[rows], cosines))
            continue
        if len(rows) > 1:
            inside.append(seen(alone[rows], cosines))
        scores = fit.without_group(group)[: len(rows)]
        scores[:, label] = -np.inf
        cosines[:, rows] = -1.0
        imagined.append(seen(scores, cosines))
    return fit_scope(inside, imagined, outside)
