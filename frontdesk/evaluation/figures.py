"""The few statistics that several measures share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def share(flags: Sequence[bool]) -> float | None:
    """The share of true flags in [0, 1]; None when there are none to count."""
    return sum(flags) / len(flags) if flags else None


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The percentile, interpolated; None for no values."""
    return round(float(np.percentile(values, percent)), 2) if values else None


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None for no values."""
    return sum(values) / len(values) if values else None


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """The chance that a positive scores above a negative, ties counting half.

    None when one of the two classes is empty.
    """
    values = np.asarray(scores, dtype=np.float64)
    flags = np.asarray(positive, dtype=bool)
    n_positive, n_negative = int(flags.sum()), int((~flags).sum())
    if not n_positive or not n_negative:
        return None
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]  # mean rank of each tie
    above = ranks[flags].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def f1(predicted: Sequence[bool], positive: Sequence[bool]) -> float:
    """Harmonic mean of precision and recall of the positive class; 0 without hits."""
    hits = sum(p and q for p, q in zip(predicted, positive, strict=True))
    return 2 * hits / (sum(predicted) + sum(positive)) if hits else 0.0


def standard_error(value: float, n: int) -> float:
    """The binomial standard error of a share measured on n cases.

    Kept away from 0 at the ends by half a case, since 12 of 12 is no certainty.
    """
    p = min(max(value, 0.5 / n), 1 - 0.5 / n) if n > 1 else 0.5
    return math.sqrt(p * (1 - p) / max(n, 1))


def reliability(
    probabilities: Sequence[float], happened: Sequence[bool], bins: int = 10
) -> list[tuple[float, float, int]]:
    """(mean probability, observed share, n) of each filled bin of equal width."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for probability, flag in zip(probabilities, happened, strict=True):
        groups[min(int(probability * bins), bins - 1)].append((probability, flag))
    return [
        (
            sum(p for p, _ in group) / len(group),
            sum(flag for _, flag in group) / len(group),
            len(group),
        )
        for group in groups
        if group
    ]
