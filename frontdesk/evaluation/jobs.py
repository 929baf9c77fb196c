"""The jobs of a run, one a set: how long they take, and what is kept of them.

A run over large sets takes hours. What a job measured is written down when it ends,
so that a run that is cut off takes up where it stopped: what is kept counts as long
as the code, the models, the machine and the files of the set are the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from frontdesk.evaluation.sets import EvaluationError

Room = Literal["retrieval", "answers", "intents", "grounding", "safety"]


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


@dataclass(frozen=True)
class Job:
    """One set that is to be measured.

    Attributes:
        name: Names the job among those of its run.
        measure: Does it.
        files: What is read; a missing one is `measure`'s to complain about.
        seconds: How long it takes, roughly.
    """

    name: str
    measure: Callable[[], Measured]
    files: tuple[Path, ...]
    seconds: float


def run_jobs(
    jobs: Sequence[Job], folder: Path, fingerprint: str
) -> tuple[list[Measured], list[str]]:
    """What the jobs measured, and a sentence for each set that could not be used.

    Args:
        jobs: The jobs of a run.
        folder: Where results are kept until `forget`.
        fingerprint: What results depend on beside their files; when it is empty,
            nothing is kept.
    """
    marks = [_mark(job, fingerprint) for job in jobs]
    kept = [_read(folder, job, m) for job, m in zip(jobs, marks, strict=True)]
    left = sum(job.seconds for job, one in zip(jobs, kept, strict=True) if one is None)
    say(f"{kept.count(None)} of {len(jobs)} sets to measure, {duration(left)}")
    measured, failed = [], []
    for job, mark, before in zip(jobs, marks, kept, strict=True):
        try:
            if before is None:
                say(f"Measuring {job.name}, {duration(job.seconds)}")
            one = before or job.measure()
        except EvaluationError as error:
            failed.append(str(error))
            continue
        measured.append(one)
        if before is None and fingerprint:
            _write(folder, job, mark, one)
    return measured, failed


def forget(folder: Path) -> None:
    """Throw away what is kept of a run, so that the next one measures everything."""
    shutil.rmtree(folder, ignore_errors=True)


def file_name(name: str) -> str:
    """The name without what file names had better not hold."""
    return re.sub(r"[^\w.-]+", "-", name)


def duration(seconds: float) -> str:
    """Roughly how long, in words."""
    if seconds < 50:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"about {seconds / 3600:.1f} hours"


def say(what: str) -> None:
    """Tell whoever waits; standard output is for results."""
    print(what, file=sys.stderr, flush=True)


def _mark(job: Job, fingerprint: str) -> str:
    """Stands for everything that the job's result depends on."""
    mark = hashlib.sha256(fingerprint.encode())
    for path in job.files:
        content = path.read_bytes() if path.is_file() else b""
        mark.update(hashlib.sha256(content).digest())
    return mark.hexdigest()


def _path(folder: Path, job: Job) -> Path:
    return folder / f"{file_name(job.name)}.json"


def _read(folder: Path, job: Job, mark: str) -> Measured | None:
    try:
        stored = json.loads(_path(folder, job).read_text("utf-8"))
        return Measured(**stored["measured"]) if stored["mark"] == mark else None
    except (OSError, ValueError, KeyError, TypeError):  # none, or cut off midway
        return None


def _write(folder: Path, job: Job, mark: str, measured: Measured) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"mark": mark, "measured": asdict(measured)}, ensure_ascii=False)
    _path(folder, job).write_text(text + "\n", "utf-8")
