"""A run that was cut off goes on where it was, and only if it began the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from frontdesk.training.partial import keep, take_up


def begun() -> tuple[Any, Any]:
    network = torch.nn.Linear(2, 1)
    return network, torch.optim.AdamW(network.parameters())


def test_weights_and_curve_come_back_where_the_run_began_the_same(
    tmp_path: Path,
) -> None:
    partial, about, curve = tmp_path / "reader.partial", {"seed": 7}, [{"loss": 0.5}]
    network, optimizer = begun()
    keep(partial, about, curve, network, optimizer)
    again, its_optimizer = begun()
    assert take_up(partial, {"seed": 8}, again, its_optimizer) == []
    assert not torch.equal(again.weight, network.weight)
    assert take_up(partial, about, again, its_optimizer) == curve
    assert torch.equal(again.weight, network.weight)


def test_without_a_file_nothing_is_kept_or_taken_up(tmp_path: Path) -> None:
    network, optimizer = begun()
    keep(None, {}, [], network, optimizer)
    assert take_up(None, {}, network, optimizer) == []
    assert take_up(tmp_path / "none", {}, network, optimizer) == []
