"""The figures of a reader; its weights are a script here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from frontdesk.answering.reader import Batch, encoder_parts, lay_out
from frontdesk.answering.sentences import Unit
from frontdesk.training.examples import Group, Labelled
from frontdesk.training.measures import measure

PAGE = lay_out(
    "Fees", [Unit("Sending costs £3.", "", 0), Unit("It takes 2 days.", "", 1)]
)


class Scripted:
    """A network that says of each question's pages what it was given."""

    def __init__(self, *answers: list[float]) -> None:
        self._answers: Iterator[list[float]] = iter(answers)

    def eval(self) -> None:
        """Nothing to do."""

    def __call__(self, batch: Batch) -> tuple[Any, Any, Any]:
        import torch

        answers = torch.tensor(next(self._answers))
        supports = torch.tensor([[2.0, 1.0]] * len(answers))
        return answers, -answers, supports


def group(kind: str, gold: bool) -> Group:
    pages = (
        Labelled(PAGE, gold, (gold, False)),
        Labelled(PAGE, False, (False, False)),
    )
    return Group("bank", kind, kind, "what do I pay", pages)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return encoder_parts()[1]


def test_a_network_that_is_always_right_has_full_figures(tokenizer: Any) -> None:
    groups = [
        group("answerable", True),
        group("unanswerable", False),
        group("underspecified", True),
    ]
    network = Scripted([3.0, -3.0], [-2.0, -3.0], [1.0, -3.0])
    assert measure(network, tokenizer, groups) == {
        "first": 1.0,
        "sentence": 1.0,
        "answerable_auc": 1.0,
        "open_auc": 1.0,
    }


def test_what_the_questions_cannot_tell_counts_as_chance(tokenizer: Any) -> None:
    network = Scripted([-3.0, 3.0])
    found = measure(network, tokenizer, [group("answerable", True)])
    assert found["first"] == 0.0
    assert found["answerable_auc"] == found["open_auc"] == 0.5
