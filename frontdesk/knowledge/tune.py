"""Learn the weights of `scoring` from development questions.

    python -m frontdesk.knowledge.tune INDEX QUESTIONS.jsonl [INDEX QUESTIONS.jsonl ...]

Each question has `turns` (or `text`) and `relevant` document ids. The weights make
relevant documents likely under a softmax over the candidates' scores; every set
counts the same, however long it is. Printed are the weights and, for each set, the
mean reciprocal rank of the first relevant document: with the shipped weights, with
weights learned on the other folds, and with weights learned on the other sets.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from frontdesk.knowledge.conversation import Conversation
from frontdesk.knowledge.documents import Filters
from frontdesk.knowledge.encoder import Encoder, load_encoder
from frontdesk.knowledge.index import load_index
from frontdesk.knowledge.scoring import SHIPPED, SIGNALS
from frontdesk.knowledge.searcher import Searcher

FOLDS = 5
RIDGE = 1e-4  # 1e-3 shrank the weight of words, the signal of the smallest range

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """Signals (n_candidates, n_signals), documents and which of them are relevant."""

    signals: Floats
    documents: list[str]
    relevant: npt.NDArray[np.bool_]  # (n_candidates,)


def collect(index_dir: Path, questions: Path, encoder: Encoder) -> list[Question]:
    """The candidates of each question that has a relevant document."""
    searcher = Searcher(load_index(index_dir, encoder), encoder)
    found: list[Question] = []
    for line in questions.read_text("utf-8").splitlines():
        values: dict[str, Any] = json.loads(line)
        turns = values.get("turns") or [{"role": "user", "text": values["text"]}]
        conversation = Conversation.from_turns(turns)
        # What is underspecified has no right document, only examples.
        if not conversation or values.get("kind") == "underspecified":
            continue
        if not values.get("relevant"):
            continue
        candidates = searcher.candidates(conversation, Filters())
        documents = [
            searcher.index.passages[row].document_id for row in candidates.rows
        ]
        relevant = np.isin(documents, list(values["relevant"]))
        signals = np.stack([candidates.signals[name] for name in SIGNALS], axis=1)
        found.append(Question(signals.astype(np.float64), documents, relevant))
    return found


def learn(sets: Sequence[Sequence[Question]]) -> Floats:
    """Weights (n_signals,) that sum to 1 in absolute value."""
    from scipy.optimize import minimize

    def loss(weights: Floats) -> tuple[float, Floats]:
        value = RIDGE * float(weights @ weights)
        slope = 2 * RIDGE * weights
        for questions in sets:
            usable = [question for question in questions if question.relevant.any()]
            for question in usable:
                scores = question.signals @ weights
                chances = np.exp(scores - scores.max())
                chances /= chances.sum()
                right = chances * question.relevant
                share = right.sum()
                value -= float(np.log(share)) / len(usable)
                pull = (chances - right / share) / len(usable)
                slope = slope + question.signals.T @ pull
        return value, slope

    start = np.full(len(SIGNALS), 5.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    weights: Floats = found / np.abs(found).sum()
    return weights


def reciprocal_ranks(questions: Sequence[Question], weights: Floats) -> Floats:
    """1 / rank of the first relevant document, 0 beyond the tenth, (n_questions,)."""
    found = np.zeros(len(questions))
    for number, question in enumerate(questions):
        ranked: dict[str, bool] = {}
        for place in np.argsort(-(question.signals @ weights), kind="stable"):
            ranked.setdefault(question.documents[place], bool(question.relevant[place]))
            if len(ranked) == 10:
                break
        rank = next((r for r, right in enumerate(ranked.values(), 1) if right), 0)
        found[number] = 1 / rank if rank else 0.0
    return found


def held_out(sets: Sequence[Sequence[Question]]) -> list[Floats]:
    """Reciprocal ranks of each set by weights that its question did not teach."""
    found = [np.zeros(len(questions)) for questions in sets]
    for fold in range(FOLDS):
        weights = learn(
            [
                [q for row, q in enumerate(questions) if row % FOLDS != fold]
                for questions in sets
            ]
        )
        for ranks, questions in zip(found, sets, strict=True):
            ranks[fold::FOLDS] = reciprocal_ranks(questions[fold::FOLDS], weights)
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the weights and how well they rank; gives the exit status."""
    if not arguments or len(arguments) % 2:
        print("Name pairs of an index and its questions.", file=sys.stderr)
        return 2
    encoder = load_encoder()
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    sets = [collect(Path(index), Path(lines), encoder) for index, lines in pairs]
    shipped = np.array([getattr(SHIPPED, name) for name in SIGNALS])
    weights = learn(sets)
    for name, before, after in zip(SIGNALS, shipped, weights, strict=True):
        print(f"{name:16} shipped {before:6.2f}   learned {after:6.2f}")
    unseen = held_out(sets)
    for number, ((_, lines), questions) in enumerate(zip(pairs, sets, strict=True)):
        others = [other for other in sets if other is not questions]
        away = learn(others) if others else weights
        print(
            f"{lines}: {len(questions)} questions, MRR@10 shipped "
            f"{reciprocal_ranks(questions, shipped).mean():.3f}, five-fold "
            f"{unseen[number].mean():.3f}, taught by the other sets "
            f"{reciprocal_ranks(questions, away).mean():.3f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
