from pathlib import Path

import numpy as np
import pytest

from frontdesk.knowledge.encoder import Vectors
from frontdesk.knowledge.word_vectors import (
    BLOCK,
    DIMENSIONS,
    SCALE,
    Projection,
    WordVectors,
)


def unit_rows(count: int, seed: int, dimension: int = 128) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


@pytest.fixture
def words() -> list[Vectors]:
    sizes = [5, 0, BLOCK, BLOCK + 1, 5 * BLOCK + 3, 1]
    return [unit_rows(size, seed) for seed, size in enumerate(sizes)]


@pytest.fixture
def index(words: list[Vectors]) -> WordVectors:
    projection = Projection.learn(words, 128)
    return WordVectors.join([projection.shorten(rows) for rows in words], projection)


def test_words_are_kept_in_fewer_bits_and_dimensions(
    index: WordVectors, words: list[Vectors]
) -> None:
    assert len(index) == len(words)
    assert index.rows.shape == (sum(map(len, words)), DIMENSIONS)
    assert index.rows.dtype == np.int8
    exact = index.projection.project(words[0])
    np.testing.assert_allclose(np.linalg.norm(exact, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(index.of(0) * SCALE, exact, atol=SCALE)


def test_the_directions_of_most_variation_are_kept() -> None:
    flat = np.zeros((50, 128), dtype=np.float32)
    flat[:, 100:103] = unit_rows(50, 1, 3)

    projection = Projection.learn([flat], 128)

    kept = projection.project(flat)
    np.testing.assert_allclose(kept @ kept.T, flat @ flat.T, atol=1e-3)


def test_stretches_agree_with_the_obvious_way_to_compare_them(
    index: WordVectors,
) -> None:
    query = unit_rows(7, 99)
    passages = np.array([4, 1, 3, 0, 2, 5])

    found = index.best_stretches(passages, query)

    short = index.projection.project(query)
    for passage, value in zip(passages, found, strict=True):
        rows = index.of(passage).astype(np.float32) * SCALE
        starts = range(0, max(1, len(rows) - BLOCK), BLOCK)
        stretches = [rows[start : start + 2 * BLOCK] for start in starts]
        expected = max(
            (
                (short @ stretch.T).max(axis=1).mean()
                for stretch in stretches
                if len(rows)
            ),
            default=0.0,
        )
        assert value == pytest.approx(expected, abs=1e-5)


def test_nothing_matches_a_query_without_words(index: WordVectors) -> None:
    found = index.best_stretches(np.array([0, 1]), unit_rows(0, 1))

    assert found.tolist() == [0.0, 0.0]
    assert index.best_stretches(np.array([1]), unit_rows(2, 1)).tolist() == [0.0]


def test_saved_words_are_loaded_as_they_were(
    index: WordVectors, tmp_path: Path
) -> None:
    index.save(tmp_path)

    loaded = WordVectors.load(tmp_path)

    assert loaded.rows.tolist() == index.rows.tolist()
    assert loaded.starts.tolist() == index.starts.tolist()
    assert loaded.projection.matrix.tolist() == index.projection.matrix.tolist()
