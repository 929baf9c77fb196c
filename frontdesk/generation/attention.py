"""Attention over slots: all sequences of a step in one row of tokens, no padding.

A forward pass runs over one row that holds the new tokens of every sequence; only
attention has to know whose tokens they are, and a `Step` tells it. The same function
is registered with transformers, so that the library's own models run this way too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from transformers import AttentionInterface

NAME = "frontdesk_slots"
_FEW_ROWS = 32
# Keys are taken in such steps, the rest masked: oneDNN builds code for every shape that
# it meets and keeps the latest (`allocator.forget_old_shapes`).
_KEY_STEP = 64
_FEW_SPANS = 3  # too few to gain from reading what they share only once


@dataclass(frozen=True)
class Span:
    """New tokens of one sequence: `count` of them from `position` on, in `slot`.

    The first `shared` keys and values are those of every other span with `shared` > 0.
    """

    slot: int
    position: int
    count: int
    shared: int = 0


@dataclass
class _Group:
    """Spans in neighbouring slots, attended together. Token rows start at `first`."""

    spans: list[Span]
    first: int
    device: torch.device
    context: int  # keys that a slot holds
    _masks: dict[int | None, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.low = self.spans[0].slot
        self.high = self.spans[-1].slot + 1
        self.width = max(span.count for span in self.spans)
        needed = max(span.position + span.count for span in self.spans)
        self.keys = min(-(-needed // _KEY_STEP) * _KEY_STEP, self.context)
        self.tokens = sum(span.count for span in self.spans)
        self.shared = min(span.shared for span in self.spans)
        if len(self.spans) < _FEW_SPANS:
            self.shared = 0
        self.rows: torch.Tensor | None = None  # (n, width): row of each query
        if any(span.count != self.width for span in self.spans):
            rows, row = [], self.first
            for span in self.spans:
                own = list(range(row, row + span.count))
                rows.append(own + own[-1:] * (self.width - span.count))
                row += span.count
            self.rows = torch.tensor(rows, device=self.device)

    def mask(self, window: int | None) -> torch.Tensor:
        """(n, width, keys) float32: 0 where a query may look, else -inf."""
        if window not in self._masks:
            self._masks[window] = self._build_mask(window)
        return self._masks[window]

    def _build_mask(self, window: int | None) -> torch.Tensor:
        last = torch.tensor(
            [
                [span.position + min(i, span.count - 1) for i in range(self.width)]
                for span in self.spans
            ],
            device=self.device,
        )[:, :, None]
        keys = torch.arange(self.keys, device=self.device)
        hidden = keys > last
        if window is not None:
            hidden |= keys <= last - window
        mask = torch.zeros(hidden.shape, device=self.device)
        return mask.masked_fill_(hidden, float("-inf"))


class Step:
    """One forward pass: which tokens belong where. Spans are ordered by slot."""

    def __init__(self, spans: list[Span], kv: torch.Tensor) -> None:
        """A step over `kv` (2, layers, slots, heads, context, dim)."""
        self.kv = kv
        device = kv.device
        self.slots = torch.tensor(
            [span.slot for span in spans for _ in range(span.count)], device=device
        )
        self.positions = torch.tensor(
            [span.position + i for span in spans for i in range(span.count)],
            device=device,
        )
        self.groups: list[_Group] = []
        first = 0
        for spans_of_group in _neighbours(spans):
            group = _Group(spans_of_group, first, device, kv.shape[-2])
            self.groups.append(group)
            first += group.tokens


def _neighbours(spans: list[Span]) -> list[list[Span]]:
    """Runs of adjacent slots; a span of many tokens stays alone, or all were padded."""
    runs: list[list[Span]] = []
    for span in spans:
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and span.slot == last.slot + 1
            and max(span.count, runs[-1][0].count, last.count) < _FEW_ROWS // 2
        ):
            runs[-1].append(span)
        else:
            runs.append([span])
    return runs


def attend(
    step: Step,
    layer: int,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scale: float,
    window: int | None = None,
) -> torch.Tensor:
    """Write a step's keys and values to their slots, then attend; as `query`.

    query (tokens, heads, dim); key and value (tokens, kv_heads, dim).
    """
    keys, values = step.kv[0, layer], step.kv[1, layer]
    keys[step.slots, :, step.positions] = key
    values[step.slots, :, step.positions] = value
    heads, dim = query.shape[1:]
    kv_heads = key.shape[1]
    output = torch.empty_like(query)
    for group in step.groups:
        n, width = len(group.spans), group.width
        if group.rows is None:
            own = query[group.first : group.first + group.tokens]
        else:
            own = query[group.rows]
        # Queries that share a key head become rows of one product.
        own = own.reshape(n, width, kv_heads, heads // kv_heads, dim).permute(
            0, 2, 3, 1, 4
        )  # (n, kv_heads, shared, width, dim)
        attended = _attend(
            own,
            keys[group.low : group.high, :, : group.keys],
            values[group.low : group.high, :, : group.keys],
            group.mask(window),
            scale,
            group.shared,
        )  # (n, kv_heads, shared, width, dim)
        attended = attended.permute(0, 3, 1, 2, 4).reshape(n, width, heads, dim)
        if group.rows is None:
            output[group.first : group.first + group.tokens] = attended.reshape(
                group.tokens, heads, dim
            )
        else:
            output[group.rows] = attended  # padded rows repeat the last, equal ones
    return output


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    scale: float,
    shared: int,
) -> torch.Tensor:
    """Query (n, kv_heads, group, width, dim); key, value (n, kv_heads, keys, dim)."""
    n, kv_heads, group, width, dim = query.shape
    if query.dtype != torch.bfloat16 or query.device.type != "cpu":
        attended = F.scaled_dot_product_attention(
            query.reshape(n, kv_heads, group * width, dim),
            key,
            value,
            attn_mask=mask.to(query.dtype).repeat(1, group, 1).unsqueeze(1),
            scale=scale,
        )
        return attended.view(query.shape)
    # On CPUs scaled_dot_product_attention converts bfloat16 to float32 as it goes.
    # Plain products run on the bfloat16 units: measured on one Zen 5 core, 16
    # sequences of 700 tokens, 0.75 against 2.0 ms a layer; a chunk of 128, 1.0
    # against 2.9 ms. Of a prefix that all share, one copy is read for all.
    rows = query.reshape(n * kv_heads, group * width, dim)
    scores = _scores(rows, key[:, :, shared:].flatten(0, 1))
    if shared:
        together = query.transpose(0, 1).reshape(kv_heads, n * group * width, dim)
        common = _scores(together, key[0, :, :shared])
        common = common.view(kv_heads, n, group * width, shared).transpose(0, 1)
        scores = torch.cat((common.reshape(*scores.shape[:2], shared), scores), -1)
    scores = scores.reshape(n, kv_heads, group, width, -1)
    weights = torch.add(mask[:, None, None], scores, alpha=scale).softmax(-1)
    weights = weights.to(query.dtype).view(n * kv_heads, group * width, -1)
    attended = torch.bmm(weights[..., shared:], value[:, :, shared:].flatten(0, 1))
    if shared:
        common = weights[..., :shared].view(n, kv_heads, group * width, shared)
        common = common.transpose(0, 1).reshape(kv_heads, n * group * width, shared)
        common = torch.bmm(common, value[0, :, :shared])
        common = common.view(kv_heads, n, group * width, dim).transpose(0, 1)
        attended = attended + common.reshape(attended.shape)
    return attended.view(query.shape)


def _scores(rows: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """(batch, rows, keys); few rows are faster as keys @ rows^T."""
    if rows.shape[1] < _FEW_ROWS:
        return torch.bmm(keys, rows.transpose(1, 2).contiguous()).transpose(1, 2)
    return torch.bmm(rows, keys.transpose(1, 2))


def slot_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    frontdesk_step: Step | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """`attend` in the form that transformers' models call.

    query (1, heads, tokens, dim); key, value (1, kv_heads, tokens, dim);
    returns (1, tokens, heads, dim).
    """
    assert frontdesk_step is not None, "this attention only runs inside the engine"
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    attended = attend(
        frontdesk_step,
        module.layer_idx,
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        scale,
        sliding_window,
    )
    return attended.unsqueeze(0), None


def register() -> None:
    """Make the function known to transformers under `NAME`."""
    AttentionInterface.register(NAME, slot_attention)
