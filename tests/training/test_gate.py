import random

import pytest

from frontdesk.answering import gate
from frontdesk.training.gate import Example, calibrate, says


def examples(group: str, seed: int) -> list[Example]:
    """Questions whose top similarity tells what is covered, and little else."""
    noise = random.Random(seed)
    found = []
    for n in range(60):
        kind = ("answerable", "unanswerable", "underspecified")[n % 3]
        names = gate.ANSWER_FEATURES + gate.ASK_FEATURES
        features = {name: noise.random() for name in names}
        features["dense_top"] = 0.6 + 0.2 * noise.random()
        if kind != "answerable":
            features["dense_top"] -= 0.3
        features["few_words"] = 0.5 if kind == "underspecified" else 0.1
        right = kind == "answerable"
        found.append(Example(group, kind, features, has_choices=True, right=right))
    return found


def test_what_tells_the_kinds_apart_gets_the_weight() -> None:
    fitted = calibrate([*examples("shop", 1), *examples("bank", 2)])
    weights = {name: fitted["answer"][name] for name in gate.ANSWER_FEATURES}
    assert max(weights, key=lambda name: weights[name]) == "dense_top"
    assert fitted["answer"]["held_out"]["auc"] > 0.9
    assert fitted["ask"]["few_words"] > 0


def test_what_it_was_fitted_on_is_kept_with_it() -> None:
    about = calibrate([*examples("shop", 1), *examples("bank", 2)])["about"]
    assert about["knowledge"] == 2
    assert about["questions"] == {
        "answerable": 40,
        "underspecified": 40,
        "unanswerable": 40,
    }


def test_one_knowledge_is_enough() -> None:
    fitted = calibrate(examples("shop", 1))
    assert 0.0 < fitted["answer"]["threshold"] < 1.0
    bins = fitted["answer"]["held_out"]["reliability"]
    assert sum(count for _, _, count in bins) == 40


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Fix 12: £75. It is paid at once.", True),
        ("Fix 24: £75.", False),
        ("Fix 12: £40.", False),
    ],
)
def test_a_row_is_said_when_all_its_cells_are(text: str, right: bool) -> None:
    row = {"support": ["| Fix 12 | £75 |"]}
    assert says(row, text) is right


def test_markup_of_a_supporting_line_does_not_count() -> None:
    row = {"support": ["**Water.** You can ask the *Council*.", "- free of charge."]}
    assert says(row, "Water. You can ask the *Council*.\n- Free of charge")
