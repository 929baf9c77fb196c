import numpy as np
import pytest
import torch

from frontdesk.knowledge import bert
from frontdesk.knowledge.encoder import SentenceEncoder, load_encoder

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


@pytest.mark.parametrize("text", ["", "Why?", "The Halden 60 makes 46 decibels. " * 60])
def test_one_text_alone_has_the_vectors_it_has_in_a_batch(
    encoder: SentenceEncoder, text: str
) -> None:
    others = ["one", "two words", "three short words", "four words are here"]

    alone, alone_words = encoder.encode_words([text])
    batch, batch_words = encoder.encode_words([text, *others])

    assert float(alone[0] @ batch[0]) > 0.999
    assert alone_words[0].shape == batch_words[0].shape
    if len(alone_words[0]):
        assert np.min(np.sum(alone_words[0] * batch_words[0], axis=1)) > 0.995


def test_another_architecture_keeps_its_own_pass() -> None:
    class Other:
        device = torch.device("cpu")

        def __getitem__(self, place: int) -> object:
            return torch.nn.Linear(2, 2)

    assert bert.shorten(Other()) is None
