from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from frontdesk.answering.calibrate_check import (
    HAND_SET,
    VERIFIER_SET,
    calibrate,
    main,
    read_replies,
    with_verifier,
)
from frontdesk.answering.check import CHANGES, FEATURES, VERIFIED_FEATURES
from frontdesk.answering.verifier import Pair

DAYS = (20, 30, 40, 50, 60, 70, 80, 90)


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = []
    for days in DAYS:
        passage = f"# Returns\n\nYou may send lamp {days} back within {days} days."
        for said, label in ((days, "supported"), (days + 1, "altered")):
            rows.append(
                {
                    "passage": passage,
                    "reply": f"Send it back within {said} days.",
                    "label": label,
                    "alteration": "" if label == "supported" else "number",
                }
            )
    return write_rows(tmp_path / "pairs.jsonl", rows)


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    passage = "Lamps are glass."
    labels = {
        "Lamps are glass.": "Fully attributable",
        "I sing all day.": "Not fully attributable",
        "Thanks!": "Generic",
    }
    rows = [
        {"passage": passage, "response": text, "label": label}
        for text, label in labels.items()
    ]
    return write_rows(tmp_path / "judged.jsonl", rows)


def test_generic_replies_are_left_out(judged: Path) -> None:
    assert read_replies(judged).wrong.tolist() == [False, True]


def test_changed_numbers_get_a_weight_and_nothing_speaks_for_a_claim(
    pairs: Path, judged: Path
) -> None:
    model = calibrate(read_replies(pairs), {"judged": read_replies(judged)})
    assert list(model["weights"]) == list(FEATURES)
    assert model["weights"]["quantity_unknown"] > 0
    assert min(model["weights"][name] for name in CHANGES) == 0.0
    assert {name: model["weights"][name] for name in HAND_SET} == HAND_SET


def test_figures_are_of_passages_not_fitted_on(pairs: Path, judged: Path) -> None:
    model = calibrate(read_replies(pairs), {"judged": read_replies(judged)})
    figures = model["about"]["figures"]
    assert model["about"]["fitted_on"] == "8 of 16 replies of the pairs"
    assert figures["pairs_held_out_half"]["n"] == 8
    assert figures["pairs_cross_validated"]["number"] == 1.0
    assert figures["judged"]["auc"] == 1.0


class Doubting:
    """Doubts every odd number."""

    def doubt(self, pair: Pair) -> float:
        return 8.0 if "1 days" in pair.claim else -4.0


def test_with_a_verifier_one_threshold_serves_both(pairs: Path, judged: Path) -> None:
    plain, verified = (
        calibrate(read_replies(pairs, v), {"judged": read_replies(judged, v)})
        for v in (None, Doubting())
    )
    model = with_verifier(plain, verified)
    assert list(model["verified"]["weights"]) == list(VERIFIED_FEATURES)
    assert model["verified"]["weights"]["verifier"] == VERIFIER_SET["verifier"]
    moved = model["verified"]["bias"] - verified["bias"]
    assert moved == pytest.approx(
        logit(model["threshold"]) - logit(verified["threshold"]), abs=0.01
    )


def logit(probability: float) -> float:
    kept = min(max(probability, 0.001), 0.999)
    return math.log(kept / (1 - kept))


def test_without_files_it_says_what_to_name() -> None:
    with pytest.raises(SystemExit, match="Name a pairs file"):
        main([])
