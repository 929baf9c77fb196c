"""The website channel in a small Sanic app, and browsers that talk to it."""

import asyncio
import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from addons.channels.base import Turns
from addons.channels.web import SOCKET_PATH, WebInput, WebOptions
from addons.channels.web_limits import Limits
from tests.fakes_channels import Server

# The client calls a class that this aiohttp lacks; here its one number does the same.
aiohttp.ClientWSTimeout = lambda ws_close: ws_close

# Sanic's websockets use asyncio as Python 3.8 did.
OF_SANIC = pytest.mark.filterwarnings(
    "ignore:The explicit passing of coroutine objects:DeprecationWarning"
)
ORIGIN = "https://shop.example"
STREAM_SECRET = "the-secret-of-the-stream"
IDENTITY_SECRET = "the-secret-of-the-shops-own-server"
WIDE = Limits(*[1_000_000] * 6)


def options(folder: Path, **changes: Any) -> WebOptions:
    given: dict[str, Any] = {
        "session_secret": "a-session-secret-of-more-than-32-characters",
        "stream_secret": STREAM_SECRET,
        "origins": (ORIGIN,),
        "identity_secret": IDENTITY_SECRET,
        "var": folder,
    }
    return WebOptions(**{**given, **changes})


class RecordingRasa:
    """Keeps what it is asked and answers `re: <text>`, after `delay_s`."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.messages: list[UserMessage] = []
        self.delay_s = delay_s
        self.say: Callable[[UserMessage], list[dict[str, Any]]] | None = None

    async def handle(self, message: UserMessage) -> None:
        self.messages.append(message)
        await asyncio.sleep(self.delay_s)
        replies = [{"text": f"re: {message.text}"}]
        if self.say is not None:
            replies = self.say(message)
        for reply in replies:
            await message.output_channel.send_response(message.sender_id, reply)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


class WebServer:
    """The real channel, served on this machine until `stop`."""

    def __init__(
        self,
        given: WebOptions,
        handle: Callable[[UserMessage], Any],
        *,
        agent: Any = None,
        deadline_s: float = 2.0,
        limits: Limits = WIDE,
        port: int = 0,
    ) -> None:
        self.channel = WebInput(given, Turns(deadline_s), limits)
        self.app = Sanic(f"web-{uuid.uuid4().hex}", configure_logging=False)
        self.app.ctx.agent = agent
        self.app.blueprint(self.channel.blueprint(handle), url_prefix="/webhooks/web")
        self._port = port
        self.url = ""

    async def start(self) -> "WebServer":
        listener = socket.create_server(("127.0.0.1", self._port))
        self._server = await self.app.create_server(
            sock=listener, return_asyncio_server=True, access_log=False
        )
        if Server.is_sanic_rewritten:
            self.app.signalize()
            self.app.finalize()
            self.app.state.is_started = True
        else:
            await self._server.startup()
            Server.is_sanic_rewritten = True
        await self._server.start_serving()
        self._port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    async def kill(self) -> None:
        """Break off whatever is under way, as the end of the process does."""
        assert self.channel.conversations is not None
        await self.channel.conversations.finish(0)
        await self.channel.log.close()
        await self._server.close()

    async def stop(self) -> None:
        """Close as Sanic does: the channel's own end, then the connections."""
        await self.channel.server.shutdown()
        context = {"app": self.app, "loop": asyncio.get_running_loop()}
        await self.app.dispatch("server.shutdown.before", context=context, inline=True)
        await self._server.close()

    async def post(
        self, path: str, body: Any, secret: str = STREAM_SECRET
    ) -> tuple[int, Any]:
        """Status and answer, as the action server would get them."""
        headers = {"X-Stream-Secret": secret}
        async with aiohttp.ClientSession() as session:
            async with session.post(
                f"{self.url}/webhooks/web{path}", json=body, headers=headers
            ) as response:
                return response.status, await response.json()


class Browser:
    """One tab: a Socket.IO client that keeps every event it gets."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient(reconnection=False)
        self.events: list[tuple[str, Any]] = []
        self.session: dict[str, Any] = {}
        self.client.on("*", self._receive)

    async def open(
        self, url: str, transport: str = "websocket", origin: str = ORIGIN
    ) -> "Browser":
        await self.client.connect(
            url,
            headers={"Origin": origin},
            transports=[transport],
            socketio_path=SOCKET_PATH,
            wait_timeout=10,
        )
        return self

    async def call(self, event: str, **data: Any) -> dict[str, Any]:
        """The acknowledgement of an event."""
        return await self.client.call(event, data, timeout=30)

    async def begin(self, **data: Any) -> dict[str, Any]:
        """The answer to a session request."""
        self.session = await self.call("session_request", **data)
        assert self.session["ok"], self.session
        return self.session

    async def say(self, text: Any, name: str = "", **data: Any) -> dict[str, Any]:
        name = name or uuid.uuid4().hex
        return await self.call("user_uttered", message=text, message_id=name, **data)

    async def replies(self, count: int, timeout_s: float = 5.0) -> list[dict[str, Any]]:
        """The first `count` messages of the assistant, once they are there."""
        await self.until(lambda: len(self.of("bot_uttered")) >= count, timeout_s)
        return self.of("bot_uttered")

    async def until(self, true: Callable[[], bool], timeout_s: float = 5.0) -> None:
        async with within(timeout_s):
            while not true():
                await asyncio.sleep(0.005)

    def of(self, event: str) -> list[Any]:
        return [data for name, data in self.events if name == event]

    async def close(self) -> None:
        """Leave; a poll that is under way is not waited for."""
        await self.client.eio.disconnect(abort=True)
        await self.drop()

    async def drop(self) -> None:
        """Vanish without a word, as a phone does in a tunnel."""
        engine = self.client.eio
        if engine.http is not None:
            await engine.http.close()
        tasks = [t for t in (engine.read_loop_task, engine.write_loop_task) if t]
        for task in tasks:
            task.cancel()
        if tasks:  # the client may take half a minute to notice, and need not
            await asyncio.wait(tasks, timeout=0.05)

    async def _receive(self, event: str, data: Any) -> None:
        self.events.append((event, data))


class within:
    """Fails the block when it takes longer than `limit_s`."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._limit_s, task.cancel)

    async def __aexit__(self, *failure: Any) -> None:
        self._timer.cancel()
        if failure[0] is asyncio.CancelledError:
            raise AssertionError(f"Nothing came within {self._limit_s} s.")
