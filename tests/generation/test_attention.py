import pytest
import torch
import torch.nn.functional as F

from frontdesk.generation.attention import Span, Step, slot_attention

HEADS, KV_HEADS, DIM, CONTEXT = 6, 2, 8, 40


class Layer:
    layer_idx = 1


def plain(query, key, value, position, window=None):
    """Attention of one sequence, spelled out. query (heads, new, dim)."""
    new, length = query.shape[1], key.shape[1]
    keys = torch.arange(length)
    last = (position + torch.arange(new))[:, None]
    seen = keys <= last
    if window:
        seen &= keys > last - window
    key = key.repeat_interleave(HEADS // KV_HEADS, 0)
    value = value.repeat_interleave(HEADS // KV_HEADS, 0)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=seen)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize(
    "spans",
    [
        [Span(0, 7, 1)],
        [Span(0, 7, 1), Span(1, 3, 1), Span(3, 20, 1)],
        [Span(1, 7, 3), Span(2, 9, 3), Span(3, 0, 3)],
        [Span(0, 7, 4), Span(1, 9, 1), Span(2, 0, 2)],
        [Span(0, 7, 1), Span(1, 5, 30), Span(2, 30, 2)],
        [Span(0, 7, 1, 6), Span(1, 9, 2, 6), Span(2, 8, 1, 6), Span(3, 0, 9)],
        [Span(0, 7, 1, 6), Span(1, 9, 2, 6), Span(2, 8, 1, 6)],
    ],
)
def test_every_sequence_attends_to_its_own_slot(spans, window, dtype):
    torch.manual_seed(0)
    kv = torch.randn(2, 2, 4, KV_HEADS, CONTEXT, DIM).to(dtype)
    shared = spans[0].shared
    for span in spans:
        if span.shared:
            kv[:, :, span.slot, :, :shared] = kv[:, :, 0, :, :shared]
    old = kv.clone()
    tokens = sum(span.count for span in spans)
    query = torch.randn(1, HEADS, tokens, DIM).to(dtype)
    key, value = torch.randn(2, 1, KV_HEADS, tokens, DIM).to(dtype)
    found, _ = slot_attention(
        Layer(),
        query,
        key,
        value,
        None,
        sliding_window=window,
        frontdesk_step=Step(spans, kv),
    )
    first = 0
    for span in spans:
        own = slice(first, first + span.count)
        until = span.position
        keys = torch.cat([old[0, 1, span.slot, :, :until], key[0, :, own]], 1)
        values = torch.cat([old[1, 1, span.slot, :, :until], value[0, :, own]], 1)
        expected = plain(
            query[0, :, own].float(), keys.float(), values.float(), until, window
        )
        tolerance = 1e-5 if dtype == torch.float32 else 0.05
        torch.testing.assert_close(
            found[0, own].transpose(0, 1).float(), expected, atol=tolerance, rtol=0
        )
        assert torch.equal(kv[0, 1, span.slot, :, : until + span.count], keys)
        first += span.count
    assert torch.equal(kv[:, 0], old[:, 0])


def test_key_lengths_come_in_few_sizes_and_never_pass_the_context():
    kv = torch.zeros(2, 2, 4, KV_HEADS, 100, DIM)
    lengths = [
        Step([Span(0, position, 1)], kv).groups[0].keys for position in range(100)
    ]
    assert sorted(set(lengths)) == [64, 100]
    assert all(length > position for position, length in enumerate(lengths))
