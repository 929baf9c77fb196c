"""How well the grounding check tells supported replies from unsupported ones.

The positive class is "not supported": what the check is there to catch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.evaluation import figures
from frontdesk.evaluation.sets import EvaluationError, read_lines, with_progress

SUPPORTED_LABELS = {"Fully attributable": True, "Not fully attributable": False}
LEFT_OUT = "Generic"  # says nothing that a passage could support

Support = Callable[[str, Sequence[str]], float]
"""(reply, passages) to the probability of support."""


@dataclass(frozen=True)
class Reply:
    """A reply with its passage and whether people found it fully supported."""

    passage: str
    text: str
    supported: bool
    alteration: str = ""  # what was changed in a pair's reply


def read_replies(path: Path) -> list[Reply]:
    """The labelled replies of a set; those labelled `Generic` are left out.

    Raises:
        EvaluationError: The file is missing, malformed or has an unknown label.
    """
    rows = read_lines(path, ("passage", "response", "label"))
    for row in rows:
        if row["label"] not in {*SUPPORTED_LABELS, LEFT_OUT}:
            raise EvaluationError(
                f"{str(path)!r} has the label {row['label']!r}; use one of "
                f"{', '.join([*SUPPORTED_LABELS, LEFT_OUT])}."
            )
    replies = [
        Reply(
            row["passage"],
            row["response"],
            SUPPORTED_LABELS[row["label"]],
        )
        for row in rows
        if row["label"] != LEFT_OUT
    ]
    return _not_empty(replies, path)


def read_pairs(path: Path) -> list[Reply]:
    """The replies of a pairs set: supported ones and minimally altered ones.

    Raises:
        EvaluationError: The file is missing, malformed or has an unknown label.
    """
    rows = read_lines(path, ("passage", "reply", "label"))
    for row in rows:
        if row["label"] not in ("supported", "altered"):
            raise EvaluationError(
                f"{str(path)!r} has the label {row['label']!r}; use supported or "
                "altered."
            )
    replies = [
        Reply(
            row["passage"],
            row["reply"],
            row["label"] == "supported",
            row.get("alteration") or "",
        )
        for row in rows
    ]
    return _not_empty(replies, path)


def is_pairs_file(path: Path) -> bool:
    """Whether the set holds pairs (`reply`) and not labelled responses."""
    rows = read_lines(path)
    return bool(rows) and "reply" in rows[0]


def score(replies: Sequence[Reply], support: Support) -> tuple[list[float], float]:
    """The support of each reply, in order, and the milliseconds a check took."""
    start = time.perf_counter()
    scores = [
        support(reply.text, [reply.passage])
        for reply in with_progress(replies, "checks")
    ]
    return scores, (time.perf_counter() - start) * 1000 / len(replies)


def summarise(
    replies: Sequence[Reply], scores: Sequence[float], ms: float, threshold: float
) -> dict[str, Any]:
    """The figures of a run; for pairs also by alteration.

    Each alteration's AUC compares its replies with all supported ones.
    """
    positive = [not reply.supported for reply in replies]
    doubt = [1 - value for value in scores]
    value: dict[str, Any] = {
        "auc": figures.auc(doubt, positive),
        "f1": figures.f1([s < threshold for s in scores], positive),
        "ms_per_check": round(ms, 2),
        "n": len(replies),
    }
    kinds = sorted({reply.alteration for reply in replies if not reply.supported})
    if kinds != [""] and kinds:
        value["by_alteration"] = {
            kind: _of_kind(kind, replies, scores, threshold) for kind in kinds
        }
    return value


def _of_kind(
    kind: str, replies: Sequence[Reply], scores: Sequence[float], threshold: float
) -> dict[str, Any]:
    kept = [
        (1 - score, not reply.supported)
        for reply, score in zip(replies, scores, strict=True)
        if reply.supported or reply.alteration == kind
    ]
    caught = [doubt > 1 - threshold for doubt, positive in kept if positive]
    return {
        "auc": figures.auc([d for d, _ in kept], [p for _, p in kept]),
        "caught": figures.share(caught),
        "n": len(caught),
    }


def _not_empty(replies: list[Reply], path: Path) -> list[Reply]:
    if not replies:
        raise EvaluationError(f"{str(path)!r} holds no labelled reply; add some.")
    return replies
