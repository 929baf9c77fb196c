"""Key-value memory: one slot a sequence, a fixed number of slots, and prefix reuse.

A finished sequence's keys and values stay in its slot until another needs it, so a new
prompt that begins like an old one copies the common part instead of computing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

CPU_SLOTS = 16  # more at a time would all wait longer for their next token
GPU_SLOTS = 64
MAX_CONTEXT = 4_096  # a prompt of Frontdesk has 500 to 1,500 tokens
MIN_CONTEXT = 1_024
CPU_BYTES = 1 << 30
GPU_SHARE = 0.5  # of what is free once the weights are loaded


@dataclass(frozen=True)
class SlotPlan:
    """How many sequences of how many tokens fit the memory set aside."""

    slots: int
    context: int
    bytes_per_token: int

    @property
    def bytes(self) -> int:
        return self.slots * self.context * self.bytes_per_token


def plan_slots(
    config: Any, dtype: torch.dtype, limit_bytes: int, most: int = CPU_SLOTS
) -> SlotPlan:
    """Up to `most` slots for a model of `config` in at most `limit_bytes`.

    Slots get shorter, down to `MIN_CONTEXT`, before they get fewer.
    """
    per_token = 2 * config.num_hidden_layers * _heads(config) * _head_dim(config)
    per_token *= dtype.itemsize
    positions = getattr(config, "max_position_embeddings", None) or MAX_CONTEXT
    context = min(MAX_CONTEXT, positions)
    while context > MIN_CONTEXT and limit_bytes // (per_token * context) < most:
        context //= 2
    slots = max(1, min(most, limit_bytes // (per_token * context)))
    return SlotPlan(slots, context, per_token)


def memory_limit(device: str) -> int:
    """Bytes that keys and values may take on a device."""
    if device == "cpu":
        return CPU_BYTES
    free, _ = torch.cuda.mem_get_info(device)
    return int(free * GPU_SHARE)


@dataclass
class _Slot:
    tokens: Sequence[int] = ()  # whose keys and values the slot holds
    used: bool = False
    last_use: int = 0


@dataclass
class SlotCache:
    """The tensors and who sits where. `kv`: (2, layers, slots, heads, context, dim)."""

    plan: SlotPlan
    kv: torch.Tensor
    _slots: list[_Slot] = field(default_factory=list)
    _clock: int = 0

    @classmethod
    def allocate(
        cls, config: Any, plan: SlotPlan, dtype: torch.dtype, device: str
    ) -> SlotCache:
        """An empty cache; on the CPU its pages are taken only when first written."""
        layers, heads = config.num_hidden_layers, _heads(config)
        shape = (2, layers, plan.slots, heads, plan.context, _head_dim(config))
        if device == "cpu":
            # Zeroed, because a masked NaN is still a NaN; numpy's zeros are lazy.
            raw = np.zeros(plan.bytes, np.uint8)
            kv = torch.from_numpy(raw).view(dtype).view(shape)
        else:
            kv = torch.zeros(shape, dtype=dtype, device=device)
        return cls(plan, kv, [_Slot() for _ in range(plan.slots)])

    @property
    def free(self) -> int:
        return sum(not slot.used for slot in self._slots)

    def acquire(self, prompt: Sequence[int]) -> int:
        """A free slot, the one whose loss costs the least cached text.

        Raises:
            LookupError: All are in use.
        """
        free = [n for n, slot in enumerate(self._slots) if not slot.used]
        if not free:
            raise LookupError("no free slot")

        def loss(number: int) -> tuple[int, int]:
            slot = self._slots[number]
            kept = common_prefix(slot.tokens, prompt)
            return len(slot.tokens) - kept, slot.last_use

        chosen = min(free, key=loss)
        self._slots[chosen].used = True
        return chosen

    def find_prefix(self, prompt: Sequence[int]) -> tuple[int, int]:
        """The slot that holds the longest beginning of `prompt`, and its length.

        The last token is never counted: its logits are needed.
        """
        lengths = [common_prefix(slot.tokens, prompt[:-1]) for slot in self._slots]
        best = max(range(len(lengths)), key=lengths.__getitem__)
        return best, lengths[best]

    def take_prefix(self, number: int, source: int, prompt: Sequence[int]) -> None:
        """Make slot `number` hold `prompt` and nothing else, from slot `source`."""
        length = len(prompt)
        if common_prefix(self._slots[number].tokens, prompt) < length:
            self.kv[:, :, number, :, :length] = self.kv[:, :, source, :, :length]
        self._slots[number].tokens = prompt

    def note(self, number: int, tokens: Sequence[int]) -> None:
        """Record whose keys and values a slot holds now."""
        self._slots[number].tokens = tokens

    def forget(self) -> None:
        """Free all slots and hold nothing."""
        self._slots = [_Slot() for _ in self._slots]
        self.kv.zero_()

    def release(self, number: int) -> None:
        """Give a slot back; what it holds may be copied from until it is taken."""
        self._clock += 1
        slot = self._slots[number]
        slot.used, slot.last_use = False, self._clock


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """The number of equal items at the beginning."""
    length = min(len(first), len(second))
    if first[:length] == second[:length]:
        return length
    for index in range(length):
        if first[index] != second[index]:
            return index
    return length


def _heads(config: Any) -> int:
    heads = getattr(config, "num_key_value_heads", None)
    return int(heads or config.num_attention_heads)


def _head_dim(config: Any) -> int:
    dim = getattr(config, "head_dim", None)
    return int(dim or config.hidden_size // config.num_attention_heads)
