"""Are the engine's greedy answers those of `model.generate`, whoever else is asking?

Every prompt is answered by the library's own loop first, then by the engine alone and
in a random mixture with joins, leaves and cancels, with and without guesses.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.requests import Piece, Request, Sampling
from frontdesk.generation.slots import common_prefix
from frontdesk.generation.weights import LoadedModel

# Neighbouring numbers are up to this far apart, relative to themselves: of two logits
# that are closer, either may come out larger, by the order of a sum alone.
_ROUNDING = {"float32": 2.0**-23, "bfloat16": 2.0**-7}


@dataclass
class Comparison:
    """How many answers were the same, and by how little the others differ."""

    way: str
    answers: int = 0
    same: int = 0
    cancelled: int = 0
    guessed: int = 0  # tokens that came from right guesses
    batch: float = 0.0  # mean requests in a step
    unexplained: int = 0  # first difference where the best two logits are far apart
    gaps: list[float] = field(default_factory=list)  # at first differences, relative

    def line(self) -> str:
        widest = f", widest gap {max(self.gaps):.4f}" if self.gaps else ""
        return (
            f"{self.way}: {self.same} of {self.answers} answers identical"
            f" ({self.cancelled} of them cancelled, compared as far as they came);"
            f" {self.unexplained} differ by more than rounding{widest};"
            f" {self.guessed} tokens guessed right, {self.batch:.1f} requests a step"
        )


@dataclass(frozen=True)
class _Asked:
    prompt: tuple[int, ...]
    max_tokens: int
    expected: list[int]


class _Answer:
    """A listener that keeps an answer's tokens and waits for its end."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.ids: list[int] = []
        self.reason = ""

    def __call__(self, piece: Piece) -> None:
        self.ids += piece.token_ids
        if piece.finish_reason:
            self.reason = piece.finish_reason
            self.ended.set()


def compare(
    load: Callable[[], LoadedModel],
    prompts: Sequence[tuple[int, ...]],
    answer_tokens: int = 48,
    seed: int = 0,
) -> list[Comparison]:
    """The comparisons alone, mixed, and mixed without guesses; exact in float32.

    Answers have 4 to `answer_tokens` tokens.
    """
    reference = load()
    chance = random.Random(seed)
    asked = []
    for number, prompt in enumerate(prompts):
        length = chance.randint(4, answer_tokens)
        asked.append(_Asked(prompt, length, _generate(reference, prompt, length)))
        if number % 100 == 99:
            print(f"generate: {number + 1} answers", file=sys.stderr)
    found = []
    for way, mixed, speculate in (
        ("alone", False, True),
        ("mixed", True, True),
        ("mixed, no guesses", True, False),
    ):
        engine = BatchEngine(load(), queue_size=len(asked), speculate=speculate)
        comparison = Comparison(way)
        for one, answer in _ask(engine, asked, mixed, seed):
            _judge(comparison, reference, one, answer)
        engine.close()
        metrics = engine.metrics
        comparison.guessed = metrics.accepted
        comparison.batch = metrics.step_sequences / metrics.steps
        print(comparison.line(), file=sys.stderr)
        found.append(comparison)
    return found


def _generate(
    reference: LoadedModel, prompt: tuple[int, ...], length: int
) -> list[int]:
    ids = torch.tensor([prompt], device=reference.device)
    ends = sorted(reference.end_ids())
    with torch.inference_mode():
        found = reference.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=length,
            do_sample=False,
            eos_token_id=ends or None,
            pad_token_id=(ends or [0])[0],
        )
    return [int(token) for token in found[0, len(prompt) :]]


def _ask(
    engine: BatchEngine, asked: Sequence[_Asked], mixed: bool, seed: int
) -> Iterator[tuple[_Asked, _Answer]]:
    """The answers; mixed: in bursts, one in eight cancelled on its way."""
    chance = random.Random(seed)
    running: list[tuple[_Asked, Request, _Answer]] = []
    for one in asked:
        answer = _Answer()
        request = Request(one.prompt, Sampling(max_tokens=one.max_tokens), answer)
        engine.submit(request)
        if not mixed:
            answer.ended.wait()
            yield one, answer
            continue
        running.append((one, request, answer))
        if chance.random() < 0.3:
            time.sleep(chance.random() * 0.02)
        if chance.random() < 1 / 8:
            chance.choice(running[-16:])[1].cancel()
    for one, _, answer in running:
        answer.ended.wait()
        yield one, answer


def _judge(
    comparison: Comparison, reference: LoadedModel, one: _Asked, answer: _Answer
) -> None:
    cancelled = answer.reason == "cancelled"
    comparison.answers += 1
    comparison.cancelled += cancelled
    expected = one.expected[: len(answer.ids)] if cancelled else one.expected
    if answer.ids == expected:
        comparison.same += 1
        return
    gap = _gap(reference, one, answer.ids)
    comparison.gaps.append(gap)
    comparison.unexplained += gap > _ROUNDING[reference.dtype]


def _gap(reference: LoadedModel, one: _Asked, said: list[int]) -> float:
    """Between the logits of the first two different tokens, over the larger one."""
    at = common_prefix(said, one.expected)
    if at == min(len(said), len(one.expected)):
        return float("inf")  # one simply ends: no close call explains that
    ids = torch.tensor([[*one.prompt, *said[:at]]], device=reference.device)
    with torch.inference_mode():
        logits = reference.model(ids, use_cache=False).logits[0, -1].float()
    own, other = float(logits[said[at]]), float(logits[one.expected[at]])
    return abs(own - other) / max(abs(own), abs(other), 1e-9)
