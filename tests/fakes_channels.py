"""An action server that answers as told, and the Rasa server around a channel."""

import asyncio
import io
import json
import socket
import uuid
from typing import Any

import aiohttp
from aiohttp import web
from sanic import Sanic


class FakeActions:
    """Records the calls of Rasa; answers `replies[action]`, or nothing to say."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.url = ""
        self._hang = asyncio.Event()
        self._hang.set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/webhook", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/webhook"

    async def stop(self) -> None:
        self.resume()
        if self._runner is not None:
            await self._runner.cleanup()

    def say(self, action: str, text: str, **keywords: Any) -> None:
        """Let an action utter one text, with keyword data for the channel."""
        reply = {"events": [], "responses": [{"text": text, **keywords}]}
        self.replies[action] = reply

    def set_slots(self, action: str, **slots: Any) -> None:
        """Let an action set slots, beside what it says."""
        reply = self.replies.setdefault(action, {"events": [], "responses": []})
        for name, value in slots.items():
            reply["events"].append({"event": "slot", "name": name, "value": value})

    def hang(self) -> None:
        self._hang.clear()

    def resume(self) -> None:
        self._hang.set()

    @property
    def called(self) -> list[str]:
        return [call["next_action"] for call in self.calls]

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls.append(await request.json())
        await self._hang.wait()
        if self.status != 200:
            return web.json_response({"error": "it broke"}, status=self.status)
        silence: dict[str, Any] = {"events": [], "responses": []}
        return web.json_response(
            self.replies.get(self.calls[-1]["next_action"], silence)
        )


class Server:
    """One channel served by Sanic on this machine, with Rasa's agent behind it."""

    is_sanic_rewritten = False

    def __init__(self, agent: Any, channel: Any) -> None:
        self.app = Sanic(f"test-{uuid.uuid4().hex}", configure_logging=False)
        self.app.ctx.agent = agent

        async def handle(message: Any) -> None:
            await self.app.ctx.agent.handle_message(message)

        self.app.blueprint(channel.blueprint(handle), url_prefix="/webhooks/rest")
        self.url = ""

    async def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
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
        await self._server.start_serving()
        port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/webhooks/rest"

    async def stop(self) -> None:
        await self._server.close()

    async def post(
        self, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and decoded JSON of the reply."""
        async with aiohttp.ClientSession() as session:
            async with session.post(
                f"{self.url}/webhook", data=io.BytesIO(body), headers=headers
            ) as response:
                return response.status, json.loads(await response.text())

    async def send(self, message: Any, sender: str = "anna") -> list[dict[str, Any]]:
        """The replies to one message of a customer."""
        body = json.dumps({"sender": sender, "message": message}).encode()
        status, replies = await self.post(body)
        assert status == 200, replies
        return replies

    async def texts(self, message: Any, sender: str = "anna") -> list[str]:
        return [reply["text"] for reply in await self.send(message, sender)]
