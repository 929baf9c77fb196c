"""Many conversations with the running product over REST: is it steady, how fast?

    python -m frontdesk.evaluation.load --n 200

Messages are the demo shop's evaluation questions with small talk in between. Prints
what came back, milliseconds by stage, and what the servers logged meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from frontdesk.evaluation import figures, tables
from frontdesk.evaluation.sets import EvaluationError, read_questions, with_progress
from frontdesk.settings import Settings

DEMO = Path(__file__).with_name("demo")
SMALL_TALK = (
    "hi there",
    "good morning",
    "thanks a lot",
    "are you a real person?",
    "what can you do?",
    "how are you today",
    "ok great",
    "never mind",
    "cheers, that helps",
    "bye for now",
)
SMALL_TALK_SHARE = 0.2
TIMEOUT_S = 60.0

_TROUBLE = re.compile(r"\b(?:ERROR|CRITICAL)\b|^Traceback \(most recent call last\)")


@dataclass
class Turn:
    """One message and what came back."""

    message: str
    ms: float
    replies: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing that a customer could read came back."""
        return not self.error and not any(
            str(reply.get("text") or "").strip() for reply in self.replies
        )


def conversations(n: int, seed: int = 0, folder: Path = DEMO) -> list[list[str]]:
    """The customer's messages of as many conversations as hold n messages.

    Raises:
        EvaluationError: The folder holds no answers set.
    """
    paths = sorted(folder.glob("answers*.jsonl"))
    if not paths:
        raise EvaluationError(f"{str(folder)!r} holds no answers*.jsonl; add one.")
    questions = [question for path in paths for question in read_questions(path)]
    draw = random.Random(seed)
    drawn: list[list[str]] = []
    left = n
    while left > 0:
        question = draw.choice(questions)
        messages = [t["text"] for t in question.turns if t["role"] == "user"]
        if draw.random() < SMALL_TALK_SHARE * len(messages):
            place = draw.choice((0, len(messages)))
            messages.insert(place, draw.choice(SMALL_TALK))
        drawn.append(messages[:left])
        left -= len(drawn[-1])
    return drawn


async def converse(
    client: httpx.AsyncClient, url: str, messages: Sequence[str]
) -> list[Turn]:
    """The turns of one conversation, under a sender of its own."""
    sender = f"load-{uuid.uuid4().hex}"
    turns = []
    for message in messages:
        start = time.perf_counter()
        turn = Turn(message, 0.0)
        try:
            response = await client.post(
                url, json={"sender": sender, "message": message}
            )
            response.raise_for_status()
            turn.replies = list(response.json())
        except (httpx.HTTPError, ValueError, TypeError) as error:
            turn.error = f"{type(error).__name__}: {error}"
        turn.ms = (time.perf_counter() - start) * 1000
        turns.append(turn)
    return turns


async def run(
    client: httpx.AsyncClient, url: str, drawn: Sequence[list[str]], users: int
) -> list[Turn]:
    """All conversations, `users` of them at a time."""
    waiting = iter(with_progress(drawn, "conversations"))

    async def user() -> list[Turn]:
        return [
            turn
            for messages in waiting
            for turn in await converse(client, url, messages)
        ]

    return [
        turn
        for part in await asyncio.gather(*(user() for _ in range(users)))
        for turn in part
    ]


def summarise(turns: Sequence[Turn], trouble: Sequence[str] = ()) -> dict[str, Any]:
    """The figures of a run; shares are over replies that carry a decision."""
    replies = [reply for turn in turns for reply in turn.replies]
    decided = [reply for reply in replies if reply.get("decision")]
    decisions = Counter(reply["decision"] for reply in decided)
    answered = [reply for reply in decided if reply["decision"] == "answer"]
    stages: dict[str, list[float]] = {"whole turn": [turn.ms for turn in turns]}
    for reply in replies:
        for stage, ms in (reply.get("timings") or {}).items():
            stages.setdefault(stage, []).append(float(ms))
    return {
        "n": len(turns),
        "empty": sum(turn.is_empty for turn in turns),
        "errors": sum(bool(turn.error) for turn in turns),
        "log_errors": len(trouble),
        "decided": len(decided),
        "generated": figures.share([bool(r.get("generated")) for r in answered]),
        "verbatim": figures.share([not r.get("generated") for r in answered]),
        **{
            name: decisions[name] / len(decided) if decided else None
            for name in ("answer", "ask", "abstain", "escalate")
        },
        "stages": {
            stage: {
                "n": len(times),
                "ms_p50": figures.percentile(times, 50),
                "ms_p95": figures.percentile(times, 95),
            }
            for stage, times in stages.items()
        },
    }


def log_sizes(folder: Path) -> dict[Path, int]:
    """The size of each log file in bytes."""
    return {path: path.stat().st_size for path in sorted(folder.glob("*.log"))}


def new_trouble(folder: Path, before: dict[Path, int]) -> list[str]:
    """Lines of errors and tracebacks written since `log_sizes` was taken."""
    found = []
    for path in sorted(folder.glob("*.log")):
        content = path.read_bytes()
        start = before.get(path, 0)
        fresh = content[start if start <= len(content) else 0 :]  # 0: was rotated
        lines = fresh.decode("utf-8", "replace").splitlines()
        found += [f"{path.name}: {line}" for line in lines if _TROUBLE.search(line)]
    return found


def show(value: dict[str, Any], turns: Sequence[Turn], trouble: Sequence[str]) -> str:
    """The figures as tables, then examples of what went wrong."""
    stages = [
        (stage, row["n"], row["ms_p50"], row["ms_p95"])
        for stage, row in value["stages"].items()
    ]
    wrong = [
        f"{turn.message!r}: {turn.error or 'empty reply'}"
        for turn in turns
        if turn.error or turn.is_empty
    ]
    return "\n\n".join(
        [
            tables.pairs(value),
            tables.columns(("stage", "n", "ms_p50", "ms_p95"), stages),
            *(["\n".join([*wrong, *trouble][:10])] if wrong or trouble else []),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every message got a reply and nothing was logged."""
    settings = Settings.from_environ()
    parser = argparse.ArgumentParser(prog="frontdesk.evaluation.load")
    parser.add_argument("--n", type=int, default=200, help="messages to send")
    parser.add_argument("--users", type=int, default=1, help="conversations at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument(
        "--url",
        default=f"http://127.0.0.1:{settings.rasa_port}/webhooks/rest/webhook",
    )
    options = parser.parse_args(arguments)
    logs = settings.var / "logs"
    before = log_sizes(logs)
    token = settings.rest_token
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def send() -> list[Turn]:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, headers=headers) as client:
            drawn = conversations(options.n, options.seed)
            return await run(client, options.url, drawn, options.users)

    try:
        turns = asyncio.run(send())
    except EvaluationError as error:
        print(error, file=sys.stderr)
        return 2
    trouble = new_trouble(logs, before)
    value = summarise(turns, trouble)
    print(tables.as_json(value) if options.json else show(value, turns, trouble))
    return 1 if value["empty"] or value["errors"] or value["log_errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
