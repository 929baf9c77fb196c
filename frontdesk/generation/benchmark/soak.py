"""Hours of customers in minutes: does anything leak, and does anybody lose an answer?

First the engine's capacity is measured with every slot in use; then requests arrive at
random (Poisson) at a share of it, and some clients leave in the middle.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frontdesk.generation.benchmark.prompts import ANSWER_TOKENS
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.errors import QueueFullError
from frontdesk.generation.requests import Piece, Request, Sampling

_WARM_S = 60.0  # memory is compared with what it was after that
_REPORT_S = 60.0


@dataclass
class Soak:
    """What happened; memory in MB, times in seconds."""

    capacity_per_s: float = 0.0  # requests
    asked: int = 0
    finished: int = 0
    left: int = 0
    refused: int = 0  # by a full queue
    failed: int = 0  # of those that stayed
    leaked_slots: int = 0
    first_tokens: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)  # after the warm-up, each minute

    def lines(self) -> list[str]:
        half = len(self.first_tokens) // 2
        before, after = self.first_tokens[:half], self.first_tokens[half:]
        return [
            f"capacity {self.capacity_per_s:.2f} requests/s; {self.asked} asked, "
            f"{self.finished} finished, {self.left} left early, {self.refused} refused",
            f"failed survivors {self.failed}, leaked slots {self.leaked_slots}",
            f"memory {self.memory[0]:.0f} MB after the warm-up, "
            f"{self.memory[len(self.memory) // 2]:.0f} MB halfway, "
            f"{self.memory[-1]:.0f} MB at the end, most {max(self.memory):.0f} MB",
            f"first token p50 / p99: first half {_share(before, 0.5):.2f} / "
            f"{_share(before, 0.99):.2f} s, second half {_share(after, 0.5):.2f} / "
            f"{_share(after, 0.99):.2f} s",
        ]


class _Client:
    """Waits for an answer, or leaves after some of its tokens."""

    def __init__(self, soak: Soak, lock: threading.Lock, patience: int | None) -> None:
        self._soak = soak
        self._lock = lock
        self._patience = patience
        self._began = time.monotonic()
        self._heard = False
        self.request: Request | None = None
        self.ended = threading.Event()

    def __call__(self, piece: Piece) -> None:
        with self._lock:
            if not self._heard and piece.text:
                self._heard = True
                self._soak.first_tokens.append(time.monotonic() - self._began)
            if piece.finish_reason:
                self._count(piece.finish_reason)
        if self._patience is not None and piece.completion_tokens >= self._patience:
            assert self.request is not None
            self.request.cancel()
        if piece.finish_reason:
            self.ended.set()

    def _count(self, reason: str) -> None:
        if reason == "cancelled":
            self._soak.left += 1
        elif reason in ("stop", "length"):
            self._soak.finished += 1
        else:
            self._soak.failed += 1


def soak(
    engine: BatchEngine,
    prompts: Sequence[tuple[int, ...]],
    seconds: float,
    load: float = 0.8,
    leaving: float = 0.1,
    seed: int = 0,
) -> Soak:
    """Run for `seconds` at `load` of the capacity; `leaving` is a share of clients."""
    chance = random.Random(seed)
    found, lock = Soak(capacity_per_s=_capacity(engine, prompts)), threading.Lock()
    waiting: list[_Client] = []
    asked = itertools.cycle(prompts)
    began = due = time.monotonic()
    report = min(_WARM_S, seconds / 4)
    while (now := time.monotonic()) < began + seconds:
        if now >= began + report:
            found.memory.append(_memory_mb())
            report += _REPORT_S
            print(f"{now - began:5.0f} s: {_progress(found)}", file=sys.stderr)
        due += chance.expovariate(load * found.capacity_per_s)
        time.sleep(max(0.0, due - time.monotonic()))
        patience = (
            chance.randrange(ANSWER_TOKENS) if chance.random() < leaving else None
        )
        client = _Client(found, lock, patience)
        client.request = Request(
            next(asked), Sampling(max_tokens=ANSWER_TOKENS), client
        )
        found.asked += 1
        try:
            engine.submit(client.request)
        except QueueFullError:
            found.refused += 1
        else:
            waiting = [one for one in waiting if not one.ended.is_set()]
            waiting.append(client)
    for client in waiting:
        client.ended.wait()
    found.memory.append(_memory_mb())
    found.leaked_slots = engine.plan.slots - engine.free_slots
    return found


def _capacity(engine: BatchEngine, prompts: Sequence[tuple[int, ...]]) -> float:
    """Requests/s with every slot in use."""
    clients = [
        _Client(Soak(), threading.Lock(), None) for _ in range(engine.plan.slots)
    ]
    began = time.monotonic()
    for client, prompt in zip(clients, prompts, strict=False):
        engine.submit(Request(prompt, Sampling(max_tokens=ANSWER_TOKENS), client))
    for client in clients[: len(prompts)]:
        client.ended.wait()
    return min(len(clients), len(prompts)) / (time.monotonic() - began)


def _progress(found: Soak) -> str:
    return (
        f"{found.asked} asked, {found.finished} finished, {found.left} left, "
        f"{found.refused} refused, {found.failed} failed, {found.memory[-1]:.0f} MB"
    )


def _memory_mb() -> float:
    """Resident memory of this process; Linux only."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
