import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from frontdesk.knowledge.encoder import SentenceEncoder, load_encoder
from frontdesk.knowledge.errors import EncoderLoadError


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


@pytest.mark.models
def test_vectors_are_unit_rows_in_the_order_of_the_texts(
    encoder: SentenceEncoder,
) -> None:
    texts = ["Where is my parcel?", "a " * 600, "", "My parcel has not arrived."]
    done: list[tuple[int, int]] = []

    vectors = encoder.encode(texts, lambda *counts: done.append(counts))

    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[3] > 0.6 > vectors[0] @ vectors[1]
    assert done == [(4, 4)]
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.models
def test_vectors_agree_with_those_of_full_precision(encoder: SentenceEncoder) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    from frontdesk.knowledge.encoder import embedded_model_path

    texts = ["Can I return a lamp after 30 days?", "The Halden 60 makes 46 dB. " * 9]
    exact = SentenceTransformer(
        str(embedded_model_path()), device="cpu", local_files_only=True
    ).to(torch.float32)

    found = encoder.encode(texts)

    expected = exact.encode(texts, normalize_embeddings=True)
    assert np.min(np.sum(found * expected, axis=1)) > 0.999


@pytest.mark.models
def test_tokens_are_counted_without_the_special_ones(encoder: SentenceEncoder) -> None:
    assert encoder.count_tokens("hello there, world!") == 5
    assert encoder.max_tokens == 256
    assert encoder.dimension == 384
    assert encoder.name == "all-MiniLM-L6-v2"


def test_a_folder_without_a_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EncoderLoadError, match="cannot be loaded") as raised:
        load_encoder(str(tmp_path))

    assert "\n" not in str(raised.value)


def test_importing_the_room_loads_no_model_library() -> None:
    code = (
        "import sys, frontdesk.knowledge\n"
        "print([m for m in ('torch', 'faiss', 'bm25s', 'docx') if m in sys.modules])"
    )

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"
