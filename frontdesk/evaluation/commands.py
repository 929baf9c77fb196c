"""What `frontdesk evaluate ...` does: measure, print, give an exit status.

0: measured. 1: `evaluate all` found a regression. 2: a set cannot be used; one
sentence on standard error says why.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.evaluation import answers, safety, tables
from frontdesk.evaluation.sets import EvaluationError
from frontdesk.settings import Settings, SettingsError

BAD_INPUT = 2


def retrieval_command(set_dir: Path, split: str, json: bool = False) -> int:
    """Measure retrieval on one split of a set."""

    def run(settings: Settings) -> dict[str, Any]:
        from frontdesk.evaluation.runs import run_retrieval

        return run_retrieval(set_dir, split, settings)

    return _measure(run, tables.pairs, json)


def answers_command(
    questions: Path,
    index: Path | None,
    out: Path | None,
    json: bool = False,
    generate: bool = True,
) -> int:
    """Ask the questions of a set; `out` gets a line a question."""

    def run(settings: Settings) -> dict[str, Any]:
        from frontdesk.evaluation.runs import run_answers, write_rows

        judged = run_answers(questions, index or settings.index, settings, generate)
        if out:
            write_rows(out, [one.row() for one in judged])
        return answers.summarise(judged)

    return _measure(run, show_answers, json)


def intents_command(train: Path, test: Path, json: bool = False) -> int:
    """Train the intent pipeline on one file and test it on the other."""

    def run(settings: Settings) -> Mapping[str, Any]:
        from frontdesk.evaluation.intents import evaluate_intents

        value: Mapping[str, Any] = evaluate_intents(train, test)
        return value

    return _measure(run, tables.pairs, json)


def understanding_command(set_file: Path, json: bool = False) -> int:
    """Train on the shop's own examples, test on messages written apart from them."""

    def run(settings: Settings) -> Mapping[str, Any]:
        from frontdesk.evaluation.intents import run_in_rasa

        files = (str(set_file.resolve()),)
        return run_in_rasa("addons.nlu.understanding", files, Path("."))

    return _measure(run, tables.pairs, json)


def grounding_command(file: Path, json: bool = False) -> int:
    """Measure the grounding check on a labelled or a pairs set."""

    def run(settings: Settings) -> dict[str, Any]:
        from frontdesk.evaluation.runs import run_grounding

        return run_grounding(file, settings)[0]

    return _measure(run, show_grounding, json)


def safety_command(
    directory: Path, json: bool = False, index: Path | None = None
) -> int:
    """Try a safety set; the table is followed by what failed."""
    outcomes: list[safety.Outcome] = []

    def run(settings: Settings) -> dict[str, Any]:
        from frontdesk.evaluation.runs import run_safety

        outcomes.extend(run_safety(directory, index or settings.index, settings))
        return safety.summarise(outcomes)

    return _measure(run, lambda value: show_safety(value, outcomes), json)


def retail_command(directory: Path, json: bool = False) -> int:
    """Replay the tasks of a retail service set in the demo shop."""

    def run(settings: Settings) -> dict[str, Any]:
        from frontdesk.evaluation.retail import read_retail, replay_all, summarise

        return summarise(replay_all(*read_retail(directory)))

    return _measure(run, show_retail, json)


def all_command(eval_dir: Path | None = None) -> int:
    """Run every set of a folder, or the demo shop's own, and write the report."""
    from frontdesk.evaluation.jobs import forget
    from frontdesk.evaluation.report import write_report
    from frontdesk.evaluation.suite import kept_folder, run_all

    try:
        settings = Settings.from_environ()
        name, measured, failed = run_all(eval_dir, settings)
        worse = write_report(name, measured, settings, complete=not failed)
        if not failed:
            forget(kept_folder(name, settings))
    except _named_errors() as error:
        return _fail(error)
    for sentence in [*failed, *worse]:
        print(sentence, file=sys.stderr)
    return 1 if failed or worse else 0


def show_answers(value: Mapping[str, Any]) -> str:
    """The figures of an answers set, then the counts by kind."""
    rows = [
        (kind, *(counts[name] for name in _COUNTS), counts["decisions"])
        for kind, counts in value["by_kind"].items()
    ]
    by_kind = tables.columns(("kind", *_COUNTS, "decisions"), rows)
    return f"{tables.pairs(value)}\n\n{by_kind}"


_COUNTS = ("n", "right", "wrong", "false_abstain", "gold_in_5", "distinct_choices")


def show_grounding(value: Mapping[str, Any]) -> str:
    """The figures of a grounding set; of pairs also by alteration."""
    text = tables.pairs(value)
    if "by_alteration" not in value:
        return text
    rows = [
        (name, row["n"], row["auc"], row["caught"])
        for name, row in value["by_alteration"].items()
    ]
    return f"{text}\n\n{tables.columns(('alteration', 'n', 'auc', 'caught'), rows)}"


def show_retail(value: Mapping[str, Any]) -> str:
    """The figures of a replay, its actions, what differs, and the rules."""
    actions = [(row["n"], row["action"], row["outcome"]) for row in value["actions"]]
    rules = [(r["expressed"], r["rule"], r["where"]) for r in value["rules"]]
    return "\n\n".join(
        [
            tables.pairs(value),
            tables.markdown(("n", "action", "outcome"), actions),
            tables.columns(("differing in", "tasks"), list(value["differing"].items())),
            tables.markdown(("expressed", "rule", "where, or what is missing"), rules),
        ]
    )


def show_safety(value: Mapping[str, Any], outcomes: Sequence[safety.Outcome]) -> str:
    """The figures of a safety set, by kind, then each failure."""
    rows = []
    for kind in ("jailbreak", "injection", "honest"):
        tried = [outcome for outcome in outcomes if outcome.kind == kind]
        failed, reached = sum(o.failed for o in tried), sum(o.reached for o in tried)
        rows.append((kind, len(tried), failed, reached))
    failures = [
        f"{o.kind} ({o.reason}, {o.decision}): {o.text[:200]!r}\n    {o.reply[:400]!r}"
        for o in outcomes
        if o.failed
    ]
    by_kind = tables.columns(("kind", "n", "failed", "reached"), rows)
    return "\n\n".join([tables.pairs(value), by_kind, *failures])


def _measure(
    run: Callable[[Settings], Mapping[str, Any]],
    show: Callable[[Mapping[str, Any]], str],
    json: bool,
) -> int:
    try:
        value = run(Settings.from_environ())
    except _named_errors() as error:
        return _fail(error)
    print(tables.as_json(value) if json else show(value))
    return 0


def _named_errors() -> tuple[type[Exception], ...]:
    from frontdesk.commerce.errors import ShopSettingsError
    from frontdesk.generation import GenerationError
    from frontdesk.knowledge import KnowledgeError

    ours = (EvaluationError, KnowledgeError, GenerationError, ShopSettingsError)
    return (*ours, SettingsError, OSError)


def _fail(error: Exception) -> int:
    print(error, file=sys.stderr)
    return BAD_INPUT
