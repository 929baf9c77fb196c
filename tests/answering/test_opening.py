from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from frontdesk.answering.opening import CachingEncoder, is_taught
from frontdesk.settings import Settings
from tests.fakes_answering import encode


class RecordingEncoder:
    """Encodes like the fake; records which texts it was given."""

    name, dimension, max_tokens = "words", 256, 256

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return encode(texts)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_a_text_is_encoded_once_and_its_row_stays_the_same() -> None:
    encoder = RecordingEncoder()
    caching = CachingEncoder(encoder)  # type: ignore[arg-type]
    first = caching(["kettle", "lamp"])
    again = caching(["lamp", "kettle", "lamp"])
    assert encoder.asked == ["kettle", "lamp"]
    assert np.array_equal(again, first[[1, 0, 1]])


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    encoder = RecordingEncoder()
    caching = CachingEncoder(encoder, size=2)  # type: ignore[arg-type]
    caching(["kettle", "lamp"])
    caching(["kettle", "sofa"])
    caching(["kettle"])
    assert encoder.asked == ["kettle", "lamp", "sofa"]


@pytest.mark.parametrize(
    ("changes", "taught"),
    [
        ({}, True),
        ({"generation_model": "Qwen/Qwen3-4B"}, False),
        ({"generation_url": "http://gpu-box:8000/v1"}, False),
    ],
)
def test_only_the_embedded_model_gets_the_writers_prompt(
    tmp_path: Path, changes: dict[str, str], taught: bool
) -> None:
    settings = Settings(var=tmp_path, **changes)
    assert not is_taught(settings)
    (tmp_path / "models" / "writer").mkdir(parents=True)
    (tmp_path / "models" / "writer" / "adapter_model.safetensors").touch()
    assert is_taught(settings) == taught
