"""What the hardware can do, and the bound that follows for writing answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from frontdesk.generation.benchmark.prompts import (
    ANSWER_TOKENS,
    EVIDENCE_TOKENS,
    SHARED_TOKENS,
)
from frontdesk.generation.slots import plan_slots
from frontdesk.generation.weights import LoadedModel


@dataclass(frozen=True)
class Machine:
    """Measured rates, and what one token of a model costs at these rates."""

    device: str
    dtype: str
    threads: int
    read_gb_per_s: float
    tflop_per_s: float
    weights_gb: float  # read once a step
    context_gb: float  # keys and values of one request, read once a step
    gflop_per_token: float

    def bound(self, requests: int) -> float:
        """Tokens/s while `requests` answers are being written, prompts not counted.

        A step reads the weights once and the keys and values of each request; it
        multiplies every weight once for each request. The slower of both counts.
        Guessed tokens that are right come on top.
        """
        reading = (self.weights_gb + requests * self.context_gb) / self.read_gb_per_s
        multiplying = requests * self.gflop_per_token / (self.tflop_per_s * 1000)
        return requests / max(reading, multiplying)

    def bound_with_prompts(self) -> float:
        """Tokens/s over whole requests, at any number of them.

        Every answer of 64 tokens needs 200 new tokens of prompt besides, and all of
        them have to be multiplied.
        """
        tokens = EVIDENCE_TOKENS + ANSWER_TOKENS
        seconds = tokens * self.gflop_per_token / (self.tflop_per_s * 1000)
        return ANSWER_TOKENS / seconds

    def lines(self) -> list[str]:
        return [
            f"{self.device}, {self.dtype}, {self.threads} threads: reads "
            f"{self.read_gb_per_s:.1f} GB/s, multiplies {self.tflop_per_s:.2f} TFLOP/s",
            f"one step reads {self.weights_gb:.2f} GB of weights and "
            f"{self.context_gb:.3f} GB a request, and needs "
            f"{self.gflop_per_token:.2f} GFLOP a token",
            f"bound while writing: {self.bound(1):.0f} tokens/s for 1 request, "
            f"{self.bound(16):.0f} for 16; with reading prompts at most "
            f"{self.bound_with_prompts():.0f} tokens/s",
        ]


def measure_machine(loaded: LoadedModel) -> Machine:
    """The rates of the model's device in its number format: the best of some runs."""
    dtype = getattr(torch, loaded.dtype)
    on_gpu = loaded.device != "cpu"
    big = torch.ones(64 << (4 if on_gpu else 0) << 20, device=loaded.device)
    read = big.numel() * 4 / _fastest(big.sum, on_gpu)
    del big
    size = 8192 if on_gpu else 1536
    a = torch.randn(size, size, device=loaded.device, dtype=dtype)
    flops = 2 * size**3 / _fastest(lambda: a @ a.T, on_gpu)
    per_token = plan_slots(loaded.model.config, dtype, 1).bytes_per_token
    context = SHARED_TOKENS + EVIDENCE_TOKENS + ANSWER_TOKENS / 2
    weights = sum(p.numel() for p in set(loaded.model.parameters()))
    return Machine(
        loaded.device,
        loaded.dtype,
        torch.get_num_threads(),
        read / 1e9,
        flops / 1e12,
        weights * dtype.itemsize / 1e9,
        per_token * context / 1e9,
        2 * weights / 1e9,
    )


def _fastest(work: Callable[[], object], on_gpu: bool, times: int = 7) -> float:
    work()
    best = float("inf")
    for _ in range(times):
        if on_gpu:
            torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return best
