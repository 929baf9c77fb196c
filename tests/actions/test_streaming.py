from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from rasa_sdk import Tracker

from actions.streaming import Address, open_reader
from frontdesk.settings import Settings

SETTINGS = Settings(rasa_url="http://rasa:5005/", web_stream_secret="s3cret")
ADDRESS = Address("http://rasa:5005/webhooks/web/stream", "s3cret", "web:1", "f3")


class FakeChannel:
    """Records what it gets; `wait` calls end when the stream is unwanted."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.events: list[dict[str, Any]] = []
        self.secrets: set[str] = set()
        self.unwanted = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.secrets.add(request.headers["X-Stream-Secret"])
        body = json.loads(request.content)
        if request.url.path.endswith("/wait"):
            await self.unwanted.wait()
            return httpx.Response(200, json={"wanted": False})
        assert str(request.url) == ADDRESS.url
        assert body["sender_id"] == "web:1"
        self.events.append(body["event"])
        wanted = self.status == 200
        return httpx.Response(self.status, json={"wanted": wanted})

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


def on(channel: str, metadata: Any, settings: Settings = SETTINGS) -> Address | None:
    message = {"text": "When?", "metadata": metadata}
    said = [{"event": "user", "input_channel": channel}]
    told = Tracker("web:1", {}, message, said, False, None, {}, "action_listen")
    return Address.of(told, settings)


def test_only_the_website_is_streamed_to() -> None:
    assert on("web", {"stream_id": "f3"}) == ADDRESS
    assert on("rest", {"stream_id": "f3"}) is None
    assert on("web", {}) is None
    assert on("web", None) is None
    assert (
        on("web", {"stream_id": "f3"}, replace(SETTINGS, web_stream_secret="")) is None
    )


def test_parts_arrive_in_order_with_the_secret() -> None:
    async def run() -> FakeChannel:
        channel = FakeChannel()
        async with channel.client() as http, open_reader(ADDRESS, http) as reader:
            assert reader is not None
            await reader.on_stage("writing")
            await reader.on_delta("One. ")
            await reader.on_delta("Two. ")
            while len(channel.events) < 3:
                await asyncio.sleep(0.001)
            assert not reader.stopped.is_set()
        return channel

    channel = asyncio.run(run())
    assert channel.events == [
        {"stream_id": "f3", "seq": 1, "stage": "writing"},
        {"stream_id": "f3", "seq": 2, "delta": "One. "},
        {"stream_id": "f3", "seq": 3, "delta": "Two. "},
    ]
    assert channel.secrets == {"s3cret"}


def test_stop_of_the_customer_reaches_the_reader() -> None:
    async def run() -> None:
        channel = FakeChannel()
        async with channel.client() as http, open_reader(ADDRESS, http) as reader:
            assert reader is not None
            asyncio.get_running_loop().call_later(0.01, channel.unwanted.set)
            await asyncio.wait_for(reader.stopped.wait(), 2)

    asyncio.run(run())


def test_stream_that_is_over_stops_the_reader() -> None:
    async def run() -> None:
        channel = FakeChannel(status=410)
        async with channel.client() as http, open_reader(ADDRESS, http) as reader:
            assert reader is not None
            await reader.on_delta("One. ")
            await asyncio.wait_for(reader.stopped.wait(), 2)

    asyncio.run(run())


@pytest.mark.parametrize("status", [403, 500])
def test_refusal_is_logged_and_stops_nothing(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        channel = FakeChannel(status)
        async with channel.client() as http, open_reader(ADDRESS, http) as reader:
            assert reader is not None
            await reader.on_delta("One. ")
            while not caplog.records:
                await asyncio.sleep(0.001)
            assert not reader.stopped.is_set()

    asyncio.run(run())
    assert f"status {status}" in caplog.text


def test_without_address_there_is_no_reader() -> None:
    async def run() -> Any:
        async with open_reader(None) as reader:
            return reader

    assert asyncio.run(run()) is None
