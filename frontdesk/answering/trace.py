"""What happened in a turn, step by step, for the people who run the assistant."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = "traces"
MAX_TURNS = 500  # the newest turns of a conversation that are kept
_SAFE = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def write_trace(var: Path, conversation: str, turn: Mapping[str, Any]) -> Path:
    """Append one turn to the conversation's trace file and return the file.

    One JSON line a turn. The name of the file is the conversation's id with every
    other character than letters, digits, `-` and `_` replaced.
    """
    path = trace_file(var, conversation)
    path.parent.mkdir(parents=True, exist_ok=True)
    stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **turn}
    line = json.dumps(stamped, ensure_ascii=False) + "\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = os.open(path, flags, 0o600)
    try:
        os.write(descriptor, line.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)
    return path


def read_traces(var: Path, conversation: str) -> list[dict[str, Any]]:
    """The turns of a conversation, oldest first; empty when there is no trace."""
    path = trace_file(var, conversation)
    if not path.is_file():
        return []
    lines = path.read_text("utf-8").splitlines()[-MAX_TURNS:]
    return [json.loads(line) for line in lines if line.strip()]


def trace_file(var: Path, conversation: str) -> Path:
    """Where the trace of a conversation lies."""
    name = "".join(c if c.lower() in _SAFE else "_" for c in conversation)[:100]
    return var / FOLDER / f"{name or '_'}.jsonl"


def readable(turns: Sequence[Mapping[str, Any]], turn: int | None = None) -> str:
    """The turns, or one of them (counted from 1), as text for a terminal."""
    numbered = list(enumerate(turns, 1))
    if turn is not None:
        numbered = [pair for pair in numbered if pair[0] == turn]
    return "\n\n".join(_readable_turn(number, item) for number, item in numbered)


def _readable_turn(number: int, turn: Mapping[str, Any]) -> str:
    lines = [
        f"Turn {number}  {turn.get('time', '')}",
        f"  customer    {turn.get('question', '')}",
        f"  standalone  {turn.get('standalone', '')}",
        f"  decision    {turn.get('decision', '')}  "
        f"(p answer {turn.get('confidence', 0):.2f})",
        "  passages",
    ]
    for passage in turn.get("passages", [])[:8]:
        lines.append(
            f"    {passage['score']:6.3f}  dense {passage['dense']:.2f}  "
            f"lexical {passage['lexical']:.2f}  {passage['id']}  {passage['title']}"
        )
    features = turn.get("features", {})
    if features:
        shown = "  ".join(f"{k} {v:.2f}" for k, v in features.items())
        lines.append(f"  gate        {shown}")
    if turn.get("prompt"):
        lines.append(f"  prompt      {turn['prompt']}")
    if turn.get("draft"):
        lines.append(f"  draft       {turn['draft']}")
    for claim in turn.get("claims", []):
        lines.append(f"    {claim['support']:.2f}  {claim['text']}")
        lines.append(f"          <- {claim['quote']}")
    lines.append(f"  reply       {turn.get('text', '')}")
    timings = "  ".join(f"{k} {v:.0f} ms" for k, v in turn.get("timings", {}).items())
    lines.append(f"  time        {timings}")
    return "\n".join(lines)
