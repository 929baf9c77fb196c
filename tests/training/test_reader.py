"""What training does with weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from frontdesk.answering.reader import SHIPPED, lay_out
from frontdesk.answering.sentences import Unit
from frontdesk.training.examples import Group, Labelled
from frontdesk.training.reader import Config, halfway, train


def test_a_reader_taught_on_is_halfway_to_the_one_before() -> None:
    before, after = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    with torch.no_grad():
        before.weight.copy_(torch.tensor([[1.0, 2.0]]))
        after.weight.copy_(torch.tensor([[3.0, -2.0]]))
    halfway(after, before)
    assert after.weight.tolist() == [[2.0, 0.0]]
    assert before.weight.tolist() == [[1.0, 2.0]]


def test_a_run_that_was_cut_off_goes_on_unless_it_began_elsewhere(
    tmp_path: Path,
) -> None:
    page = lay_out("Fees", [Unit("It costs £3.", "", 0), Unit("It is quick.", "", 1)])
    pages = (Labelled(page, True, (True, False)), Labelled(page, False, (False, False)))
    groups = [Group("bank", "1", "answerable", "what do I pay", pages)]
    config, partial = Config(epochs=2, threads=1), tmp_path / "partial"

    def cut_off(line: str) -> None:
        if json.loads(line)["epoch"] == 2.0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(groups, [], config, tmp_path / "a", None, partial, cut_off)
    kept = partial.read_bytes()
    told: list[str] = []
    train(groups, [], config, tmp_path / "a", None, partial, told.append)
    assert [json.loads(line)["epoch"] for line in told] == [2.0]
    assert json.loads((tmp_path / "a" / "manifest.json").read_text())["start"] == (
        "encoder"
    )
    partial.write_bytes(kept)
    told.clear()
    train(groups, [], config, tmp_path / "b", SHIPPED, partial, told.append)
    assert [json.loads(line)["epoch"] for line in told] == [1.0, 2.0]
    assert not partial.exists()
