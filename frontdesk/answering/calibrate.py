"""Fitting the gate: `python -m frontdesk.answering.calibrate QUESTIONS.jsonl INDEX`.

Logistic regressions on the signs of the gate, over questions whose kind is known
(the format of `docs/evaluation.md`). The threshold of each is the one that balances
the two errors on five-fold held-out predictions of the same questions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from frontdesk.answering import gate
from frontdesk.answering.answerer import Understanding
from frontdesk.answering.opening import open_answerer
from frontdesk.settings import Settings

Floats = NDArray[np.float64]
BINS = 5
ANSWERED = ("answerable", "followup")


def calibrate(rows: Sequence[Mapping[str, Any]], index: Path) -> dict[str, Any]:
    """The gate's model fitted on questions; the value of `gate.json`.

    Args:
        rows: Questions with `kind` and `turns`.
        index: The knowledge they are about.
    """
    answerer = open_answerer(Settings.from_environ(), index=index, generate=False)
    known = [answerer.understand(row["turns"], {}) for row in rows]
    kinds = [str(row["kind"]) for row in rows]
    clear = [n for n, kind in enumerate(kinds) if kind != "underspecified"]
    open_ones = [n for n, item in enumerate(known) if len(item.siblings.choices) >= 2]
    answer = _fit(
        _matrix([known[n] for n in clear], gate.ANSWER_FEATURES),
        np.array([kinds[n] in ANSWERED for n in clear]),
        gate.ANSWER_FEATURES,
    )
    ask = _fit(
        _matrix([known[n] for n in open_ones], gate.ASK_FEATURES),
        np.array([kinds[n] == "underspecified" for n in open_ones]),
        gate.ASK_FEATURES,
    )
    about = {"date": date.today().isoformat(), "questions": len(rows)}
    return {"about": about | {"by_kind": _counts(kinds)}, "answer": answer, "ask": ask}


def _matrix(known: Sequence[Understanding], names: Sequence[str]) -> Floats:
    return np.array([[item.verdict.features[name] for name in names] for item in known])


def _fit(signs: Floats, truth: NDArray[np.bool_], names: Sequence[str]) -> Any:
    """Weights, bias and threshold with held-out figures; signs (n_questions, n)."""
    mean, spread = signs.mean(axis=0), signs.std(axis=0) + 1e-6
    scaled = (signs - mean) / spread
    model = LogisticRegression(C=0.03, class_weight="balanced", max_iter=2000)
    folds = StratifiedKFold(5, shuffle=True, random_state=7)
    held = cross_val_predict(model, scaled, truth, cv=folds, method="predict_proba")
    model.fit(scaled, truth)
    weights = model.coef_[0] / spread
    bias = float(model.intercept_[0] - weights @ mean)
    fitted = {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
    return {
        "bias": round(bias, 4),
        "threshold": _balanced(held[:, 1], truth),
        **fitted,
        "held_out": {
            "auc": round(float(roc_auc_score(truth, held[:, 1])), 3),
            "reliability": _reliability(held[:, 1], truth),
            "n": len(truth),
        },
    }


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


def _counts(kinds: Sequence[str]) -> dict[str, int]:
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def main(argv: Sequence[str]) -> int:
    """Fit, write `gate.json` beside this file, print the held-out figures."""
    if len(argv) != 2:
        print("Give a questions file and its index folder.", file=sys.stderr)
        return 2
    rows = [json.loads(line) for line in Path(argv[0]).read_text("utf-8").splitlines()]
    fitted = calibrate(rows, Path(argv[1]))
    target = Path(__file__).with_name("gate.json")
    target.write_text(json.dumps(fitted, indent=1) + "\n", "utf-8")
    for name in ("answer", "ask"):
        print(name, fitted[name]["held_out"], "threshold", fitted[name]["threshold"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
