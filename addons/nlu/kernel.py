"""Kernel ridge regression that knows what it would have said without its own examples.

Ridge regression has a closed form for leaving rows out: with the hat matrix H, the
scores that the rows R would get from a model trained without them are

    Y_R - (I - H_RR)^-1 (Y_R - F_R)

so probabilities and the out-of-scope decision can be calibrated on held-out scores of
every training example without training twice. Up to `MAX_LANDMARKS` examples the
kernel is exact; beyond, as many evenly spread examples stand for all (Nystroem).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular

MAX_LANDMARKS = 4_000
_JITTER = 1e-4


@dataclass(frozen=True)
class Ridge:
    """A trained model: `scores = kernel(x, landmarks) @ weights`."""

    weights: np.ndarray  # (n_landmarks, n_classes) float32


@dataclass(frozen=True)
class RidgeFit:
    """A trained model together with what leaving rows out needs."""

    ridge: Ridge
    targets: np.ndarray  # (n, n_classes)
    fitted: np.ndarray  # (n, n_classes)
    basis: np.ndarray  # (n, n_landmarks); basis @ basis.T is the hat matrix

    def without_each(self) -> np.ndarray:
        """Scores of every row from a model without that row, (n, n_classes)."""
        hat = np.einsum("ij,ij->i", self.basis, self.basis)
        room = np.maximum(1.0 - hat, 1e-6)[:, None]
        return self.targets - (self.targets - self.fitted) / room

    def without_group(self, rows: np.ndarray) -> np.ndarray:
        """Scores of these rows from a model without all of them, (n_rows, n)."""
        block = self.basis[rows]
        room = np.eye(len(rows), dtype=block.dtype) - block @ block.T
        residual = self.targets[rows] - self.fitted[rows]
        return self.targets[rows] - np.linalg.solve(
            room + 1e-6 * np.eye(len(rows), dtype=block.dtype), residual
        )


def choose_landmarks(n: int, limit: int = MAX_LANDMARKS) -> np.ndarray:
    """Row numbers that stand for all, evenly spread over the rows in their order."""
    if n <= limit:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, limit).round().astype(np.int64))


def fit_ridge(
    kernel: np.ndarray, rows: Sequence[int], targets: np.ndarray, penalty: float
) -> RidgeFit:
    """Train on all rows.

    Args:
        kernel: (n, n_landmarks) kernel values of the rows and the landmarks.
        rows: Which rows the landmarks are, (n_landmarks,).
        targets: (n, n_classes).
        penalty: The ridge; larger is smoother.
    """
    landmarks = np.asarray(rows)
    middle = kernel[landmarks].astype(np.float64)
    middle[np.diag_indices(len(middle))] += _JITTER
    lower = cholesky(middle, lower=True, overwrite_a=True, check_finite=False)
    lower = lower.astype(np.float32)
    # features @ features.T is the kernel, exactly when every row is a landmark.
    features = solve_triangular(lower, kernel.T, lower=True, check_finite=False).T
    gram = features.T @ features
    gram[np.diag_indices(len(gram))] += penalty
    inner = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    basis = solve_triangular(inner, features.T, lower=True, check_finite=False).T
    projected = basis.T @ targets
    fitted = basis @ projected
    primal = solve_triangular(
        inner, projected, lower=True, trans="T", check_finite=False
    )
    weights = solve_triangular(lower, primal, lower=True, trans="T", check_finite=False)
    return RidgeFit(Ridge(weights.astype(np.float32)), targets, fitted, basis)
