"""A messaging vendor on this machine, and a worker that serves channels."""

import asyncio
import io
import json
import socket
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from sanic import Sanic
from sanic.response import HTTPResponse

from addons.channels.messages import Outgoing
from tests.fakes_channels import Server


class VendorError(Exception):
    """What the vendor does not take; the message says which rule is broken."""


@dataclass(frozen=True)
class Fault:
    """How the vendor answers one call that it would have taken.

    Args:
        status: The HTTP status.
        headers: Headers of the answer, such as Retry-After.
        body: The vendor's words.
        done: The message is shown to the customer all the same.
        delay_s: How long the answer takes.
    """

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    done: bool = False
    delay_s: float = 0.0


class Vendor:
    """Records what customers see; a call that breaks a rule is refused and recorded."""

    def __init__(self) -> None:
        self.url = ""
        self.shown: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.other: list[dict[str, Any]] = []  # typing, read, acknowledgements
        self.refused: list[str] = []
        self.faults: deque[Fault] = deque()
        self.delay_s = 0.0
        self.chance: Callable[[], Fault | None] = lambda: None
        self.on_shown: Callable[[dict[str, Any]], None] = lambda message: None
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def texts(self, customer: str) -> list[str]:
        """What a customer was shown, as text."""
        return [self.text(message) for message in self.shown[customer]]

    # --- what a vendor defines
    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        """Customer and message of a call; no customer: nothing is shown.

        Raises:
            VendorError: A rule is broken.
        """
        raise NotImplementedError

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        """The body of an answer of success."""
        raise NotImplementedError

    def not_taken(self, reason: str) -> web.Response:
        """The answer to a call that breaks a rule."""
        raise NotImplementedError

    def text(self, message: dict[str, Any]) -> str:
        raise NotImplementedError

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            customer, message = await self.read(request)
        except VendorError as error:
            self.refused.append(str(error))
            return self.not_taken(str(error))
        if not customer:
            self.other.append(message)
            return web.json_response(self.taken(message))
        fault = self.faults.popleft() if self.faults else self.chance()
        if fault is None or fault.done:
            self.shown[customer].append(message)
            self.on_shown(message)
        await asyncio.sleep(fault.delay_s if fault else self.delay_s)
        if fault is not None:
            return web.json_response(
                fault.body, status=fault.status, headers=fault.headers
            )
        return web.json_response(self.taken(message))


def require(holds: object, rule: str) -> None:
    """Nothing, if a rule holds.

    Raises:
        VendorError: It does not.
    """
    if not holds:
        raise VendorError(rule)


@dataclass(frozen=True)
class Message:
    """What a customer says, by the vendor's clock; `number` tells messages apart."""

    number: int
    customer: int
    text: str
    at: float = 0.0


@dataclass(frozen=True)
class Delivery:
    """One call of a webhook."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Case:
    """A connector as the shared tests and the comparison see it.

    Args:
        name: The channel's name.
        channel: The connector for a vendor's address; keywords go to its constructor.
        vendor: The strict fake of its vendor.
        deliver: The calls that bring messages: one for all where the vendor batches.
        forge: The same call, each time with one thing wrong, by what is wrong.
        customer: Where the vendor shows a customer our answers.
        conversation: The sender that a customer's turns run under.
        batches: Whether the vendor brings several messages in one call.
        receipt: The vendor's report that it showed a message, where it has one.
        exactly_once: A call that was cut off is never shown twice.
        fresh: The same call sent anew, where a signature covers the time.
    """

    name: str
    channel: Callable[..., Any]
    vendor: Callable[[], Vendor]
    deliver: Callable[[Sequence[Message]], list[Delivery]]
    forge: Callable[[Delivery], dict[str, Delivery]]
    customer: Callable[[int], str]
    conversation: Callable[[int], str]
    batches: bool
    receipt: Callable[[dict[str, Any]], Delivery] | None = None
    exactly_once: bool = True
    fresh: Callable[[Delivery], Delivery] = lambda delivery: delivery


class Turns:
    """A turn handler that records what was said and answers it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.delay_s = 0.0
        self.reply: Callable[[str], list[dict[str, Any]]] = lambda text: [
            {"text": f"You said: {text}"}
        ]

    async def __call__(self, message: Any) -> None:
        self.said.append((message.sender_id, message.text))
        await asyncio.sleep(self.delay_s)
        for part in self.reply(message.text):
            await message.output_channel.send_response(message.sender_id, part)

    def of(self, conversation: str) -> list[str]:
        return [text for sender, text in self.said if sender == conversation]


class Worker:
    """Channels served by Sanic on this machine; two of them may share a database."""

    def __init__(
        self, channels: Sequence[Any], handle: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.app = Sanic(f"worker-{uuid.uuid4().hex}", configure_logging=False)
        for channel in channels:
            self.app.blueprint(
                channel.blueprint(handle), url_prefix=f"/webhooks/{channel.name()}"
            )

        @self.app.get("/")
        async def health(request: Any) -> HTTPResponse:
            return HTTPResponse("ok")

        self.url = ""
        self._session: aiohttp.ClientSession | None = None

    async def start(self, port: int = 0) -> None:
        listener = socket.create_server(("127.0.0.1", port))
        self._server = await self.app.create_server(
            sock=listener, return_asyncio_server=True, access_log=False
        )
        if Server.is_sanic_rewritten:
            self.app.signalize()
            self.app.finalize()
            self.app.state.is_started = True
        else:  # the same, and it rewrites methods of Sanic, which works only once
            await self._server.startup()
            Server.is_sanic_rewritten = True
        await self._server.before_start()
        await self._server.start_serving()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._session = aiohttp.ClientSession()

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self._server.before_stop()
        await self._server.close()

    async def post(self, channel: str, delivery: Delivery) -> int:
        """The status of a webhook call."""
        assert self._session is not None
        async with self._session.post(
            f"{self.url}/webhooks/{channel}/webhook",
            data=io.BytesIO(delivery.body),
            headers=delivery.headers,
        ) as response:
            await response.read()
            return response.status

    async def get(self, path: str) -> tuple[int, str]:
        assert self._session is not None
        async with self._session.get(f"{self.url}{path}") as response:
            return response.status, await response.text()


async def until(holds: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something holds; fails after `seconds`."""
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    assert holds(), "it did not become true in time"


def as_body(value: object) -> bytes:
    return json.dumps(value).encode()


def due(conversation: str, call: dict[str, Any], **changes: Any) -> Outgoing:
    """A call that is due now to a customer who was just heard."""
    values: dict[str, Any] = {
        "id": 1,
        "key": "k" * 32,
        "conversation": conversation,
        "call": call,
        "reply_to": {},
        "heard_at": time.time(),
        "uncertain": False,
        "tries": 0,
        **changes,
    }
    return Outgoing(**values)


async def show(channel: Any, conversation: str, *parts: Any, **changes: Any) -> None:
    """Render and send parts, as the courier would."""
    for part in parts:
        for call in channel.render(part):
            await channel.send(due(conversation, call, **changes))


def events_of(channel: Any, delivery: Delivery) -> list[Any]:
    """What the connector reads in a call."""
    return list(channel.read(FakeRequest(delivery), delivery.body).events)


class FakeRequest:
    """As much of a request as `read` and `verify` look at."""

    def __init__(self, delivery: Delivery) -> None:
        self.headers = {name.lower(): value for name, value in delivery.headers.items()}
