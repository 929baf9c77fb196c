"""How a measure is shown: one JSON value for machines, a table for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def as_json(value: object) -> str:
    """The value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def columns(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A plain-text table; the first column is left-aligned, the others right."""
    cells = [list(header), *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_aligned(row, widths) for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def pairs(value: Mapping[str, Any]) -> str:
    """One line a figure: its name and value; nested mappings are left out."""
    flat = [(k, v) for k, v in value.items() if not isinstance(v, (dict, list))]
    return columns(("measure", "value"), flat)


def markdown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The same table in Markdown."""
    lines = [list(header), ["---"] * len(header)]
    lines += [[cell(value) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """How a figure is written: shares with three places, a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return str(value)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    text = [first[0].ljust(first[1]), *(value.rjust(width) for value, width in rest)]
    return "  ".join(text).rstrip()
