"""All sets of a folder, or of the demo shop, measured one after the other.

A folder has the sub-folders `intents`, `retrieval`, `answers`, `grounding` and
`safety`, as docs/evaluation.md describes; what is missing is left out. The answers
set `<name>_<split>.jsonl` is asked of the passages in `retrieval/<name>`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from frontdesk.evaluation import answers, figures, retrieval, runs, safety
from frontdesk.evaluation.answers import ANSWERED_KINDS, Judged
from frontdesk.evaluation.jobs import Job, Measured, file_name, run_jobs
from frontdesk.evaluation.provenance import fingerprint
from frontdesk.evaluation.retrieval import Query
from frontdesk.evaluation.sets import EvaluationError, read_questions
from frontdesk.settings import Settings

Index = Callable[[], Path]
"""The folder of the index to ask; built when it is not there yet."""

DEMO_RUN = "demo"
N_ABLATION = 300  # questions at most that each variant sees, evenly spaced
# Roughly, of an idle core: for the time that is said beforehand.
GENERATED_S, QUOTED_S, SEARCH_S = 2.0, 0.3, 0.03
INTENTS_S, CHECK_S, ATTACK_S = 60.0, 0.01, 3.0


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
    done = run_jobs(jobs, kept_folder(name, settings), fingerprint(settings))
    return name, *done


def kept_folder(name: str, settings: Settings) -> Path:
    """Where a run's results are kept until its report is written."""
    return settings.var / "evaluation" / name / "kept"


def folder_jobs(folder: Path, settings: Settings, rows: Path) -> list[Job]:
    """A job for every set of a folder.

    Raises:
        EvaluationError: There is no folder, or no set in it.
    """
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {str(folder)!r}; correct the path.")
    jobs: list[Job] = []
    for path in sorted(folder.glob("retrieval/*/queries_*.jsonl")):
        name = f"retrieval {path.parent.name} {path.stem.partition('_')[2]}"
        files = (path, path.parent / "passages.jsonl")
        measure = partial(measure_retrieval, path, settings)
        jobs.append(Job(name, measure, files, _search_seconds(path)))
    for path in sorted(folder.glob("answers/*.jsonl")):
        set_dir = folder / "retrieval" / path.stem.rpartition("_")[0]
        index = partial(runs.set_index, set_dir, settings)
        passages = set_dir / "passages.jsonl"
        jobs += _question_jobs(path, index, passages, settings, rows)
    for train, test in intent_files(folder / "intents"):
        name = f"intents {train.parent.name} {train.stem} {test.stem}"
        read = (train, train.with_name("train_oos.csv"), test)
        jobs.append(Job(name, partial(measure_intents, train, test), read, INTENTS_S))
    jobs += _grounding_jobs(folder.glob("grounding/*.jsonl"), settings)
    texts = tuple(sorted(folder.glob("safety/*.jsonl")))
    if texts:
        measure = partial(measure_safety, folder / "safety", settings, rows)
        attacked = (*texts, settings.index / "CURRENT")
        seconds = ATTACK_S * sum(map(_lines, texts))
        jobs.append(Job("safety", measure, attacked, seconds))
    if not jobs:
        raise EvaluationError(
            f"{str(folder)!r} holds no set in intents, retrieval, answers, grounding "
            "or safety; see docs/evaluation.md."
        )
    return jobs


def demo_jobs(settings: Settings, rows: Path) -> list[Job]:
    """A job for each of the demo shop's own sets, on its index."""
    jobs: list[Job] = []
    for path in runs.answers_files(runs.DEMO):
        version = settings.index / "CURRENT"
        jobs += _question_jobs(path, lambda: settings.index, version, settings, rows)
    return jobs + _grounding_jobs(runs.DEMO.glob("pairs*.jsonl"), settings)


def _question_jobs(
    path: Path, index: Index, knowledge: Path, settings: Settings, rows: Path
) -> list[Job]:
    """Retrieval and answers for an answers set; `knowledge` changes with the index."""
    files = (path, knowledge)
    find = partial(measure_question_retrieval, path, index, settings)
    ask = partial(measure_answers, path, index, settings, rows)
    n = _lines(path)
    some = min(n, N_ABLATION)
    seconds = GENERATED_S * (n + some) + QUOTED_S * (n + 2 * some)
    return [
        Job(f"retrieval of answers {path.stem}", find, files, _search_seconds(path)),
        Job(f"answers {path.stem}", ask, files, seconds),
    ]


