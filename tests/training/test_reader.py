"""What training does with weights; the networks are a few numbers."""

from __future__ import annotations

import torch

from frontdesk.training.reader import halfway


def test_a_reader_taught_on_is_halfway_to_the_one_before() -> None:
    before, after = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    with torch.no_grad():
        before.weight.copy_(torch.tensor([[1.0, 2.0]]))
        after.weight.copy_(torch.tensor([[3.0, -2.0]]))
    halfway(after, before)
    assert after.weight.tolist() == [[2.0, 0.0]]
    assert before.weight.tolist() == [[1.0, 2.0]]
