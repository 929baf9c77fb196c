"""The same question many times over the website's channel, streaming and not.

    python -m frontdesk.evaluation.web_load --question "..." --n 50 --sessions 1 4 16

Streaming is a Socket.IO session as a browser opens one; not streaming is the REST
channel, where the same turn's text comes at its end. Both sides take turns within one
run; every question starts a conversation of its own. Times are in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import socketio
from socketio.exceptions import SocketIOError

from frontdesk.evaluation import figures, tables
from frontdesk.settings import Settings

QUESTION = "Can I pay with a gift card and a credit card together?"
SOCKET_PATH = "/webhooks/web/socket.io"
TIMEOUT_S = 60.0
MODES = ("streaming", "not streaming")


@dataclass(frozen=True)
class Sample:
    """One question's times in ms since it was sent; None: it never came.

    Attributes:
        sign: The first sign of life, a stage or text.
        text: The first visible text.
        complete: The checked answer.
        pieces: How many pieces of text came before the answer.
        stood_in: Whether a sentence came in place of an answer, as after a deadline.
        error: What went wrong; empty otherwise.
    """

    sign: float | None = None
    text: float | None = None
    complete: float | None = None
    pieces: int = 0
    stood_in: bool = False
    error: str = ""


Ask = Callable[[str], Awaitable[Sample]]


async def ask_streaming(
    url: str, origin: str, question: str, address: str = ""
) -> Sample:
    """One question as a browser asks it, from `address` through a proxy if given."""
    proxied = {"X-Forwarded-For": address} if address else {}
    client = socketio.AsyncClient(reconnection=False)
    times: dict[str, Any] = {}
    pieces, stood_in = 0, False
    answered = asyncio.Event()

    def note(name: str) -> None:
        times.setdefault(name, (time.perf_counter() - started) * 1000)

    async def on_stream(event: dict[str, Any]) -> None:
        nonlocal pieces
        note("sign")
        if event.get("delta"):
            note("text")
            pieces += 1

    async def on_message(event: dict[str, Any]) -> None:
        nonlocal stood_in
        stood_in = stood_in or "failure" in event
        for name in ("sign", "text", "complete"):
            note(name)
        answered.set()

    client.on("bot_stream", on_stream)
    client.on("bot_uttered", on_message)
    started = time.perf_counter()
    try:
        await client.connect(
            url,
            headers={"Origin": origin, **proxied},
            transports=["websocket"],
            socketio_path=SOCKET_PATH,
            wait_timeout=10,
        )
        opened = await client.call("session_request", {}, timeout=10)
        if not opened["ok"]:
            return Sample(error=str(opened))
        started = time.perf_counter()
        message = {"message": question, "message_id": uuid.uuid4().hex}
        taken = await client.call("user_uttered", message, timeout=10)
        if not taken["ok"]:
            return Sample(error=str(taken))
        await asyncio.wait_for(answered.wait(), TIMEOUT_S)
    except (SocketIOError, TimeoutError) as error:
        return Sample(**times, pieces=pieces, error=f"{type(error).__name__}: {error}")
    finally:
        await client.disconnect()
    return Sample(**times, pieces=pieces, stood_in=stood_in)


async def ask_whole(http: httpx.AsyncClient, url: str, question: str) -> Sample:
    """One question whose answer comes at once."""
    body = {"sender": f"load-{uuid.uuid4().hex}", "message": question}
    started = time.perf_counter()
    try:
        response = await http.post(f"{url}/webhooks/rest/webhook", json=body)
        response.raise_for_status()
        replies = response.json()
        visible = any(reply.get("text") for reply in replies)
        stood_in = any("failure" in reply for reply in replies)
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        return Sample(error=f"{type(error).__name__}: {error}")
    ms = (time.perf_counter() - started) * 1000
    if not visible:
        return Sample(error="The reply is empty.")
    return Sample(ms, ms, ms, stood_in=stood_in)


async def measure(
    modes: dict[str, Ask], question: str, n: int, sessions: int
) -> dict[str, list[Sample]]:
    """N samples of each mode, `sessions` at a time, the modes alternating."""
    samples: dict[str, list[Sample]] = {mode: [] for mode in modes}
    left = iter(range(n))

    async def session() -> None:
        for number in left:
            # Who goes first changes, so that neither always finds a warm server.
            order = list(modes) if number % 2 else list(reversed(modes))
            for mode in order:
                samples[mode].append(await modes[mode](question))

    await asyncio.gather(*(session() for _ in range(sessions)))
    return samples


def row(mode: str, sessions: int, samples: Sequence[Sample]) -> dict[str, Any]:
    """The figures of one mode at one load."""
    good = [sample for sample in samples if not sample.error]
    figure: dict[str, Any] = {"mode": mode, "sessions": sessions, "n": len(samples)}
    figure["errors"] = len(samples) - len(good)
    figure["stood_in"] = sum(sample.stood_in for sample in good)
    for name in ("sign", "text", "complete"):
        times = [ms for s in good if (ms := getattr(s, name)) is not None]
        figure[f"{name}_p50"] = figures.percentile(times, 50)
        figure[f"{name}_p95"] = figures.percentile(times, 95)
    figure["in_pieces"] = figures.share([s.pieces > 0 for s in good])
    return figure


def show(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a table: streaming and not, side by side by load."""
    header = list(rows[0])
    return tables.columns(header, [[line[name] for name in header] for line in rows])


async def run(options: argparse.Namespace, token: str) -> list[list[Sample]]:
    """The samples of every load and mode, in that order."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    limits = httpx.Limits(max_connections=None)
    found = []
    async with httpx.AsyncClient(
        timeout=TIMEOUT_S, headers=headers, limits=limits, trust_env=False
    ) as http:
        modes: dict[str, Ask] = {
            MODES[0]: lambda text: ask_streaming(options.url, options.origin, text),
            MODES[1]: lambda text: ask_whole(http, options.url, text),
        }
        for ask in modes.values():  # what only the first question waits for
            await ask(options.question)
        for sessions in options.sessions:
            samples = await measure(modes, options.question, options.n, sessions)
            found += [samples[mode] for mode in MODES]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every question was answered."""
    settings = Settings.from_environ()
    parser = argparse.ArgumentParser(prog="frontdesk.evaluation.web_load")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--n", type=int, default=50, help="questions a mode and load")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--url", default=settings.rasa_url)
    parser.add_argument("--origin", default=f"http://127.0.0.1:{settings.page_port}")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    options = parser.parse_args(arguments)
    found = asyncio.run(run(options, settings.rest_token))
    loads = [(sessions, mode) for sessions in options.sessions for mode in MODES]
    rows = [
        row(mode, sessions, samples)
        for (sessions, mode), samples in zip(loads, found, strict=True)
    ]
    print(tables.as_json(rows) if options.json else show(rows))
    errors = [sample.error for samples in found for sample in samples if sample.error]
    for error in errors[:10]:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
