"""Fitting the gate on questions whose kind is known, of one knowledge or several.

    python -m frontdesk.answering.calibrate QUESTIONS.jsonl INDEX [QUESTIONS INDEX ...]

Logistic regressions on the signs of the gate; the questions have the format of
`docs/evaluation.md`. Every knowledge counts as much as every other. The threshold of
each model is the one that balances the two errors on held-out predictions: of another
knowledge where there are several, else of other questions.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold
from tqdm import tqdm

from frontdesk.answering import gate
from frontdesk.answering.opening import open_answerer
from frontdesk.settings import Settings

Floats = NDArray[np.float64]
BINS = 5
ANSWERED = ("answerable", "followup")


@dataclass(frozen=True)
class Example:
    """One question with the knowledge it belongs to, its kind and its signs."""

    group: str
    kind: str
    features: Mapping[str, float]
    has_choices: bool


def read_examples(questions: Path, index: Path) -> list[Example]:
    """The questions of a file, each with its signs over an index."""
    answerer = open_answerer(Settings.from_environ(), index=index, generate=False)
    examples = []
    lines = questions.read_text("utf-8").splitlines()
    for line in tqdm(lines, desc=str(index), disable=None):
        row = json.loads(line)
        known = answerer.understand(row["turns"], {})
        choices = len(known.siblings.choices) >= 2
        features = known.verdict.features
        examples.append(Example(str(index), str(row["kind"]), features, choices))
    return examples


def calibrate(examples: Sequence[Example]) -> dict[str, Any]:
    """The gate's models fitted on examples; the value of `gate.json`."""
    clear = [example for example in examples if example.kind != "underspecified"]
    choosable = [example for example in examples if example.has_choices]
    kinds = [example.kind for example in examples]
    about = {
        "date": date.today().isoformat(),
        "knowledge": len({example.group for example in examples}),
        "questions": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
    }
    answer = _fit(clear, ANSWERED, gate.ANSWER_FEATURES)
    ask = _fit(choosable, ("underspecified",), gate.ASK_FEATURES)
    return {"about": about, "answer": answer, "ask": ask}


def _fit(
    examples: Sequence[Example], wanted: Sequence[str], names: Sequence[str]
) -> dict[str, Any]:
    """Weights, bias and threshold with held-out figures."""
    signs = np.array([[e.features[name] for name in names] for e in examples])
    truth = np.array([example.kind in wanted for example in examples])
    groups = [example.group for example in examples]
    counts = Counter(groups)
    weight = np.array([len(groups) / (len(counts) * counts[g]) for g in groups])
    mean, spread = signs.mean(axis=0), signs.std(axis=0) + 1e-6
    scaled = (signs - mean) / spread
    if len(counts) > 1:
        folds = LeaveOneGroupOut().split(scaled, truth, groups)
    else:
        folds = StratifiedKFold(5, shuffle=True, random_state=7).split(scaled, truth)
    held = np.zeros(len(truth))
    for train, test in folds:
        model = _model().fit(scaled[train], truth[train], weight[train])
        held[test] = model.predict_proba(scaled[test])[:, 1]
    model = _model().fit(scaled, truth, weight)
    weights = model.coef_[0] / spread
    fitted = {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
    return {
        "bias": round(float(model.intercept_[0] - weights @ mean), 4),
        "threshold": _balanced(held, truth),
        **fitted,
        "held_out": {
            "auc": round(float(roc_auc_score(truth, held)), 3),
            "reliability": _reliability(held, truth),
            "n": len(truth),
        },
    }


def _model() -> Any:
    return LogisticRegression(C=0.03, class_weight="balanced", max_iter=2000)


def _balanced(probability: Floats, truth: NDArray[np.bool_]) -> float:
    """The threshold at which both kinds of error are as frequent."""
    best = min(
        np.unique(probability),
        key=lambda t: abs(
            float((probability[truth] < t).mean())
            - float((probability[~truth] >= t).mean())
        ),
    )
    return round(float(best), 3)


def _reliability(probability: Floats, truth: NDArray[np.bool_]) -> list[list[float]]:
    """[mean probability, share true, count] of equally filled bins."""
    order = np.argsort(probability)
    return [
        [
            round(float(probability[part].mean()), 3),
            round(float(truth[part].mean()), 3),
            len(part),
        ]
        for part in np.array_split(order, BINS)
    ]


def main(argv: Sequence[str]) -> int:
    """Fit, write `gate.json` beside this file, print the held-out figures."""
    if not argv or len(argv) % 2:
        print("Give questions files, each with its index folder.", file=sys.stderr)
        return 2
    pairs = zip(argv[::2], argv[1::2], strict=True)
    examples = [e for q, index in pairs for e in read_examples(Path(q), Path(index))]
    fitted = calibrate(examples)
    target = Path(__file__).with_name("gate.json")
    target.write_text(json.dumps(fitted, indent=1) + "\n", "utf-8")
    for name in ("answer", "ask"):
        print(name, fitted[name]["held_out"], "threshold", fitted[name]["threshold"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
