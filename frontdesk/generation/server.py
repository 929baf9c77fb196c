"""The generation server: OpenAI's wire format around one engine.

No endpoint loads models or code; `model` may only name the one that is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from frontdesk.generation import schemas
from frontdesk.generation.answers import Answer
from frontdesk.generation.errors import (
    GenerationRejectedError,
    GenerationUnavailableError,
    QueueFullError,
)
from frontdesk.generation.requests import Engine
from frontdesk.settings import Settings

METRICS_TYPE = "text/plain; version=0.0.4"
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
            Route("/metrics", server.metrics),
            Route("/v1/models", server.models),
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
            Route("/v1/completions", server.complete, methods=["POST"]),
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

    async def metrics(self, request: HttpRequest) -> Response:
        return PlainTextResponse(self._engine.metrics.text(), media_type=METRICS_TYPE)

    async def chat(self, request: HttpRequest) -> Response:
        self._check_key(request)
        wanted = schemas.ChatRequest.model_validate_json(await _read_body(request))
        turns = [message.model_dump() for message in wanted.messages]
        prompt = await asyncio.to_thread(self._engine.encode_chat, turns)
        return await self._answer(request, wanted, prompt)

    async def complete(self, request: HttpRequest) -> Response:
        self._check_key(request)
        wanted = schemas.TextRequest.model_validate_json(await _read_body(request))
        prompt = await asyncio.to_thread(self._engine.encode_text, wanted.prompt)
        return await self._answer(request, wanted, prompt)

    async def _answer(
        self,
        request: HttpRequest,
        wanted: schemas.CompletionSettings,
        prompt: tuple[int, ...],
    ) -> Response:
        if wanted.model not in self._names:
            raise _HttpFault(
                404, f"No model {wanted.model!r} here, only {self._engine.name!r}."
            )
        form = wanted.form()
        constraint = None
        if form is not None:
            constraint = await asyncio.to_thread(self._engine.constrain, form)
        answer = Answer(self._engine, prompt, wanted, constraint)
        if wanted.stream:
            return StreamingResponse(answer.events(), media_type="text/event-stream")
        return await answer.whole(request)

    def _check_key(self, request: HttpRequest) -> None:
        if not self._key:
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise _HttpFault(401, "A valid API key is needed: Authorization: Bearer.")


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
