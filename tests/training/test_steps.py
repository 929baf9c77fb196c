"""The rate of learning, and which examples are shown together."""

from __future__ import annotations

import random

import torch

from frontdesk.training.steps import by_length, schedule, teach


def test_the_rate_rises_and_falls_to_nearly_nothing() -> None:
    rates = [schedule(step, 100, 0.1) for step in range(100)]
    assert max(rates) == rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0.0 < rates[-1] < 0.02


def test_all_examples_are_shown_once_with_others_of_their_length() -> None:
    lengths = random.Random(1).sample(range(1000), 64)
    steps = by_length(lengths, 4, lambda length: length, random.Random(2))
    assert sorted(x for step in steps for x in step) == sorted(lengths)
    assert [len(step) for step in steps] == [4] * 16
    assert all(step == sorted(step) for step in steps)
    assert steps != sorted(steps)


def test_what_is_taught_gets_better_and_is_told_every_fifty_steps() -> None:
    torch.manual_seed(1)
    network = torch.nn.Linear(1, 1)
    group = {"params": list(network.parameters()), "lr": 0.1, "base": 0.1}
    told: list[str] = []

    def loss(step: object) -> tuple[torch.Tensor, torch.Tensor]:
        error = ((network(torch.ones(1, 1)) - 3.0) ** 2).mean()
        return error, error

    curve = teach(
        network,
        torch.optim.AdamW([group]),
        [[0]] * 100,
        loss,
        0.1,
        {},
        None,
        told.append,
    )
    assert [point["step"] for point in curve] == [50, 100]
    assert curve[1]["loss"] < curve[0]["loss"]
    assert [line.split(",")[0] for line in told] == [
        "step 50 of 100",
        "step 100 of 100",
    ]
