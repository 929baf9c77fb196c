import pytest

from frontdesk.generation.benchmark.engines import PEERS, measure
from frontdesk.generation.benchmark.prompts import random_prompts
from frontdesk.generation.benchmark.shapes import random_model


def tiny():
    return random_model("tiny", device="cpu", dtype="float32")


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_is_measured_under_every_load(peer):
    rows = measure(peer, tiny, [1, 3], 2, random_prompts(512, 9))
    assert [(row.peer, row.clients) for row in rows] == [(peer, 1), (peer, 3)]
    for row in rows:
        assert row.tokens_per_s * row.seconds == pytest.approx(row.clients * 2 * 64)
        assert 0 < row.first_token_p50 <= row.first_token_p95 < row.seconds
