"""Teaching step by step: the rate of learning, progress, and going on after a cut."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from frontdesk.training.partial import keep, take_up

LOGGED = 50  # steps between two lines of progress
SORTED = 16  # steps whose examples are sorted by length together

Log = Callable[[str], None]
T = TypeVar("T")


def teach(
    network: Any,
    optimizer: Any,
    steps: Sequence[Sequence[T]],
    loss_of: Callable[[Sequence[T]], tuple[Any, Any]],
    warm_up: float,
    about: dict[str, Any],
    partial: Path | None,
    log: Log,
) -> list[dict[str, float]]:
    """The learning curve of all steps; the network has learned.

    Args:
        network: What is taught.
        optimizer: Of torch; each of its groups has its largest rate as `base`.
        steps: The examples of each.
        loss_of: What is minimised in a step, and what of it is told.
        warm_up: Share of the steps in which the rate rises.
        about: How the run began and its settings.
        partial: Where the state is kept every LOGGED steps, and taken up again if an
            earlier run of the same kind was cut off.
        log: Told about the progress.
    """
    import torch

    taught = [p for p in network.parameters() if p.requires_grad]
    curve = take_up(partial, about, network, optimizer)
    done = int(curve[-1]["step"]) if curve else 0
    losses: list[float] = []
    started = time.monotonic()
    for number, step in enumerate(steps[done:], done + 1):
        scale = schedule(number - 1, len(steps), warm_up)
        for group in optimizer.param_groups:
            group["lr"] = scale * group["base"]
        loss, told = loss_of(step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(taught, 1.0)
        optimizer.step()
        losses.append(float(told.detach()))
        if number % LOGGED == 0:
            mean = float(np.mean(losses[-LOGGED:]))
            curve.append({"step": number, "loss": round(mean, 4)})
            minutes = (time.monotonic() - started) / (number - done) / 60
            left = minutes * (len(steps) - number)
            log(f"step {number} of {len(steps)}, loss {mean:.3f}, {left:.0f} min left")
            keep(partial, about, curve, network, optimizer)
    return curve


def by_length(
    examples: Sequence[T], size: int, length: Callable[[T], int], chance: random.Random
) -> list[list[T]]:
    """All examples once, `size` a step, those of about the same length together."""
    found = []
    for start in range(0, len(examples), SORTED * size):
        near = sorted(examples[start : start + SORTED * size], key=length)
        found += [near[at : at + size] for at in range(0, len(near), size)]
    chance.shuffle(found)
    return found


def schedule(step: int, total: int, warm_up: float) -> float:
    """Linear up, then linear down to zero."""
    rise = max(1.0, warm_up * total)
    return min((step + 1) / rise, (total - step) / max(1.0, total - rise))
