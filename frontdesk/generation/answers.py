"""One submitted request and the forms in which its answer goes over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from frontdesk.generation import schemas
from frontdesk.generation.requests import Engine, Piece, Request, TokenLogprob
from frontdesk.generation.sse import encode_event

if TYPE_CHECKING:  # it needs torch
    from frontdesk.generation.constraints import Constraint

_CLIENT_LEFT = 499  # nobody reads it
_GRACE_S = 2.0  # how late an engine may say that a deadline has passed


class Answer:
    """A request under way; it goes out as chat or as text, as it came in."""

    def __init__(
        self,
        engine: Engine,
        prompt: tuple[int, ...],
        wanted: schemas.CompletionSettings,
        constraint: Constraint | None = None,
    ) -> None:
        """Submits the request; raises what `engine.submit` raises."""
        loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()
        self._prompt_tokens = len(prompt)
        self._is_chat = isinstance(wanted, schemas.ChatRequest)
        self._limit_s = wanted.deadline_s
        self._with_usage = bool(
            wanted.stream_options and wanted.stream_options.include_usage
        )
        self._frame: dict[str, Any] = {
            "id": schemas.new_id("chatcmpl" if self._is_chat else "cmpl"),
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
            deadline=time.monotonic() + wanted.deadline_s,
            evidence=tuple(wanted.evidence),
            constraint=constraint,
        )
        engine.submit(self._request)

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The answer as server-sent events; leaving early cancels the request."""
        try:
            if self._is_chat:
                yield self._event("", None, (), role="assistant")
            async for piece in self._follow():
                if piece.finish_reason in ("error", "timeout"):
                    yield encode_event(json.dumps(self._failure(piece)))
                    return
                if piece.text or piece.logprobs:
                    yield self._event(piece.text, None, piece.logprobs)
                if piece.finish_reason:
                    yield self._event(None, piece.finish_reason, ())
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
                return Response(status_code=_CLIENT_LEFT)
            pieces = collecting.result()
        finally:
            self._request.cancel()
            collecting.cancel()
            leaving.cancel()
        last = pieces[-1]
        if last.finish_reason in ("error", "timeout"):
            status = 504 if last.finish_reason == "timeout" else 500
            return JSONResponse(self._failure(last), status)
        text = "".join(piece.text for piece in pieces)
        logprobs = tuple(noted for piece in pieces for noted in piece.logprobs)
        choice = self._choice(last.finish_reason, logprobs)
        if self._is_chat:
            choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        else:
            choice["text"] = text
        kind = "chat.completion" if self._is_chat else "text_completion"
        usage = schemas.usage(self._prompt_tokens, last.completion_tokens)
        body = {"object": kind, "choices": [choice], "usage": usage}
        return JSONResponse(self._frame | body)

    async def _follow(self) -> AsyncIterator[Piece]:
        limit = self._request.deadline + _GRACE_S
        while True:
            try:
                # An engine that hangs says nothing: the deadline is kept without it.
                async with asyncio.timeout(limit - time.monotonic()):
                    piece = await self._pieces.get()
            except TimeoutError:
                piece = Piece("", "timeout")
            yield piece
            if piece.finish_reason:
                return

    async def _collect(self) -> list[Piece]:
        return [piece async for piece in self._follow()]

    def _choice(
        self, reason: str | None, logprobs: tuple[TokenLogprob, ...]
    ) -> dict[str, Any]:
        return {
            "index": 0,
            "logprobs": _logprobs(logprobs, self._is_chat) if logprobs else None,
            "finish_reason": reason,
        }

    def _event(
        self,
        text: str | None,
        reason: str | None,
        logprobs: tuple[TokenLogprob, ...],
        **delta: str,
    ) -> bytes:
        choice = self._choice(reason, logprobs)
        if self._is_chat:
            choice["delta"] = delta | ({} if text is None else {"content": text})
        else:
            choice["text"] = text or ""
        return self._chunk({"choices": [choice]})

    def _usage_event(self, completion_tokens: int) -> bytes:
        usage = schemas.usage(self._prompt_tokens, completion_tokens)
        return self._chunk({"choices": [], "usage": usage})

    def _chunk(self, body: dict[str, Any]) -> bytes:
        kind = "chat.completion.chunk" if self._is_chat else "text_completion"
        return encode_event(json.dumps(self._frame | {"object": kind} | body))

    def _failure(self, piece: Piece) -> dict[str, Any]:
        if piece.finish_reason == "timeout":
            return schemas.error_body(f"No end within {self._limit_s:g} s.", "timeout")
        return schemas.error_body(piece.error or "The engine failed.", "server_error")


def _logprobs(noted: tuple[TokenLogprob, ...], is_chat: bool) -> dict[str, Any]:
    if is_chat:
        return {
            "content": [
                _entry(token.text, token.logprob)
                | {"top_logprobs": [_entry(text, score) for text, score in token.top]}
                for token in noted
            ],
            "refusal": None,
        }
    return {
        "tokens": [token.text for token in noted],
        "token_logprobs": [token.logprob for token in noted],
        "top_logprobs": [dict(token.top) for token in noted],
        "text_offset": [],
    }


def _entry(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


async def _wait_for_leaving(request: HttpRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
