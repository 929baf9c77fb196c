"""Evaluation sets as the measures read them.

A set is one JSON object a line. `EvaluationError` is the base of this room's
errors: it names the file, what is wrong in it and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Kind = Literal["answerable", "followup", "unanswerable", "underspecified"]
KINDS: tuple[Kind, ...] = ("answerable", "followup", "unanswerable", "underspecified")


class EvaluationError(Exception):
    """A set or a measure cannot be run; the message is one sentence."""


@dataclass(frozen=True)
class Question:
    """One line of an answers set, see docs/evaluation.md."""

    id: str
    kind: Kind
    turns: tuple[dict[str, str], ...]  # {"role": "user" | "bot", "text"}
    relevant: tuple[str, ...]  # document ids
    facts: tuple[tuple[str, ...], ...]
    wrong: tuple[str, ...]


def read_lines(path: Path, required: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The JSON objects of a file, in order; blank lines are skipped.

    Raises:
        EvaluationError: The file is missing, or a line is no object with the
            required keys.
    """
    if not path.is_file():
        raise EvaluationError(f"There is no file {str(path)!r}; correct the path.")
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvaluationError(
                f"Line {number} of {str(path)!r} is no JSON ({error}); correct it."
            ) from error
        missing = [k for k in required if not isinstance(row, dict) or k not in row]
        if missing:
            raise EvaluationError(
                f"Line {number} of {str(path)!r} has no {missing[0]!r}; add it."
            )
        rows.append(row)
    return rows


def read_questions(path: Path) -> list[Question]:
    """The questions of an answers set.

    Raises:
        EvaluationError: A line is no question, or the file holds none.
    """
    rows = read_lines(path, ("id", "kind", "turns"))
    if not rows:
        raise EvaluationError(f"{str(path)!r} holds no question; add some.")
    for row in rows:
        if row["kind"] not in KINDS:
            raise EvaluationError(
                f"Question {row['id']!r} in {str(path)!r} has the kind "
                f"{row['kind']!r}; use one of {', '.join(KINDS)}."
            )
    return [
        Question(
            id=str(row["id"]),
            kind=row["kind"],
            turns=tuple(row["turns"]),
            relevant=tuple(row.get("relevant") or ()),
            facts=tuple(tuple(group) for group in row.get("facts") or ()),
            wrong=tuple(row.get("wrong") or ()),
        )
        for row in rows
    ]


def with_progress(items: Sequence[Item], name: str) -> Iterable[Item]:
    """The items, with a bar on standard error when that is a terminal."""
    bar: Iterable[Item] = tqdm(items, desc=name, disable=None, leave=False)
    return bar
