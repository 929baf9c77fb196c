"""Sentences and stages of a reply on their way to the website while it is written.

Only the web channel asks for them, by a `stream_id` in the message's metadata. Whatever
goes wrong here, the reply itself comes as it does on any other channel.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
from rasa_sdk import Tracker

from frontdesk.answering.stream import Reader, Stage
from frontdesk.settings import Settings

logger = logging.getLogger(__name__)

CHANNEL = "web"
TIMEOUT_S = 2.0
WAIT_TIMEOUT_S = 20.0  # the channel answers a waiting call after 15 s at the latest


@dataclass(frozen=True)
class Address:
    """Where the parts of one reply go."""

    url: str
    secret: str
    sender_id: str
    stream_id: str

    @classmethod
    def of(cls, tracker: Tracker, settings: Settings) -> Address | None:
        """The address, or None where nobody can read along."""
        metadata = tracker.latest_message.get("metadata") or {}
        stream_id = metadata.get("stream_id")
        if tracker.get_latest_input_channel() != CHANNEL or not stream_id:
            return None
        if not settings.web_stream_secret:
            return None
        url = f"{settings.rasa_url.rstrip('/')}/webhooks/web/stream"
        return cls(url, settings.web_stream_secret, tracker.sender_id, str(stream_id))


@asynccontextmanager
async def open_reader(
    address: Address | None, http: httpx.AsyncClient | None = None
) -> AsyncIterator[Reader | None]:
    """The customer as a reader for as long as the block lasts; None without address."""
    if address is None:
        yield None
        return
    client = http or _connections()
    parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def on_delta(text: str) -> None:
        parts.put_nowait({"delta": text})

    async def on_stage(stage: Stage) -> None:
        parts.put_nowait({"stage": stage})

    reader = Reader(on_delta, on_stage)
    tasks = [
        asyncio.create_task(_send(address, client, parts, reader)),
        asyncio.create_task(_watch(address, client, reader)),
    ]
    try:
        yield reader
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(
    address: Address,
    client: httpx.AsyncClient,
    parts: asyncio.Queue[dict[str, Any]],
    reader: Reader,
) -> None:
    """Send parts in order, until nobody wants them any more."""
    seq = 0
    while True:
        part = await parts.get()
        seq += 1
        event = {"stream_id": address.stream_id, "seq": seq, **part}
        body = {"sender_id": address.sender_id, "event": event}
        if not await _is_wanted(address, client, "", body, TIMEOUT_S):
            reader.stopped.set()
            return


async def _watch(address: Address, client: httpx.AsyncClient, reader: Reader) -> None:
    """Wait for the customer to stop the reply."""
    body = {"sender_id": address.sender_id, "stream_id": address.stream_id}
    while await _is_wanted(address, client, "/wait", body, WAIT_TIMEOUT_S):
        pass
    reader.stopped.set()


async def _is_wanted(
    address: Address,
    client: httpx.AsyncClient,
    path: str,
    body: dict[str, Any],
    timeout_s: float,
) -> bool:
    """Whether the channel still wants the reply; a channel out of reach waits for it.

    Calls after a failure come only with the next part, or after a pause.
    """
    headers = {"X-Stream-Secret": address.secret}
    try:
        response = await client.post(
            f"{address.url}{path}", json=body, headers=headers, timeout=timeout_s
        )
        if response.status_code in (200, 410):
            return bool(response.json()["wanted"])
        reason = f"status {response.status_code}"
    except (httpx.HTTPError, ValueError, LookupError) as error:
        reason = f"{type(error).__name__}: {error}"
    logger.warning("The website cannot follow %r: %s", address.sender_id, reason)
    await asyncio.sleep(1.0)
    return True


@lru_cache(maxsize=1)
def _connections() -> httpx.AsyncClient:
    """This process's connections; no proxy of the environment catches them."""
    return httpx.AsyncClient(trust_env=False)
