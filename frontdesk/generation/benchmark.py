"""`python -m frontdesk.generation.benchmark`: this engine beside one-by-one serving.

Clients ask in a closed loop: a policy of 400 tokens that all prompts share, evidence of
200 tokens of each, 64 tokens of answer. The peers run one after the other in this
process with the same weights: `sequential` is what `transformers serve` does by default
(one `model.generate` at a time behind a queue), `batch` is our engine without guesses,
`batch+lookup` with them. The last lines say how far the machine itself would go.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch

from frontdesk.generation.decoders import CannotBatchError
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.errors import ModelLoadError
from frontdesk.generation.requests import Engine, Piece, Request, Sampling
from frontdesk.generation.sequential import SequentialEngine
from frontdesk.generation.text import encode_chat
from frontdesk.generation.weights import LoadedModel, load_model

SHARED_TOKENS = 400
EVIDENCE_TOKENS = 200
ANSWER_TOKENS = 64
_PEERS = ("sequential", "batch", "batch+lookup")
_THINGS = "lamp kettle desk chair blender shelf toaster mirror rug speaker".split()
_POLICY = (
    "You answer customers of a shop for home goods from the passages below and from "
    "nothing else. Keep to two sentences. Name prices, dates and conditions exactly as "
    "they stand in the passages. If the passages do not answer the question, say so. "
)
_QUESTION = "\n\nHow much is it, how long may I keep it and when does it come?"


@dataclass(frozen=True)
class Row:
    """One peer under one load. Times in seconds."""

    peer: str
    clients: int
    tokens_per_s: float
    first_token_p50: float
    first_token_p95: float
    seconds: float
    cpu_ms_per_token: float  # of all threads: hardly touched by what else runs
    load: float  # of the machine, over the last minute, when it ended


@dataclass(frozen=True)
class Machine:
    """What the hardware was measured to do, and the bounds that follow."""

    device: str
    dtype: str
    threads: int
    read_gb_per_s: float
    matmul_tflop_per_s: float
    bound_1: float  # tokens/s of one answer while decoding
    bound_16: float


class _Endless(LoadedModel):
    """A model whose answers always have their full length."""

    def end_ids(self) -> frozenset[int]:
        return frozenset()


def prompts(tokenizer: Any, count: int) -> list[tuple[int, ...]]:
    """Prompts of about 600 tokens, the first 400 of which are the same."""
    chance = random.Random(7)

    def passages(tokens: int) -> str:
        texts: list[str] = []
        while len(tokenizer("".join(texts))["input_ids"]) < tokens:
            thing, price = chance.choice(_THINGS), chance.randrange(9, 400)
            days, wait = chance.randrange(2, 60), chance.randrange(2, 9)
            texts.append(
                f"The {thing} costs {price} pounds and may be returned within {days} "
                f"days if it is unused. Delivery of a {thing} takes {wait} days. "
            )
        return "".join(texts)

    policy = _POLICY + passages(SHARED_TOKENS - 80)
    return [
        encode_chat(
            tokenizer,
            [
                {"role": "system", "content": policy},
                {"role": "user", "content": passages(EVIDENCE_TOKENS - 50) + _QUESTION},
            ],
        )
        for _ in range(count)
    ]


def run(
    engine: Engine, clients: int, each: int, asked: Sequence[tuple[int, ...]]
) -> tuple[float, list[float], float]:
    """Answer tokens a second, times to first token and seconds of one load."""
    first_tokens: list[float] = []
    tokens = [0] * clients

    def ask(prompt: tuple[int, ...]) -> int:
        ended = threading.Event()
        began = time.monotonic()
        seen: list[Piece] = []

        def listen(piece: Piece) -> None:
            if not seen:
                first_tokens.append(time.monotonic() - began)
            seen.append(piece)
            if piece.finish_reason:
                ended.set()

        engine.submit(Request(prompt, Sampling(max_tokens=ANSWER_TOKENS), listen))
        ended.wait()
        return seen[-1].completion_tokens

    def client(number: int) -> None:
        for turn in range(each):
            tokens[number] += ask(asked[number * each + turn])

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    return sum(tokens) / seconds, first_tokens, seconds


def measure_machine(loaded: LoadedModel) -> Machine:
    """Read bandwidth and matrix products of the device, and the decoding bounds."""
    dtype = getattr(torch, loaded.dtype)
    big = torch.ones(64 << 20, dtype=torch.float32, device=loaded.device)  # 256 MiB
    read = big.numel() * 4 / _fastest(big.sum)
    a = torch.randn(1024, 1536, device=loaded.device, dtype=dtype)
    b = torch.randn(1536, 1536, device=loaded.device, dtype=dtype)
    flops = 2 * 1024 * 1536 * 1536 / _fastest(lambda: a @ b.T)
    config = loaded.model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    dim = getattr(config, "head_dim", None) or (
        config.hidden_size // config.num_attention_heads
    )
    per_token = 2 * config.num_hidden_layers * heads * dim * dtype.itemsize
    weights = sum(p.numel() for p in loaded.model.parameters())
    context = SHARED_TOKENS + EVIDENCE_TOKENS + ANSWER_TOKENS / 2

    def bound(batch: int) -> float:
        moved = weights * dtype.itemsize + per_token * context * batch
        return float(batch / max(moved / read, 2 * weights * batch / flops))

    return Machine(
        loaded.device,
        loaded.dtype,
        torch.get_num_threads(),
        read / 1e9,
        flops / 1e12,
        bound(1),
        bound(16),
    )


def _fastest(work: Callable[[], object], times: int = 5) -> float:
    work()
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return best


def _open(peer: str, loaded: LoadedModel) -> Engine:
    if peer == "sequential":
        return SequentialEngine(loaded, 64)
    return BatchEngine(loaded, 64, speculate=peer == "batch+lookup")


def measure(peer: str, model: str, clients: list[int], each: int) -> list[Row]:
    """The rows of one peer; every load starts with a warm prefix cache."""
    found = load_model(model)
    found.model.generation_config.eos_token_id = None
    loaded = _Endless(**{f.name: getattr(found, f.name) for f in fields(found)})
    engine = _open(peer, loaded)
    asked = prompts(loaded.tokenizer, 1 + max(clients) * each)
    run(engine, 1, 1, asked[-1:])
    rows = []
    for count in clients:
        before = time.process_time()
        rate, firsts, seconds = run(engine, count, each, asked)
        used = (time.process_time() - before) * 1000 / (rate * seconds)
        p95 = sorted(firsts)[max(0, -(-95 * len(firsts) // 100) - 1)]
        median = statistics.median(firsts)
        load = os.getloadavg()[0]
        row = Row(peer, count, rate, median, p95, seconds, used, load)
        print(_line(row), file=sys.stderr)
        rows.append(row)
    engine.close()
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison; the exit status is 1 if the model cannot be loaded."""
    parser = argparse.ArgumentParser(
        prog="python -m frontdesk.generation.benchmark",
        description="Tokens a second and time to first token beside one-by-one serving",
    )
    parser.add_argument("--model", default="")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--each", type=int, default=2, help="questions of each client")
    parser.add_argument("--peers", nargs="+", choices=_PEERS, default=_PEERS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    try:
        machine = measure_machine(load_model(given.model))
        rows = [
            row
            for peer in given.peers
            for row in measure(peer, given.model, given.clients, given.each)
        ]
    except (ModelLoadError, CannotBatchError) as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        found = {"machine": asdict(machine), "rows": [asdict(row) for row in rows]}
        print(json.dumps(found, indent=2))
        return 0
    print(
        f"{machine.device}, {machine.dtype}, {machine.threads} threads; reads "
        f"{machine.read_gb_per_s:.1f} GB/s, multiplies "
        f"{machine.matmul_tflop_per_s:.2f} TFLOP/s"
    )
    for row in rows:
        print(_line(row) + _share(row, machine))
    return 0


def _line(row: Row) -> str:
    return (
        f"{row.peer:13} {row.clients:3} clients {row.tokens_per_s:7.1f} tokens/s  "
        f"first token p50 {row.first_token_p50:6.2f} s p95 {row.first_token_p95:6.2f} s"
        f"  {row.cpu_ms_per_token:6.1f} ms CPU a token"
        f"  ({row.seconds:.1f} s, load {row.load:.1f})"
    )


def _share(row: Row, machine: Machine) -> str:
    bound = {1: machine.bound_1, 16: machine.bound_16}.get(row.clients)
    if bound is None:
        return ""
    return f"  {row.tokens_per_s / bound:.0%} of the bound {bound:.0f}"


if __name__ == "__main__":
    sys.exit(main())