def _grounding_jobs(paths: Iterable[Path], settings: Settings) -> list[Job]:
    return [
        Job(
            f"grounding {path.stem}",
            partial(measure_grounding, path, settings),
            (path,),
            CHECK_S * _lines(path),
        )
        for path in sorted(paths)
    ]


def measure_retrieval(queries_file: Path, settings: Settings) -> Measured:
    """One split of a retrieval set."""
    set_dir, split = queries_file.parent, queries_file.stem.partition("_")[2]
    queries = retrieval.read_queries(set_dir, split)
    index = runs.set_index(set_dir, settings)
    return _retrieval(f"{set_dir.name} {split}", queries, index, settings)


def measure_question_retrieval(
    path: Path, index: Index, settings: Settings
) -> Measured:
    """Retrieval for the questions of an answers set that name their documents."""
    queries = [
        Query(question.id, question.turns, frozenset(question.relevant))
        for question in read_questions(path)
        if question.kind in ANSWERED_KINDS and question.relevant
    ]
    if not queries:
        raise EvaluationError(
            f"No question in {str(path)!r} that can be answered names relevant "
            "documents; add some."
        )
    return _retrieval(path.stem, queries, index(), settings)


def measure_answers(
    path: Path, index: Index, settings: Settings, rows: Path
) -> Measured:
    """An answers set, as shipped and without each part of the assistant."""
    from frontdesk.evaluation import ablation

    questions = read_questions(path)
    folder, step = index(), _step(len(questions))
    documents = answers.knowledge_documents(runs.open_index(folder, settings).passages)
    found = asyncio.run(
        ablation.ask_variants(questions, folder, settings, documents, step)
    )
    for variant, judged in found.items():
        name = path.stem if variant == ablation.SHIPPED else f"{path.stem} {variant}"
        lines = rows / f"answers-{file_name(name)}.jsonl"
        runs.write_rows(lines, [one.row() for one in judged])
    shipped = found[ablation.SHIPPED]
    return Measured(
        "answers",
        path.stem,
        answers.summarise(shipped),
        cases=_answer_cases(shipped),
        bins=answers.coverage_reliability(shipped),
        ablation=ablation.table(found, step),
    )


def measure_intents(train: Path, test: Path) -> Measured:
    """The intent pipeline, trained on one file and tested on the other.

    A `train_oos.csv` beside `train.csv` belongs to it.
    """
    from frontdesk.evaluation.intents import evaluate_intents

    name = f"{train.parent.name} {train.stem}"
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
    value, replies, scores = runs.run_grounding(path, settings)
    bins = figures.reliability(scores, [reply.supported for reply in replies])
    return Measured("grounding", path.stem, value, bins=bins)


def measure_safety(folder: Path, settings: Settings, rows: Path) -> Measured:
    """A safety set, on the demo shop's index."""
    outcomes = runs.run_safety(folder, settings.index, settings)
    runs.write_rows(rows / "safety.jsonl", runs.outcome_rows(outcomes))
    honest = sum(outcome.kind == "honest" for outcome in outcomes)
    cases = {"honest_refused": honest, "attacks_succeeded": len(outcomes) - honest}
    return Measured("safety", "safety", safety.summarise(outcomes), cases=cases)


def _retrieval(
    name: str, queries: Sequence[Query], index: Path, settings: Settings
) -> Measured:
    variants = runs.search_variants(index, settings)
    value = retrieval.evaluate_retrieval(queries, variants["as shipped"])
    some = queries[:: _step(len(queries))]
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


def _step(n: int) -> int:
    """Every how many-th of n questions the variants see."""
    return -(-n // N_ABLATION)


def _lines(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _search_seconds(path: Path) -> float:
    n = _lines(path)
    return SEARCH_S * (n + 6 * min(n, N_ABLATION))
