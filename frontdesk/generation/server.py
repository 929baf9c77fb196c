"""The generation server: OpenAI's wire format around one engine.

No endpoint loads models or code; `model` may only name the one that is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from frontdesk.generation import schemas
from frontdesk.generation.errors import (
    GenerationRejectedError,
    GenerationUnavailableError,
    QueueFullError,
)
from frontdesk.generation.requests import Engine, Piece, Request
from frontdesk.generation.sse import encode_event
from frontdesk.settings import Settings

REQUEST_LIMIT_S = 120.0  # nobody waits longer for a customer's answer
RETRY_AFTER_S = 1


def create_app(engine: Engine, settings: Settings) -> Starlette:
    """The ASGI application; it closes the engine when the server stops."""
    server = _Server(engine, settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(engine.close)

    return Starlette(
        routes=[
            Route("/health", server.health),
            Route("/v1/models", server.models),
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
        ],
        exception_handlers={
            ValidationError: _on_invalid,
            GenerationRejectedError: _on_rejected,
            GenerationUnavailableError: _on_unavailable,
            QueueFullError: _on_full,
            _HttpFault: _on_fault,
        },
        lifespan=lifespan,
    )


class _Server:
    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._key = settings.generation_api_key
        self._names = {"", engine.name, settings.generation_model}

    async def health(self, request: HttpRequest) -> Response:
        healthy = self._engine.is_healthy()
        body = {"status": "ok" if healthy else "unavailable"}
        return JSONResponse(body, 200 if healthy else 503)

    async def models(self, request: HttpRequest) -> Response:
        self._check_key(request)
        model = {"id": self._engine.name, "object": "model", "owned_by": "frontdesk"}
        return JSONResponse({"object": "list", "data": [model | {"created": 0}]})

    async def chat(self, request: HttpRequest) -> Response:
        self._check_key(request)
        wanted = schemas.ChatRequest.model_validate_json(await _read_body(request))
        if wanted.model not in self._names:
            raise _HttpFault(
                404, f"No model {wanted.model!r} here, only {self._engine.name!r}."
            )
        turns = [message.model_dump() for message in wanted.messages]
        prompt = await asyncio.to_thread(self._engine.encode_chat, turns)
        answer = _Answer(self._engine, prompt, wanted)
        if wanted.stream:
            return StreamingResponse(answer.events(), media_type="text/event-stream")
        return await answer.whole(request)

    def _check_key(self, request: HttpRequest) -> None:
        if not self._key:
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise _HttpFault(401, "A valid API key is needed: Authorization: Bearer.")


class _Answer:
    """One submitted request and the two forms in which its answer goes out."""

    def __init__(
        self, engine: Engine, prompt: tuple[int, ...], wanted: schemas.ChatRequest
    ) -> None:
        loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()
        self._prompt_tokens = len(prompt)
        self._with_usage = bool(
            wanted.stream_options and wanted.stream_options.include_usage
        )
        self._frame = {
            "id": schemas.completion_id(),
            "created": schemas.now(),
            "model": engine.name,
        }

        def listen(piece: Piece) -> None:
            with contextlib.suppress(RuntimeError):  # the loop ended before us
                loop.call_soon_threadsafe(self._pieces.put_nowait, piece)

        self._request = Request(
            prompt,
            wanted.sampling(),
            listen,
            deadline=time.monotonic() + REQUEST_LIMIT_S,
        )
        engine.submit(self._request)

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The answer as server-sent events; leaving early cancels the request."""
        try:
            yield self._event({"role": "assistant", "content": ""}, None)
            async for piece in self._follow():
                if piece.finish_reason in ("error", "timeout"):
                    yield encode_event(json.dumps(_failure(piece)))
                    return
                if piece.text:
                    yield self._event({"content": piece.text}, None)
                if piece.finish_reason:
                    yield self._event({}, piece.finish_reason)
                    if self._with_usage:
                        yield self._usage_event(piece.completion_tokens)
            yield encode_event("[DONE]")
        finally:
            self._request.cancel()

    async def whole(self, http: HttpRequest) -> Response:
        """The answer in one response; a client that leaves cancels the request."""
        collecting = asyncio.create_task(self._collect())
        leaving = asyncio.create_task(_wait_for_leaving(http))
        try:
            await asyncio.wait(
                {collecting, leaving}, return_when=asyncio.FIRST_COMPLETED
            )
            if not collecting.done():
                return Response(status_code=499)  # nobody reads it
            text, last = collecting.result()
        finally:
            self._request.cancel()
            collecting.cancel()
            leaving.cancel()
        if last.finish_reason in ("error", "timeout"):
            status = 504 if last.finish_reason == "timeout" else 500
            return JSONResponse(_failure(last), status)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": last.finish_reason,
        }
        usage = schemas.usage(self._prompt_tokens, last.completion_tokens)
        body = self._frame | {"object": "chat.completion", "choices": [choice]}
        return JSONResponse(body | {"usage": usage})

    async def _follow(self) -> AsyncIterator[Piece]:
        while True:
            piece = await self._pieces.get()
            yield piece
            if piece.finish_reason:
                return

    async def _collect(self) -> tuple[str, Piece]:
        texts = []
        last = Piece("", "error")
        async for last in self._follow():
            texts.append(last.text)
        return "".join(texts), last

    def _event(self, delta: dict[str, str], reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        body: dict[str, Any] = self._frame | {"object": "chat.completion.chunk"}
        return encode_event(json.dumps(body | {"choices": [choice]}))

    def _usage_event(self, completion_tokens: int) -> bytes:
        usage = schemas.usage(self._prompt_tokens, completion_tokens)
        body: dict[str, Any] = self._frame | {"object": "chat.completion.chunk"}
        return encode_event(json.dumps(body | {"choices": [], "usage": usage}))


class _HttpFault(Exception):
    """A request that gets `status` and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _read_body(request: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > schemas.MAX_BODY_BYTES:
            raise _HttpFault(
                413, f"The body is longer than {schemas.MAX_BODY_BYTES} bytes."
            )
    return bytes(body)


async def _wait_for_leaving(request: HttpRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _failure(piece: Piece) -> dict[str, Any]:
    if piece.finish_reason == "timeout":
        message = f"No end within {REQUEST_LIMIT_S:g} s."
        return schemas.error_body(message, "timeout")
    return schemas.error_body(piece.error or "The engine failed.", "server_error")


async def _on_invalid(request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    return _error(400, f"{where}: {first['msg']}", "invalid_request_error")


async def _on_rejected(request: HttpRequest, error: Exception) -> Response:
    return _error(400, str(error), "invalid_request_error")


async def _on_unavailable(request: HttpRequest, error: Exception) -> Response:
    return _error(503, str(error), "server_error", retry=True)


async def _on_full(request: HttpRequest, error: Exception) -> Response:
    return _error(429, str(error), "rate_limit_exceeded", retry=True)


async def _on_fault(request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, _HttpFault)
    return _error(error.status, str(error), "invalid_request_error")


def _error(status: int, message: str, kind: str, retry: bool = False) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if retry else None
    return JSONResponse(schemas.error_body(message, kind), status, headers)
