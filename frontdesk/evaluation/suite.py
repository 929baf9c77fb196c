"""All sets of a folder, or of the demo shop, measured one after the other.

A folder has the sub-folders `intents`, `retrieval`, `answers`, `grounding` and
`safety`, as docs/evaluation.md describes; what is missing is left out. The answers
set `<name>_<split>.jsonl` is asked of the passages in `retrieval/<name>`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from frontdesk.evaluation import answers, figures, retrieval, runs, safety
from frontdesk.evaluation.answers import ANSWERED_KINDS, Judged
from frontdesk.evaluation.retrieval import Query
from frontdesk.evaluation.sets import EvaluationError, read_questions
from frontdesk.settings import Settings

Room = Literal["retrieval", "answers", "intents", "grounding", "safety"]

DEMO_RUN = "demo"
N_ABLATION = 300  # queries at most that each variant of the retriever sees


@dataclass(frozen=True)
class Measured:
    """One set with its figures.

    Attributes:
        room: What was measured.
        name: The set, e.g. `dstc11 dev`.
        value: The figures by measure.
        cases: How many cases a figure was measured on, where it is not `n`.
        curves: Recall at 1, 2 ... 10 by variant.
        bins: Reliability: (probability, observed share, n).
        ablation: Figures by variant.
    """

    room: Room
    name: str
    value: dict[str, Any]
    cases: dict[str, int] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    bins: list[tuple[float, float, int]] = field(default_factory=list)
    ablation: dict[str, dict[str, Any]] = field(default_factory=dict)


Job = Callable[[], Measured]


def run_all(
    folder: Path | None, settings: Settings
) -> tuple[str, list[Measured], list[str]]:
    """The name of the run, its sets, and a sentence for each that could not be used.

    Without a folder the demo shop's sets are run. What each question and text came
    to goes below `var/evaluation/<name>`.

    Raises:
        EvaluationError: The folder holds no set.
    """
    name = folder.resolve().name if folder else DEMO_RUN
    rows = settings.var / "evaluation" / name
    jobs = folder_jobs(folder, settings, rows) if folder else demo_jobs(settings, rows)
    measured, failed = [], []
    for job in jobs:
        try:
            measured.append(job())
        except EvaluationError as error:
            failed.append(str(error))
    return name, measured, failed


def folder_jobs(folder: Path, settings: Settings, rows: Path) -> list[Job]:
    """A job for every set of a folder.

    Raises:
        EvaluationError: There is no folder, or no set in it.
    """
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {str(folder)!r}; correct the path.")
    jobs: list[Job] = []
    for path in sorted(folder.glob("retrieval/*/queries_*.jsonl")):
        jobs.append(partial(measure_retrieval, path, settings))
    for path in sorted(folder.glob("answers/*.jsonl")):
        set_dir = folder / "retrieval" / path.stem.rpartition("_")[0]
        jobs.append(partial(measure_set_answers, path, set_dir, settings, rows))
        jobs.append(partial(measure_set_questions, path, set_dir, settings))
    for train, test in intent_files(folder / "intents"):
        jobs.append(partial(measure_intents, train, test))
    for path in sorted(folder.glob("grounding/*.jsonl")):
        jobs.append(partial(measure_grounding, path, settings))
    if any(folder.glob("safety/*.jsonl")):
        jobs.append(partial(measure_safety, folder / "safety", settings, rows))
    if not jobs:
        raise EvaluationError(
            f"{str(folder)!r} holds no set in intents, retrieval, answers, grounding "
            "or safety; see docs/evaluation.md."
        )
    return jobs


def demo_jobs(settings: Settings, rows: Path) -> list[Job]:
    """A job for each of the demo shop's own sets, on its index."""
    jobs: list[Job] = []
    index = settings.index
    for path in runs.answers_files(runs.DEMO):
        jobs.append(partial(measure_question_retrieval, path, index, settings))
        jobs.append(partial(measure_answers, path, index, settings, rows))
    for path in sorted(runs.DEMO.glob("pairs*.jsonl")):
        jobs.append(partial(measure_grounding, path, settings))
    return jobs


def measure_set_answers(
    path: Path, set_dir: Path, settings: Settings, rows: Path
) -> Measured:
    """An answers set, asked of the passages of a retrieval set."""
    index = runs.set_index(set_dir, settings)
    return measure_answers(path, index, settings, rows)


def measure_set_questions(path: Path, set_dir: Path, settings: Settings) -> Measured:
    """Retrieval for an answers set in the passages of a retrieval set."""
    index = runs.set_index(set_dir, settings)
    return measure_question_retrieval(path, index, settings)


def measure_retrieval(queries_file: Path, settings: Settings) -> Measured:
    """One split of a retrieval set."""
    set_dir, split = queries_file.parent, queries_file.stem.partition("_")[2]
    queries = retrieval.read_queries(set_dir, split)
    index = runs.set_index(set_dir, settings)
    return _retrieval(f"{set_dir.name} {split}", queries, index, settings)


