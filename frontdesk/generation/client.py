"""Client of any OpenAI-compatible server: ours, vLLM, SGLang, llama.cpp.

Errors: GenerationUnavailableError, GenerationTimeoutError, GenerationRejectedError
(see errors.py). A server that is down costs nothing: after three failures in a row
requests fail at once, and one probe goes out every few seconds.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from frontdesk.generation.breaker import CircuitBreaker
from frontdesk.generation.errors import (
    GenerationError,
    GenerationRejectedError,
    GenerationTimeoutError,
    GenerationUnavailableError,
)
from frontdesk.generation.generator import Generator, clean_messages
from frontdesk.generation.sse import EventDecoder

HEALTH_TIMEOUT_S = 1.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_END = "[DONE]"


class GenerationClient(Generator):
    """Streams and completes chats; safe to share between tasks and event loops."""

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        model: str = "",
        first_token_timeout_s: float = 4.0,
        timeout_s: float = 7.0,
        *,
        breaker: CircuitBreaker | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """A client; nothing is sent before the first request.

        Args:
            base_url: Up to and including `/v1`.
            api_key: Sent as bearer token when not empty.
            model: Empty: the first model that the server lists.
            first_token_timeout_s: From the request to the first piece of text.
            timeout_s: From the request to the end of the answer.
            breaker: Decides when a failing server is left alone.
            transport: Replaces the network in tests.
        """
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._model = model
        self._first_token_timeout_s = first_token_timeout_s
        self._timeout_s = timeout_s
        self._breaker = breaker or CircuitBreaker()
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def stream(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: int = 160,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> AsyncIterator[str]:
        """Pieces of the reply as the server sends them; joined they are the reply.

        Raises:
            GenerationUnavailableError: Refused, 429, 5xx, malformed or cut off.
            GenerationTimeoutError: No first token or no end within the limits.
            GenerationRejectedError: Any other 4xx.
        """
        if not self._breaker.allows():
            raise GenerationUnavailableError(
                f"{self._base_url} failed several times in a row; it is tried again "
                "in a few seconds."
            )
        started = time.monotonic()
        deadline = started + self._timeout_s
        first_deadline = min(deadline, started + self._first_token_timeout_s)
        body: dict[str, Any] = {
            "messages": clean_messages(messages),
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
        }
        if stop:
            body["stop"] = list(stop)
        pieces = self._request(body)
        try:
            limit, seen = first_deadline, False
            while True:
                async with asyncio.timeout(max(0.0, limit - time.monotonic())):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                limit, seen = deadline, True
                yield piece
            self._breaker.succeeded()
        except TimeoutError as error:
            self._breaker.failed()
            what, limit_s = (
                ("end of the answer", self._timeout_s)
                if seen
                else ("first token", self._first_token_timeout_s)
            )
            raise GenerationTimeoutError(
                f"No {what} from {self._base_url} within {limit_s:g} s."
            ) from error
        except httpx.HTTPError as error:
            self._breaker.failed()
            raise GenerationUnavailableError(
                f"{self._base_url} cannot be reached or broke off "
                f"({type(error).__name__}: {error}); is the generation server running?"
            ) from error
        except _ServerFault as error:
            self._breaker.failed()
            raise GenerationUnavailableError(str(error)) from error
        except GenerationError:
            # 429 and 4xx are quick answers of a server that lives.
            self._breaker.succeeded()
            raise
        finally:
            await pieces.aclose()

    async def is_healthy(self) -> bool:
        """True if the server says that its model is loaded, within a second."""
        root = self._base_url.removesuffix("/v1")
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_S):
                response = await self._connection().get(f"{root}/health")
                if response.status_code == 404:  # not every server has /health
                    response = await self._connection().get(f"{self._base_url}/models")
        except (TimeoutError, httpx.HTTPError):
            return False
        return response.status_code == 200

    async def aclose(self) -> None:
        """Close the connections; the client may be used again afterwards."""
        http, self._http = self._http, None
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()

    def _connection(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._loop = loop
            self._http = httpx.AsyncClient(
                headers=self._headers,
                timeout=None,  # the limits above cover every wait
                transport=self._transport,
                # A proxy from the environment must not catch loopback calls.
                trust_env=urlsplit(self._base_url).hostname not in _LOOPBACK,
            )
        return self._http

    async def _request(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        model = self._model or await self._first_model()
        if model:
            body = {"model": model} | body
        url = f"{self._base_url}/chat/completions"
        async with self._connection().stream("POST", url, json=body) as response:
            if response.status_code != 200:
                raise _refusal(url, response.status_code, await response.aread())
            if "json" in response.headers.get("content-type", ""):
                for piece in _texts(url, (await response.aread()).decode(), "message"):
                    yield piece
                return
            decoder = EventDecoder()
            finished = False
            async for chunk in response.aiter_bytes():
                for data in decoder.feed(chunk):
                    if data.strip() == _END:
                        return
                    for piece in _texts(url, data, "delta"):
                        yield piece
                    finished = finished or _is_last(data)
            if not finished:
                raise _ServerFault(f"{url} ended its answer without an end mark.")

    async def _first_model(self) -> str:
        response = await self._connection().get(f"{self._base_url}/models")
        if response.status_code != 200:
            return ""  # the server may not need a name
        try:
            self._model = str(response.json()["data"][0]["id"])
        except (ValueError, LookupError, TypeError):
            return ""
        return self._model


class _ServerFault(Exception):
    """The server answered with something that is no answer."""


def _texts(url: str, data: str, field: str) -> Iterator[str]:
    """The text in one chunk (`delta`) or one whole answer (`message`)."""
    try:
        document = json.loads(data)
        if "error" in document:
            raise _ServerFault(f"{url} failed while answering: {document['error']!r}.")
        for choice in document["choices"]:
            text = (choice.get(field) or {}).get("content")
            if text:
                yield str(text)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _ServerFault(f"{url} sent {data[:80]!r}, which is no chunk.") from error


def _is_last(data: str) -> bool:
    choices = json.loads(data)["choices"]
    return bool(choices) and choices[0].get("finish_reason") is not None


def _refusal(url: str, status: int, body: bytes) -> Exception:
    detail = body[:200].decode("utf-8", "replace")
    message = f"{url} answered {status}: {detail!r}."
    if status == 429:
        return GenerationUnavailableError(message)
    if status >= 500:
        return _ServerFault(message)
    return GenerationRejectedError(message)
