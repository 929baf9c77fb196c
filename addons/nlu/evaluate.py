"""The understanding of `config.yml`, trained on one file and tested on another.

`python -m addons.nlu.evaluate TRAIN.csv TEST.csv` prints one JSON object. Both files
have the columns `text` and `intent`; the intent `oos` means out of scope. The pipeline
sees TRAIN only: whatever threshold there is comes from it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_config_file
from sklearn.metrics import f1_score, matthews_corrcoef, precision_recall_fscore_support

from addons.nlu.model import OUT_OF_SCOPE


@dataclass(frozen=True)
class Verdict:
    """The best intent before rejection, and what the pipeline said after it."""

    best: str
    said: str


class Pipeline:
    """The NLU components of a configuration, run one after the other."""

    def __init__(self, config: Path, storage: Path) -> None:
        self._steps = read_config_file(config)["pipeline"]
        self._storage = LocalModelStorage.create(storage)
        self._components: list[Any] = []

    def train(self, data: TrainingData) -> None:
        """Train every component; those that store a model are loaded again from it."""
        for number, step in enumerate(self._steps):
            options = {key: value for key, value in step.items() if key != "name"}
            kind = DefaultV1Recipe._from_registry(step["name"]).clazz
            name = f"{kind.__name__}_{number}"
            context = ExecutionContext(GraphSchema({}), node_name=name)
            given = (
                {**kind.get_default_config(), **options},
                self._storage,
                Resource(name),
                context,
            )
            component = kind.create(*given)
            if hasattr(component, "train"):
                component.train(data)
                component = kind.load(*given)
            elif hasattr(component, "process_training_data"):
                data = component.process_training_data(data)
            self._components.append(component)

    def read(self, text: str) -> Message:
        """One message with everything that the pipeline found in it."""
        messages = [Message({TEXT: text})]
        for component in self._components:
            messages = component.process(messages)
        return messages[0]

    def say(self, text: str) -> Verdict:
        """What the pipeline says about one message."""
        message = self.read(text)
        ranking = [
            each["name"]
            for each in message.get(INTENT_RANKING_KEY)
            if each["name"] != DEFAULT_NLU_FALLBACK_INTENT_NAME
        ]
        said = message.get(INTENT)["name"]
        if said == DEFAULT_NLU_FALLBACK_INTENT_NAME:
            said = OUT_OF_SCOPE
        return Verdict(ranking[0] if ranking else said, said)


def evaluate(config: Path, train: Path, test: Path) -> dict[str, Any]:
    """The figures of a pipeline; `oos_*` are None when the test has no `oos` row.

    Raises:
        ValueError: A file has no row or lacks a column.
    """
    examples, questions = read_examples(train), read_examples(test)
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(config, Path(folder))
        start = time.perf_counter()
        pipeline.train(
            TrainingData(
                [Message({TEXT: t, INTENT: i}) for t, i in examples if t.strip()]
            )
        )
        train_seconds = time.perf_counter() - start
        pipeline.say(questions[0][0])  # the first message warms caches up
        start = time.perf_counter()
        verdicts = [pipeline.say(text) for text, _ in questions]
        seconds = time.perf_counter() - start
    return {
        **figures([intent for _, intent in questions], verdicts),
        "train_seconds": round(train_seconds, 2),
        "ms_per_message": round(seconds * 1000 / len(questions), 2),
        "n": len(questions),
    }


def figures(truth: list[str], verdicts: list[Verdict]) -> dict[str, float | None]:
    """Accuracy, F1 and the rest; None where the test holds nothing to measure it on."""
    real = np.array(truth)
    best = np.array([verdict.best for verdict in verdicts])
    said = np.array([verdict.said for verdict in verdicts])
    inside = real != OUT_OF_SCOPE
    precision = recall = f1 = None
    if not inside.all():
        precision, recall, f1, _ = precision_recall_fscore_support(
            ~inside, said == OUT_OF_SCOPE, average="binary", zero_division=0
        )
    macro = f1_score(
        real, said, labels=np.unique(real), average="macro", zero_division=0
    )
    return {
        "accuracy": _rounded((real == said).mean()),
        "accuracy_in_scope": _rounded((real == best)[inside].mean())
        if inside.any()
        else None,
        "macro_f1": _rounded(macro),
        "mcc": _rounded(matthews_corrcoef(real, said)),
        "oos_precision": _rounded(precision),
        "oos_recall": _rounded(recall),
        "oos_f1": _rounded(f1),
    }


def read_examples(path: Path) -> list[tuple[str, str]]:
    """The (text, intent) rows of a CSV file.

    Raises:
        ValueError: The file is missing, has no row or lacks a column.
    """
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}; name a CSV file.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for column in ("text", "intent"):
            if column not in (reader.fieldnames or ()):
                raise ValueError(
                    f"{str(path)!r} has no column {column!r}; "
                    "its first line must be text,intent."
                )
        rows = [(row["text"], row["intent"]) for row in reader]
    if not rows:
        raise ValueError(f"{str(path)!r} holds no example; add some.")
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Exit status of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m addons.nlu.evaluate",
        description="Train the pipeline on one file and test it on another.",
    )
    parser.add_argument("train", type=Path, metavar="TRAIN.csv")
    parser.add_argument("test", type=Path, metavar="TEST.csv")
    parser.add_argument("--config", type=Path, default=Path("config.yml"))
    given = parser.parse_args(arguments)
    try:
        value = evaluate(given.config, given.train, given.test)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(value))
    return 0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


if __name__ == "__main__":
    sys.exit(main())
