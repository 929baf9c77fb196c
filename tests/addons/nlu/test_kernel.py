import numpy as np
import pytest

from addons.nlu.kernel import fit_ridge


@pytest.fixture
def problem():
    random = np.random.default_rng(0)
    points = random.normal(size=(1_200, 6))
    squares = (points**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)
    kernel = np.exp(-0.2 * distances).astype(np.float32)
    targets = np.eye(4, dtype=np.float32)[random.integers(0, 4, len(points))]
    penalties = np.linspace(0.3, 0.6, len(points)).astype(np.float32)
    return kernel, targets, penalties


def retrained(problem, rows):
    kernel, targets, penalties = problem
    rest = np.setdiff1d(np.arange(len(kernel)), rows)
    inner = kernel[np.ix_(rest, rest)].astype(np.float64) + np.diag(penalties[rest])
    return kernel[np.ix_(rows, rest)] @ np.linalg.solve(inner, targets[rest])


def test_leaving_one_out_equals_training_without_it(problem):
    kernel, targets, penalties = problem
    alone = fit_ridge(kernel.copy(), targets, penalties).without_each()
    for row in (0, 17, 1_199):
        rows = np.array([row])
        assert np.allclose(alone[rows], retrained(problem, rows), atol=1e-3)


def test_leaving_a_group_out_equals_training_without_it(problem):
    kernel, targets, penalties = problem
    rows = np.arange(40, 90)
    scores = fit_ridge(kernel.copy(), targets, penalties).without_group(rows)
    assert np.allclose(scores, retrained(problem, rows), atol=1e-3)


def test_an_impossible_kernel_is_refused():
    kernel = -np.eye(3, dtype=np.float32)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        fit_ridge(kernel, np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