def measure_question_retrieval(path: Path, index: Path, settings: Settings) -> Measured:
    """Retrieval for the questions of an answers set that name their documents."""
    queries = [
        Query(question.id, question.turns, frozenset(question.relevant))
        for question in read_questions(path)
        if question.kind in ANSWERED_KINDS and question.relevant
    ]
    return _retrieval(path.stem, queries, index, settings)


def measure_answers(
    path: Path, index: Path, settings: Settings, rows: Path
) -> Measured:
    """An answers set, also with quoted evidence only and without history."""
    _say(f"answers {path.stem}")
    judged = runs.run_answers(path, index, settings)
    runs.write_rows(rows / f"answers-{path.stem}.jsonl", [j.row() for j in judged])
    value = answers.summarise(judged)
    quoted = runs.run_answers(path, index, settings, generate=False)
    alone = runs.run_answers(path, index, settings, generate=False, history=False)
    return Measured(
        "answers",
        path.stem,
        value,
        cases=_answer_cases(judged),
        bins=answers.coverage_reliability(judged),
        ablation={
            "as shipped": value,
            "quoted evidence only": answers.summarise(quoted),
            "quoted, without history": answers.summarise(alone),
        },
    )


def measure_intents(train: Path, test: Path) -> Measured:
    """The intent pipeline, trained on one file and tested on the other.

    A `train_oos.csv` beside `train.csv` belongs to it.
    """
    from frontdesk.evaluation.intents import evaluate_intents

    name = f"{train.parent.name} {train.stem}"
    _say(f"intents {name}")
    extra = train.with_name("train_oos.csv")
    if train.name != "train.csv" or not extra.is_file():
        return Measured("intents", name, dict(evaluate_intents(train, test)))
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as temporary:
        both = Path(temporary, "train.csv")
        _, *more = extra.read_text("utf-8").splitlines(keepends=True)
        both.write_text(train.read_text("utf-8").rstrip() + "\n" + "".join(more))
        value = dict(evaluate_intents(both, test))
    return Measured("intents", f"{name} + oos", value)


def intent_files(folder: Path) -> list[tuple[Path, Path]]:
    """(train, test) of each set below the folder that has something to test on."""
    return [
        (train, test)
        for test in sorted([*folder.glob("*/valid.csv"), *folder.glob("*/test.csv")])
        for train in sorted(test.parent.glob("train*.csv"))
        if train.name != "train_oos.csv"
    ]


def measure_grounding(path: Path, settings: Settings) -> Measured:
    """The grounding check on a labelled or a pairs set."""
    _say(f"grounding {path.stem}")
    value, replies, scores = runs.run_grounding(path, settings)
    bins = figures.reliability(scores, [reply.supported for reply in replies])
    return Measured("grounding", path.stem, value, bins=bins)


def measure_safety(folder: Path, settings: Settings, rows: Path) -> Measured:
    """A safety set, on the demo shop's index."""
    _say("safety")
    outcomes = runs.run_safety(folder, settings.index, settings)
    runs.write_rows(rows / "safety.jsonl", runs.outcome_rows(outcomes))
    honest = sum(outcome.kind == "honest" for outcome in outcomes)
    cases = {"honest_refused": honest, "attacks_succeeded": len(outcomes) - honest}
    return Measured("safety", "safety", safety.summarise(outcomes), cases=cases)


def _retrieval(
    name: str, queries: Sequence[Query], index: Path, settings: Settings
) -> Measured:
    _say(f"retrieval {name}")
    variants = runs.search_variants(index, settings)
    value = retrieval.evaluate_retrieval(queries, variants["as shipped"])
    some = queries[:: -(-len(queries) // N_ABLATION)]
    ablation, curves = {}, {}
    for variant, search in variants.items():
        found: list[Sequence[str]] = []
        ablation[variant] = retrieval.evaluate_retrieval(some, search, found)
        relevant = [query.relevant for query in some]
        curves[variant] = retrieval.recall_curve(zip(found, relevant, strict=True))
    return Measured("retrieval", name, value, curves=curves, ablation=ablation)


def _answer_cases(judged: Sequence[Judged]) -> dict[str, int]:
    kinds = [j.question.kind for j in judged]
    clear = sum(kind in ANSWERED_KINDS for kind in kinds)
    return {
        **dict.fromkeys(("right", "wrong", "false_abstain", "gold_in_5"), clear),
        "abstain": kinds.count("unanswerable"),
        "ask": kinds.count("underspecified"),
        "grounded": sum(j.answer.decision == "answer" for j in judged),
    }


def _say(what: str) -> None:
    print(f"Measuring {what}", file=sys.stderr, flush=True)
