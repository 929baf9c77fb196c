"""OpenAI-compatible servers beside each other, over HTTP, in alternation."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from frontdesk.generation.benchmark.prompts import ANSWER_TOKENS, chats
from frontdesk.generation.benchmark.rows import Row, row
from frontdesk.generation.sse import EventDecoder

_LIMIT_S = 600.0


@dataclass(frozen=True)
class Server:
    """`url` goes up to and including `/v1`."""

    name: str
    url: str
    model: str

    @classmethod
    def read(cls, text: str) -> Server:
        """A server given as NAME=URL or NAME=URL#MODEL.

        Raises:
            ValueError: It is neither.
        """
        name, is_there, place = text.partition("=")
        if not is_there or not place.startswith("http"):
            raise ValueError(f"{text!r} is not NAME=URL or NAME=URL#MODEL.")
        url, _, model = place.partition("#")
        return cls(name, url.rstrip("/"), model)


def measure(
    servers: list[Server],
    clients: list[int],
    each: int,
    rounds: int,
    tokenizer: Any,
) -> list[Row]:
    """Every server under every load, `rounds` times in turn.

    In a round all get the same questions; between rounds they differ, so that only
    the shared beginning of a prompt can come from a cache. Answers have 64 tokens if
    the server obeys `ignore_eos` or its model has no end; what came is counted.
    """
    rows = []
    for turn in range(rounds):
        for server in servers:
            for count in clients:
                asked = chats(tokenizer, seed=1000 * turn + count)
                measured = asyncio.run(_load(server, count, each, asked, tokenizer))
                print(measured.line(), file=sys.stderr)
                rows.append(measured)
    return rows


async def _load(
    server: Server, clients: int, each: int, asked: Iterator[Any], tokenizer: Any
) -> Row:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        timeout=_LIMIT_S, trust_env=False, limits=limits
    ) as http:
        model = server.model or await _first_model(http, server)
        extra: dict[str, Any] = {"ignore_eos": True}
        try:  # and fill the prefix cache
            await _ask(http, server, model, next(asked), extra)
        except httpx.HTTPStatusError:  # some refuse a field that they do not know
            extra = {}
            await _ask(http, server, model, next(asked), extra)
        firsts: list[float] = []
        texts: list[str] = []

        async def client() -> None:
            for _ in range(each):
                first, text = await _ask(http, server, model, next(asked), extra)
                firsts.append(first)
                texts.append(text)

        began = time.monotonic()
        await asyncio.gather(*(client() for _ in range(clients)))
        seconds = time.monotonic() - began
    tokens = sum(
        min(ANSWER_TOKENS, len(tokenizer(text)["input_ids"])) for text in texts
    )
    return row(server.name, clients, tokens, firsts, seconds)


async def _first_model(http: httpx.AsyncClient, server: Server) -> str:
    response = await http.get(f"{server.url}/models")
    return str(response.raise_for_status().json()["data"][0]["id"])


async def _ask(
    http: httpx.AsyncClient,
    server: Server,
    model: str,
    messages: Any,
    extra: dict[str, Any],
) -> tuple[float, str]:
    """Seconds to the first text, and the whole text."""
    body = {
        "model": model,
        "messages": messages,
        "max_tokens": ANSWER_TOKENS,
        "temperature": 0.0,
        "stream": True,
    }
    began, first, texts = time.monotonic(), 0.0, []
    url = f"{server.url}/chat/completions"
    async with http.stream("POST", url, json=body | extra) as response:
        response.raise_for_status()
        decoder = EventDecoder()
        async for chunk in response.aiter_bytes():
            for data in decoder.feed(chunk):
                text = _text(data)
                if text and not first:
                    first = time.monotonic() - began
                texts.append(text)
    return first, "".join(texts)


def _text(data: str) -> str:
    if data.strip() == "[DONE]":
        return ""
    choices = json.loads(data).get("choices") or [{}]
    return str((choices[0].get("delta") or {}).get("content") or "")
