from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from frontdesk.evaluation.web_load import (
    SOCKET_PATH,
    Sample,
    main,
    measure,
    row,
    show,
)


class FakeAssistant:
    """Both channels: a first sentence after 50 ms, the whole answer after 150."""

    def __init__(self, text: str = "One. Two.") -> None:
        self.text = text
        self.origins: set[str] = set()
        self.sessions: set[str] = set()
        self.sockets = socketio.AsyncServer(
            async_mode="asgi", cors_allowed_origins=["http://shop.example"]
        )
        self.sockets.on("connect", self._connect)
        self.sockets.on("session_request", self._open)
        self.sockets.on("user_uttered", self._receive)
        rest = Route("/webhooks/rest/webhook", self._whole, methods=["POST"])
        self.app = socketio.ASGIApp(
            self.sockets, Starlette(routes=[rest]), socketio_path=SOCKET_PATH
        )

    async def _connect(self, sid: str, environ: dict[str, Any], *_: Any) -> None:
        self.origins.add(environ["HTTP_ORIGIN"])

    async def _open(self, sid: str, data: Any) -> dict[str, Any]:
        self.sessions.add(sid)
        return {"ok": True}

    async def _receive(self, sid: str, data: Any) -> dict[str, Any]:
        assert data["message"] == "When?"
        self.sockets.start_background_task(self._stream, sid)
        return {"ok": True, "seq": 1}

    async def _stream(self, sid: str) -> None:
        await self.sockets.emit("bot_stream", {"stage": "thinking"}, to=sid)
        await asyncio.sleep(0.05)
        await self.sockets.emit("bot_stream", {"delta": "One. "}, to=sid)
        await asyncio.sleep(0.1)
        await self.sockets.emit("bot_uttered", {"text": self.text}, to=sid)

    async def _whole(self, request: Request) -> JSONResponse:
        assert (await request.json())["message"] == "When?"
        await asyncio.sleep(0.15)
        return JSONResponse([{"text": self.text}] if self.text else [])


@asynccontextmanager
async def served(assistant: FakeAssistant) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(assistant.app, log_level="error", ws="wsproto")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await task


def run_main(assistant: FakeAssistant, *more: str) -> int:
    async def run() -> int:
        async with served(assistant) as url:
            given = ["--question", "When?", "--n", "3", "--sessions", "1", "2"]
            origin = ["--url", url, "--origin", "http://shop.example"]
            return await asyncio.to_thread(main, [*given, *origin, *more])

    return asyncio.run(run())


def test_both_sides_are_measured_at_every_load(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assistant = FakeAssistant()
    assert run_main(assistant, "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(line["mode"], line["sessions"]) for line in rows] == [
        ("streaming", 1),
        ("not streaming", 1),
        ("streaming", 2),
        ("not streaming", 2),
    ]
    assert [(line["n"], line["errors"]) for line in rows] == [(3, 0)] * 4
    for streaming, whole in (rows[:2], rows[2:]):
        assert streaming["sign_p50"] < streaming["text_p50"]
        assert 45 < streaming["text_p50"] < 145 < streaming["complete_p50"]
        assert whole["text_p50"] == whole["complete_p50"] > 145
        assert (streaming["in_pieces"], whole["in_pieces"]) == (1.0, 0.0)
    assert assistant.origins == {"http://shop.example"}
    assert len(assistant.sessions) == 1 + 3 + 3  # a conversation a question


def test_empty_reply_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main(FakeAssistant(text="")) == 1
    assert "The reply is empty." in capsys.readouterr().err


def test_modes_take_turns() -> None:
    asked: list[str] = []

    async def ask(mode: str) -> Sample:
        asked.append(mode)
        return Sample(1, 2, 3)

    modes = {"a": lambda text: ask("a"), "b": lambda text: ask("b")}
    samples = asyncio.run(measure(modes, "When?", 3, 1))
    assert asked == ["b", "a", "a", "b", "b", "a"]
    assert {mode: len(found) for mode, found in samples.items()} == {"a": 3, "b": 3}


def test_figures_leave_errors_out() -> None:
    late = Sample(3, 30, 40, stood_in=True)
    found = [Sample(1, 10, 20, 2), late, Sample(error="gone")]
    line = row("streaming", 4, found)
    assert (line["n"], line["errors"], line["in_pieces"]) == (3, 1, 0.5)
    assert line["stood_in"] == 1
    assert (line["sign_p50"], line["text_p50"], line["complete_p50"]) == (2, 20, 30)
    assert "streaming" in show([line])
