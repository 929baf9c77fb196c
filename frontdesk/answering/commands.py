"""The commands `frontdesk ask` and `frontdesk explain`."""

from __future__ import annotations

import asyncio
import json as jsonlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frontdesk.answering.answer import Answer
from frontdesk.answering.opening import open_answerer
from frontdesk.answering.trace import read_traces, readable, trace_file
from frontdesk.generation.errors import GenerationError
from frontdesk.knowledge.errors import KnowledgeError
from frontdesk.settings import Settings


class HistoryError(ValueError):
    """A history file that cannot be used; the message says what to write."""


def ask_command(
    question: str,
    index: Path | None = None,
    history: Path | None = None,
    json: bool = False,
    generate: bool = True,
) -> int:
    """Print one grounded answer; 0 when there is one (or an honest refusal)."""
    settings = Settings.from_environ()
    try:
        turns = [*read_history(history), {"role": "user", "text": question}]
        answer = asyncio.run(_ask(turns, settings, index, generate))
    except (HistoryError, KnowledgeError, GenerationError) as error:
        print(error, file=sys.stderr)
        return 1
    print(jsonlib.dumps(as_json(answer), ensure_ascii=False) if json else shown(answer))
    return 0


def explain_command(conversation: str, turn: int | None = None) -> int:
    """Print why the assistant said what it said, turn by turn."""
    settings = Settings.from_environ()
    turns = read_traces(settings.var, conversation)
    if not turns:
        path = trace_file(settings.var, conversation)
        print(
            f"Conversation {conversation!r} has no trace in {str(path.parent)!r}; "
            "use the sender id of a conversation held with this checkout.",
            file=sys.stderr,
        )
        return 1
    wanted = len(turns) if turn is None else turn
    if not 1 <= wanted <= len(turns):
        print(
            f"Conversation {conversation!r} has {len(turns)} traced turns; "
            f"turn {wanted} is none of them.",
            file=sys.stderr,
        )
        return 1
    print(readable(turns, wanted))
    return 0


def read_history(path: Path | None) -> list[dict[str, str]]:
    """The turns of a history file, oldest first; none for no file.

    Raises:
        HistoryError: The file is missing or not a list of turns.
    """
    if path is None:
        return []
    expected = 'a JSON list of {"role": "user" or "bot", "text"}'
    try:
        value = jsonlib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise HistoryError(
            f"History {str(path)!r} cannot be read: {reason}."
        ) from error
    except ValueError as error:
        raise HistoryError(f"History {str(path)!r} is not {expected}.") from error
    if not isinstance(value, list) or not all(map(_is_turn, value)):
        raise HistoryError(f"History {str(path)!r} is not {expected}.")
    return [{"role": turn["role"], "text": turn["text"]} for turn in value]


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer in the form that `frontdesk ask --json` prints."""
    return {
        "decision": answer.decision,
        "text": answer.text,
        "choices": list(answer.choices),
        "citations": [asdict(citation) for citation in answer.citations],
        "generated": answer.generated,
        "confidence": round(answer.confidence, 4),
        "timings": answer.timings,
    }


def shown(answer: Answer) -> str:
    """The answer as a person reads it in a terminal."""
    lines = [answer.text]
    lines += [f"  {n}. {choice}" for n, choice in enumerate(answer.choices, 1)]
    for citation in answer.citations:
        link = f" - {citation.url}" if citation.url else ""
        lines.append(f"Source: {citation.title}{link}")
    return "\n".join(lines)


async def _ask(
    turns: list[dict[str, str]], settings: Settings, index: Path | None, generate: bool
) -> Answer:
    answerer = open_answerer(settings, index=index, generate=generate)
    try:
        return await answerer.answer(turns)
    finally:
        await answerer.aclose()


def _is_turn(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.get("role") in ("user", "bot")
        and isinstance(value.get("text"), str)
    )
