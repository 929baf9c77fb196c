"""How much each signal of a passage counts; learned, not guessed.

Chosen by `frontdesk.knowledge.tune`: the weights that make the right documents most
likely under a softmax over 300 candidates, on two public development sets (60 bank
questions, 1,040 hotel and restaurant turns), checked by five-fold cross-validation.
The measurements, and what did not help, are in docs/knowledge.md.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """Weight of each signal; they sum to 1 in absolute value.

    dense_last, dense_context: cosine of the passage with the last message, and with
        the last three messages.
    sentence_last: best cosine of one of its sentences with the last message.
    words_last, words_context: share of the query's weighted words that it holds.
    name: how far its product or entity is the one under discussion, in [0, 1].
    other_name: how far it is about another one than that, in [0, 1].
    """

    dense_last: float = 0.05
    dense_context: float = 0.19
    sentence_last: float = 0.20
    words_last: float = 0.08
    words_context: float = 0.36
    name: float = 0.07
    other_name: float = -0.05


SIGNALS = tuple(field.name for field in fields(Weights))
SHIPPED = Weights()


def combine(signals: dict[str, Floats], weights: Weights = SHIPPED) -> Floats:
    """The weighted sum of the signals given, float32 (n_candidates,)."""
    total = sum(getattr(weights, name) * values for name, values in signals.items())
    return np.asarray(total, dtype=np.float32)
