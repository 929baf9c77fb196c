"""Engines in this process beside each other, on one model's weights.

`generate` is `model.generate` behind a queue, as `transformers serve` does by default;
`continuous` is transformers' continuous batching; `batch` is our engine without guesses
and `batch+lookup` with them.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import fields

from frontdesk.generation.benchmark.continuous import ContinuousEngine
from frontdesk.generation.benchmark.prompts import ANSWER_TOKENS
from frontdesk.generation.benchmark.rows import Row, row
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.requests import Engine, Piece, Request, Sampling
from frontdesk.generation.sequential import SequentialEngine
from frontdesk.generation.weights import LoadedModel

PEERS = ("batch+lookup", "batch", "generate", "continuous")
_QUEUE = 256


class _Endless(LoadedModel):
    """A model whose answers always have their full length."""

    def end_ids(self) -> frozenset[int]:
        return frozenset()


def measure(
    peer: str,
    load: Callable[[], LoadedModel],
    clients: Sequence[int],
    each: int,
    asked: Sequence[tuple[int, ...]],
) -> list[Row]:
    """The rows of one peer; every load starts with the shared beginning cached.

    Args:
        peer: One of `PEERS`.
        load: Returns the model; our engine uses it up.
        clients: How many ask at once, each load after the other.
        each: Questions of each client.
        asked: At least 1 + sum(clients) * each prompts.
    """
    found = load()
    found.model.generation_config.eos_token_id = None
    loaded = _Endless(**{f.name: getattr(found, f.name) for f in fields(found)})
    engine = _open(peer, loaded)
    left = list(asked)
    _run(engine, 1, 1, [left.pop()])
    rows = []
    for count in clients:
        own = [left.pop() for _ in range(count * each)]
        tokens, firsts, seconds = _run(engine, count, each, own)
        rows.append(row(peer, count, tokens, firsts, seconds))
        print(rows[-1].line(), file=sys.stderr)
    engine.close()
    return rows


def _open(peer: str, loaded: LoadedModel) -> Engine:
    if peer == "generate":
        return SequentialEngine(loaded, _QUEUE)
    if peer == "continuous":
        return ContinuousEngine(loaded)
    return BatchEngine(loaded, _QUEUE, speculate=peer == "batch+lookup")


def _run(
    engine: Engine, clients: int, each: int, asked: Sequence[tuple[int, ...]]
) -> tuple[int, list[float], float]:
    """Answer tokens, times to first token and seconds of one load."""
    firsts: list[float] = []
    tokens = [0] * clients

    def client(number: int) -> None:
        for prompt in asked[number * each : (number + 1) * each]:
            first, count = _ask(engine, prompt)
            firsts.append(first)
            tokens[number] += count

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(tokens), firsts, time.monotonic() - began


def _ask(engine: Engine, prompt: tuple[int, ...]) -> tuple[float, int]:
    """Seconds to the first piece, and the answer's tokens."""
    ended = threading.Event()
    began = time.monotonic()
    times: list[float] = []
    seen: list[Piece] = []

    def listen(piece: Piece) -> None:
        times.append(time.monotonic() - began)
        seen.append(piece)
        if piece.finish_reason:
            ended.set()

    engine.submit(Request(prompt, Sampling(max_tokens=ANSWER_TOKENS), listen))
    ended.wait()
    if seen[-1].finish_reason == "error":
        raise RuntimeError(f"{engine.name} failed: {seen[-1].error}")
    return times[0], seen[-1].completion_tokens
