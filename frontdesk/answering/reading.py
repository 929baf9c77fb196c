"""What the reader made of a passage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Reading:
    """What the reader made of one passage; all values are logits.

    Attributes:
        answers: That the passage answers.
        open: That the question leaves open which of several things is meant.
        supports: That each unit of the passage is part of the answer, in order.
    """

    answers: float
    open: float
    supports: tuple[float, ...]

    def support(self) -> list[float]:
        """Probability that each unit is part of the answer, in order."""
        passage = probability(self.answers)
        return [passage * probability(logit) for logit in self.supports]


NOT_READ: Mapping[str, Reading] = MappingProxyType({})


def probability(logit: float) -> float:
    """The logistic function."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
