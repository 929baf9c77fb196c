"""How much each signal of a passage counts; learned, not guessed.

Chosen by `frontdesk.knowledge.tune`: the weights that make the right documents most
likely under a softmax over the candidates, on two public development sets (60 bank
questions, 1,040 hotel and restaurant turns) and 99 questions to the demo shop, checked
by five-fold cross-validation and rounded so that no set loses more than .01 of MRR.
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

    dense_context: cosine of the passage with the last three messages, newest first.
    dense_last: the same with the last message alone; learned to be worth nothing
        beside the others, kept for the trace.
    sentence_last: how well its best two sentences match the last message, word by
        word (`WordVectors.best_stretches`).
    words_context: share of the conversation's weighted words that it holds.
    name: how far its product or entity is the one under discussion, in [0, 1].
    other_name: how far it is about another one than that, in [0, 1].
    product: whether it is a row of the catalogue; names draw questions there that
        an article answers.
    """

    dense_last: float = 0.0
    dense_context: float = 0.26
    sentence_last: float = 0.27
    words_context: float = 0.33
    name: float = 0.03
    other_name: float = -0.06
    product: float = -0.05


SIGNALS = tuple(field.name for field in fields(Weights))
SHIPPED = Weights()


def combine(signals: dict[str, Floats], weights: Weights = SHIPPED) -> Floats:
    """The weighted sum of the signals given, float32 (n_candidates,)."""
    total = sum(getattr(weights, name) * values for name, values in signals.items())
    return np.asarray(total, dtype=np.float32)
