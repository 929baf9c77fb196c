"""The shop's own understanding, trained on `data/nlu` and tested on other messages.

`python -m addons.nlu.understanding SET.jsonl` prints one JSON object. Each line of the
set is a message as a customer writes it, typos and all:

    {"intent": "track_order", "text": "where is [LO-104233](order_number)"}

Entities are marked as in Rasa's training data. A mixed request has `also`, a list of
further intents; understanding any one of them counts as right.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, FrozenSet, List, Tuple

from rasa.shared.nlu.constants import ENTITIES, INTENT
from rasa.shared.nlu.training_data.loading import load_data
from sklearn.metrics import f1_score

from addons.nlu.evaluate import Pipeline
from addons.nlu.model import OUT_OF_SCOPE

_MARK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<entity>\w+)\)")

Span = Tuple[str, int, int]  # entity, start and end in the plain text


@dataclass(frozen=True)
class Case:
    """A message with what should be understood of it."""

    text: str
    intents: Tuple[str, ...]
    entities: FrozenSet[Span]


@dataclass(frozen=True)
class Reading:
    """What was understood of a message."""

    intent: str
    entities: FrozenSet[Span]


def read_cases(path: Path) -> List[Case]:
    """The cases of a set.

    Raises:
        ValueError: The file is missing or empty, or a line is none of a set.
    """
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}; name a JSONL file.")
    cases = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            text, entities = unmarked(row["text"])
            intents = (row["intent"], *row.get("also", ()))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"Line {number} of {str(path)!r} is no message with `intent` and "
                f"`text`: {error!r}."
            ) from error
        cases.append(Case(text, intents, entities))
    if not cases:
        raise ValueError(f"{str(path)!r} holds no message; add some.")
    return cases


def unmarked(marked: str) -> Tuple[str, FrozenSet[Span]]:
    """The plain text of a marked one, and where its entities are."""
    text, spans, last = "", set(), 0
    for found in _MARK.finditer(marked):
        text += marked[last : found.start()]
        spans.add((found["entity"], len(text), len(text) + len(found["text"])))
        text += found["text"]
        last = found.end()
    return text + marked[last:], frozenset(spans)


def figures(cases: List[Case], readings: List[Reading]) -> dict[str, Any]:
    """Accuracy, macro-F1 and entity F1; an entity counts with its exact span."""
    said = [reading.intent for reading in readings]
    # A mixed request may be understood either way, so the truth is what was chosen.
    real = [
        intent if intent in case.intents else case.intents[0]
        for case, intent in zip(cases, said, strict=True)
    ]
    labels = sorted(set(real))
    by_intent = f1_score(real, said, labels=labels, average=None, zero_division=0)
    mixed = [
        s == r for c, s, r in zip(cases, said, real, strict=True) if len(c.intents) > 1
    ]
    found = sum(len(reading.entities) for reading in readings)
    marked = sum(len(case.entities) for case in cases)
    both = sum(
        len(c.entities & r.entities) for c, r in zip(cases, readings, strict=True)
    )
    wrong = Counter((r, s) for r, s in zip(real, said, strict=True) if r != s)
    return {
        "accuracy": _share(
            sum(r == s for r, s in zip(real, said, strict=True)), len(cases)
        ),
        "accuracy_mixed": _share(sum(mixed), len(mixed)),
        "macro_f1": _rounded(by_intent.mean()),
        "entity_precision": _share(both, found),
        "entity_recall": _share(both, marked),
        "entity_f1": _share(2 * both, found + marked),
        "n": len(cases),
        "n_mixed": len(mixed),
        "n_entities": marked,
        "f1_by_intent": dict(zip(labels, map(_rounded, by_intent), strict=True)),
        "confused": {f"{r} as {s}": n for (r, s), n in wrong.most_common(10)},
    }


def evaluate(config: Path, data: Path, cases: List[Case]) -> dict[str, Any]:
    """The figures of a pipeline trained on a folder of Rasa's training data."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(config, Path(folder))
        start = time.perf_counter()
        pipeline.train(load_data(str(data)))
        train_seconds = time.perf_counter() - start
        pipeline.read(cases[0].text)  # the first message warms caches up
        start = time.perf_counter()
        readings = [_reading(pipeline, case.text) for case in cases]
        seconds = time.perf_counter() - start
    return {
        **figures(cases, readings),
        "train_seconds": round(train_seconds, 2),
        "ms_per_message": round(seconds * 1000 / len(cases), 2),
    }


def _reading(pipeline: Pipeline, text: str) -> Reading:
    message = pipeline.read(text)
    intent = message.get(INTENT)["name"]
    if intent == "nlu_fallback":
        intent = OUT_OF_SCOPE
    spans = ((e["entity"], e["start"], e["end"]) for e in message.get(ENTITIES, []))
    return Reading(intent, frozenset(spans))


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def main(arguments: List[str] | None = None) -> int:
    """Exit status of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m addons.nlu.understanding",
        description="Train on the project's examples and test on other messages.",
    )
    parser.add_argument("set", type=Path, metavar="SET.jsonl")
    parser.add_argument("--config", type=Path, default=Path("config.yml"))
    parser.add_argument("--data", type=Path, default=Path("data/nlu"))
    given = parser.parse_args(arguments)
    try:
        value = evaluate(given.config, given.data, read_cases(given.set))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(value))
    return 0


if __name__ == "__main__":
    sys.exit(main())
