"""What the small models cost: milliseconds by number of threads, and memory.

    python -m frontdesk.training.benchmark [INDEX]

Every row is the median over questions about the demo shop, with the models and without
them in turn, so that a busy machine disturbs both alike. The encoder's rows of the
sentences are known already, as they mostly are at work.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from frontdesk.answering import compose
from frontdesk.answering.answerer import Answerer
from frontdesk.answering.check import Evidence, Verifies, check_claim
from frontdesk.answering.opening import open_answerer
from frontdesk.answering.reader import PassageReader, load_reader
from frontdesk.answering.verifier import load_verifier
from frontdesk.evaluation.runs import DEMO
from frontdesk.settings import Settings

QUESTIONS = DEMO / "answers_tune.jsonl"
ASKED = 15
THREADS = (1, 2)
CANDIDATES = 20

Turns = Sequence[Mapping[str, str]]
Task = Callable[[Turns], object]


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    import torch

    settings = Settings.from_environ()
    index = Path(arguments[0]) if arguments else settings.index
    lines = QUESTIONS.read_text("utf-8").splitlines()[:ASKED]
    asked: list[Turns] = [json.loads(line)["turns"] for line in lines]
    without = open_answerer(settings, index=index, generate=False, read=False)
    for name, load in {"reader": load_reader, "verifier": load_verifier}.items():
        base = _resident()
        kept = load()
        print(f"{f'{name}, memory in MB':42}{(_resident() - base) / 1e6:10.0f}")
        del kept
    shipped = open_answerer(settings, index=index, generate=False)
    for turns in asked:
        without.understand(turns, {})
        shipped.understand(turns, {})
    print(f"{'milliseconds, median':42}" + "".join(f"{n:>5} thr." for n in THREADS))
    figures: dict[str, list[float]] = {}
    for threads in THREADS:
        torch.set_num_threads(threads)
        for name, value in measured(_tasks(without, shipped), asked).items():
            figures.setdefault(name, []).append(value)
    for name, values in figures.items():
        print(f"{name:42}" + "".join(f"{value:10.1f}" for value in values))


def _tasks(without: Answerer, shipped: Answerer) -> dict[str, Task]:
    tasks: dict[str, Task] = {
        "understand a question, without the reader": lambda t: without.understand(
            t, {}
        ),
        "understand a question, with the reader": lambda t: shipped.understand(t, {}),
        "check a sentence, without the verifier": _checked(shipped, None),
        # A new one has seen no sentence.
        "check a sentence, with the verifier": _checked(shipped, load_verifier()),
    }
    reader = load_reader()
    if reader is not None:
        tasks[f"read {CANDIDATES} passages"] = _read(shipped, reader)
    return tasks


def _read(answerer: Answerer, reader: PassageReader) -> Task:
    def run(turns: Turns) -> float:
        found = answerer.understand(turns, {}).hits
        passages = ([hit.passage for hit in found] * CANDIDATES)[:CANDIDATES]
        begin = time.perf_counter()
        reader.read(turns[-1]["text"], passages)
        return time.perf_counter() - begin

    return run


def measured(tasks: Mapping[str, Task], asked: Sequence[Turns]) -> dict[str, float]:
    """Median milliseconds of each task; a task may tell the seconds that count."""
    for task in tasks.values():
        task(asked[0])  # what is done once is not counted
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for turns in asked:
        for name, task in tasks.items():
            begin = time.perf_counter()
            told = task(turns)
            spent = time.perf_counter() - begin
            times[name].append(told if isinstance(told, float) else spent)
    return {name: 1000 * median(values) for name, values in times.items()}


def _checked(answerer: Answerer, verifier: Verifies | None) -> Task:
    """The check of the first quoted sentence against the passages of a prompt."""

    def run(turns: Turns) -> float:
        known = answerer.understand(turns, {})
        chosen = compose.choose(known.evidence)
        hits = [candidate.hit.passage for candidate in chosen][:3]
        evidence = Evidence(
            [compose.clean_passage(passage.text) for passage in hits],
            [passage.title for passage in hits],
            turns[-1]["text"],
        )
        claim = chosen[0].unit.text if chosen else ""
        begin = time.perf_counter()
        check_claim(claim, evidence, verifier)
        return time.perf_counter() - begin

    return run


def _resident() -> int:
    """Bytes of memory in use by this process."""
    gc.collect()
    status = Path("/proc/self/status").read_text("utf-8")
    line = next(x for x in status.splitlines() if x.startswith("VmRSS:"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main(sys.argv[1:])
