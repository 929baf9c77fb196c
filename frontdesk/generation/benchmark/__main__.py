"""`python -m frontdesk.generation.benchmark`: everything that is measured of this room.

engines    this engine, model.generate and transformers' continuous batching, in process
servers    OpenAI-compatible servers beside each other, in alternation
identity   are greedy answers those of model.generate, alone and in mixtures?
soak       minutes at a share of the capacity while some clients leave
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from frontdesk.generation.benchmark import engines, identity, servers, shapes, soak
from frontdesk.generation.benchmark.machine import measure_machine
from frontdesk.generation.benchmark.prompts import prompts, random_prompts
from frontdesk.generation.benchmark.rows import Row, medians, ratios
from frontdesk.generation.decoders import CannotBatchError
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.errors import ModelLoadError
from frontdesk.generation.weights import EMBEDDED_FOLDER, LoadedModel, load_model


def main(argv: Sequence[str] | None = None) -> int:
    """Print one measurement; the exit status is 1 if it failed or could not be made."""
    given = _parser().parse_args(argv)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        return int(given.run(given))
    except (ModelLoadError, CannotBatchError) as error:
        print(error, file=sys.stderr)
        return 1


def _engines(given: argparse.Namespace) -> int:
    loaded = _load(given)
    machine = measure_machine(loaded)
    count = 1 + sum(given.clients) * given.each
    rows: list[Row] = []
    for turn in range(given.rounds):
        asked = _prompts(given, loaded, count, seed=turn)
        for peer in given.peers:
            rows += engines.measure(
                peer, lambda: _load(given), given.clients, given.each, asked
            )
    found = medians(rows)
    if given.json:
        document = {
            "machine": asdict(machine),
            "rows": [asdict(one) for one in rows],
        }
        print(json.dumps(document, indent=2))
        return 0
    print(*machine.lines(), sep="\n")
    for one in found:
        bound = machine.bound(one.clients)
        print(
            f"{one.line()}  {one.tokens_per_s / bound:.0%} of the bound while writing,"
            f" {one.tokens_per_s / machine.bound_with_prompts():.0%} with prompts"
        )
    print(*ratios(found), sep="\n")
    return 0


def _servers(given: argparse.Namespace) -> int:
    rows = servers.measure(
        given.servers,
        given.clients,
        given.each,
        given.rounds,
        load_tokenizer(given.model),
    )
    found = medians(rows)
    if given.json:
        print(json.dumps([asdict(one) for one in rows], indent=2))
        return 0
    print(*(one.line() for one in found), *ratios(found), sep="\n")
    return 0


def _identity(given: argparse.Namespace) -> int:
    loaded = _load(given)
    whole = _prompts(given, loaded, given.prompts, seed=11)
    chance = random.Random(11)  # all lengths, so that steps mix chunks of all kinds
    asked = [_cut(prompt, given.prompt_tokens, chance) for prompt in whole]
    found = identity.compare(lambda: _load(given), asked, given.answer_tokens)
    print(f"{loaded.name}, {loaded.dtype}, {len(asked)} prompts")
    print(*(comparison.line() for comparison in found), sep="\n")
    return int(any(comparison.unexplained for comparison in found))


def _cut(
    prompt: tuple[int, ...], longest: int, chance: random.Random
) -> tuple[int, ...]:
    """A beginning that others share and an end of its own; 20 tokens or more."""
    length = chance.randint(20, min(longest, len(prompt)))
    own = chance.randrange(1, length)
    return prompt[: length - own] + prompt[-own:]


def _soak(given: argparse.Namespace) -> int:
    loaded = _load(given)
    seconds = given.minutes * 60
    asked = _prompts(given, loaded, given.prompts, seed=13)
    engine = BatchEngine(loaded)
    found = soak.soak(engine, asked, seconds, given.load, given.leaving)
    engine.close()
    print(*found.lines(), sep="\n")
    return int(found.failed > 0 or found.leaked_slots > 0)


def _load(given: argparse.Namespace) -> LoadedModel:
    if given.shape:
        return shapes.random_model(given.shape, dtype=given.dtype)
    return load_model(given.model, dtype=given.dtype)


def _prompts(
    given: argparse.Namespace, loaded: LoadedModel, count: int, seed: int
) -> list[tuple[int, ...]]:
    if given.shape:
        return random_prompts(loaded.model.config.vocab_size, count, seed)
    return prompts(loaded.tokenizer, count, seed)


def load_tokenizer(model: str) -> object:
    """The tokenizer of a model folder; empty: the embedded model's."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(Path(model or EMBEDDED_FOLDER))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m frontdesk.generation.benchmark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)

    def add(name: str, run: object) -> argparse.ArgumentParser:
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--model", default="", help="default: the embedded model")
        command.add_argument("--threads", type=int, default=0)
        return command

    def add_weights(command: argparse.ArgumentParser) -> None:
        command.add_argument("--shape", choices=shapes.NAMES, help="random weights")
        command.add_argument("--dtype", default="", choices=["float32", "bfloat16"])

    def add_loads(command: argparse.ArgumentParser) -> None:
        command.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
        command.add_argument("--each", type=int, default=2, help="questions a client")
        command.add_argument("--rounds", type=int, default=1)
        command.add_argument("--json", action="store_true")

    in_process = add("engines", _engines)
    add_weights(in_process)
    add_loads(in_process)
    in_process.add_argument(
        "--peers", nargs="+", choices=engines.PEERS, default=engines.PEERS
    )
    over_http = add("servers", _servers)
    add_loads(over_http)
    over_http.add_argument(
        "servers",
        nargs="+",
        type=servers.Server.read,
        metavar="NAME=URL[#MODEL]",
        help="the first one is compared with the others",
    )
    same = add("identity", _identity)
    add_weights(same)
    same.add_argument("--prompts", type=int, default=100)
    same.add_argument("--prompt-tokens", type=int, default=600, help="at most")
    same.add_argument("--answer-tokens", type=int, default=48, help="at most")
    long = add("soak", _soak)
    add_weights(long)
    long.add_argument("--minutes", type=float, default=20.0)
    long.add_argument("--load", type=float, default=0.8)
    long.add_argument("--leaving", type=float, default=0.1)
    long.add_argument("--prompts", type=int, default=2000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
