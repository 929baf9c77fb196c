"""Fitting the gate on questions whose kind is known, of one knowledge or several.

    python -m frontdesk.training.gate QUESTIONS.jsonl INDEX [QUESTIONS INDEX ...]

Logistic regressions on the signs of the gate. To answer, two things count alike:
whether the knowledge covers the question, and whether the evidence, quoted, would be a
right answer; learned together they refuse more of what is not covered than either
alone and as much of what would be wrong. The questions have the format of
`docs/evaluation.md` or of the training corpus. Every knowledge counts as much as every
other. Thresholds are chosen on held-out predictions, of another knowledge where there
are several, else of other questions: to answer, the one that refuses a fifth of the
covered questions; to ask, the one that asks about 85 in 100 of the open questions
for which choices were found.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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

from frontdesk.answering import compose, gate
from frontdesk.answering.opening import open_answerer
from frontdesk.answering.sentences import plain
from frontdesk.evaluation.scoring import is_right
from frontdesk.settings import Settings
from frontdesk.training.corpus import normalised

Floats = NDArray[np.float64]
BINS = 5
REFUSED = 0.2  # of the questions that are covered, on held-out predictions
NOT_ASKED = 0.15  # of the open questions with choices, on held-out predictions
ANSWERED = ("answerable", "followup")
MARK_CHARACTERS = 60  # of a supporting sentence that an answer must hold


@dataclass(frozen=True)
class Example:
    """One question with the knowledge it belongs to, its kind and its signs.

    `right` tells whether the evidence, quoted, answers it.
    """

    group: str
    kind: str
    features: Mapping[str, float]
    has_choices: bool
    right: bool


def read_examples(questions: Path, index: Path, read: bool = True) -> list[Example]:
    """The questions of a file, each with its signs over an index.

    Args:
        questions: The questions.
        index: The knowledge they are asked of.
        read: Whether the shipped reader takes part.
    """
    answerer = open_answerer(
        Settings.from_environ(), index=index, generate=False, read=read
    )
    examples = []
    lines = questions.read_text("utf-8").splitlines()
    for line in tqdm(lines, desc=str(index), disable=None):
        row = json.loads(line)
        known = answerer.understand(row["turns"], {})
        choices = len(known.siblings.choices) >= 2
        features = known.verdict.features
        right = row["kind"] in ANSWERED and says(
            row, compose.verbatim(compose.choose(known.evidence))
        )
        examples.append(Example(str(index), str(row["kind"]), features, choices, right))
    return examples


def says(row: Mapping[str, Any], text: str) -> bool:
    """Whether a text has the facts of a question, or its supporting sentences."""
    if "facts" in row:
        return is_right("answer", text, row["facts"], row["wrong"])
    said = normalised(text).lower()
    return all(mark in said for line in row["support"] for mark in _marks(line))


def _marks(line: str) -> list[str]:
    """What must stand in a text that says what a supporting line says."""
    cells = line.strip().strip("|").split("|") if line.startswith("|") else [line]
    begins = [plain(cell).lstrip("- ").lower()[:MARK_CHARACTERS] for cell in cells]
    return [begin.rstrip(".") for begin in begins if begin]


def calibrate(examples: Sequence[Example], read: bool = False) -> dict[str, Any]:
    """The gate's two models fitted on examples, with what they were fitted on.

    Args:
        examples: Questions with their signs.
        read: Whether the signs of the reader are among them.
    """
    choosable = [example for example in examples if example.has_choices]
    kinds = [example.kind for example in examples]
    about = {
        "date": date.today().isoformat(),
        "knowledge": len({example.group for example in examples}),
        "questions": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
    }
    answer_names = gate.READ_ANSWER_FEATURES if read else gate.ANSWER_FEATURES
    ask_names = gate.READ_ASK_FEATURES if read else gate.ASK_FEATURES
    # Whether to ask is the other model's: an open question answered is no disaster.
    clear = [example for example in examples if example.kind != "underspecified"]
    covered = np.array([example.kind in ANSWERED for example in clear])
    answer = _fit(
        clear,
        [[example.right for example in clear], covered.tolist()],
        answer_names,
        lambda held, _: float(np.quantile(held[covered], REFUSED)),
    )
    open_ = [example.kind == "underspecified" for example in choosable]
    ask = _fit(
        choosable,
        [open_],
        ask_names,
        lambda held, truth: float(np.quantile(held[truth], NOT_ASKED)),
    )
    return {"about": about, "answer": answer, "ask": ask}


def _fit(
    examples: Sequence[Example],
    wanted: Sequence[Sequence[bool]],
    names: Sequence[str],
    threshold: Callable[[Floats, NDArray[np.bool_]], float],
) -> dict[str, Any]:
    """Weights, bias and threshold with held-out figures.

    Args:
        examples: Questions with their signs.
        wanted: What is to be told, for each question; of several things their mean is
            learned, and the figures are about the first.
        names: Signs to use.
        threshold: Chooses it from held-out predictions and what is true.
    """
    signs = np.array([[e.features[name] for name in names] for e in examples])
    truths = np.array(wanted)
    truth = truths[0]
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
        model = _taught(scaled[train], truths[:, train], weight[train])
        held[test] = model.predict_proba(scaled[test])[:, 1]
    model = _taught(scaled, truths, weight)
    weights = model.coef_[0] / spread
    fitted = {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
    return {
        "bias": round(float(model.intercept_[0] - weights @ mean), 4),
        "threshold": round(threshold(held, truth), 3),
        **fitted,
        "held_out": {
            "auc": round(float(roc_auc_score(truth, held)), 3),
            "reliability": _reliability(held, truth),
            "n": len(truth),
        },
    }


def _taught(signs: Floats, truths: NDArray[np.bool_], weight: Floats) -> Any:
    """A model of the mean of several things that are true or not."""
    model = LogisticRegression(C=0.03, class_weight="balanced", max_iter=2000)
    count = len(truths)
    return model.fit(np.tile(signs, (count, 1)), truths.ravel(), np.tile(weight, count))


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
    """Fit, write `gate.json` beside the gate, print the held-out figures."""
    if not argv or len(argv) % 2:
        print("Give questions files, each with its index folder.", file=sys.stderr)
        return 2
    pairs = list(zip(map(Path, argv[::2]), map(Path, argv[1::2]), strict=True))
    fitted = {}
    for name, read in (("unread", False), ("read", True)):
        examples = [e for q, index in pairs for e in read_examples(q, index, read)]
        fitted[name] = calibrate(examples, read)
        for decision in ("answer", "ask"):
            found = fitted[name][decision]
            print(name, decision, found["held_out"], "threshold", found["threshold"])
    target = Path(gate.__file__).with_suffix(".json")
    target.write_text(json.dumps(fitted, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
