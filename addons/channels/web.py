"""The website channel: Socket.IO for browsers, and a route for replies being written.

docs/web-channel.md describes the protocol; it is served below /webhooks/web. Options
come from the environment, so that no file holds a secret.
"""

import asyncio
import hmac
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional, Tuple

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.core.channels.socketio import SocketBlueprint
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from socketio import AsyncRedisManager, AsyncServer

from addons.channels.base import Turns, as_json
from addons.channels.web_limits import Limits
from addons.channels.web_live import STAGES, Live, LocalLive
from addons.channels.web_log import ConversationLog, LogError, SqliteLog
from addons.channels.web_messages import bot_message, is_visible
from addons.channels.web_redis import RedisLive, RedisLog
from addons.channels.web_sockets import Sockets
from addons.channels.web_tokens import SessionTokens
from addons.channels.web_turns import Conversations

SOCKET_PATH = "/webhooks/web/socket.io"
# 2,000 characters of any script as JSON, an identity token, and room to spare.
MAX_BODY = 64 * 1024
MAX_DELTA = 4000
WAIT_S = 15.0
_LOOK_S = 0.1
_FINISH_S = 10.0


@dataclass(frozen=True)
class WebOptions:
    """What the channel is told from outside.

    Attributes:
        session_secret: Signs session tokens.
        stream_secret: What the action server shows when it sends parts of a reply.
        origins: The pages that may connect, e.g. `https://shop.example`.
        identity_secret: Shared with the shop's server; empty: nobody identifies.
        redis_url: Shared by several workers; empty: one worker, SQLite.
        var: Folder of run-time data.
        proxies: How many proxies in front write X-Forwarded-For.
    """

    session_secret: str
    stream_secret: str
    origins: Tuple[str, ...]
    identity_secret: str = ""
    redis_url: str = ""
    var: Path = Path("var")
    proxies: int = 0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "WebOptions":
        """The options of the FRONTDESK_ variables.

        Raises:
            ValueError: A secret is missing, or an origin is none.
        """
        given = environ.get("FRONTDESK_WEB_ORIGINS", "").split(",")
        origins = tuple(text.strip().rstrip("/") for text in given if text.strip())
        for origin in origins:
            if not origin.startswith(("https://", "http://")) or "*" in origin:
                raise ValueError(
                    f"FRONTDESK_WEB_ORIGINS holds {origin!r}. Name each page's "
                    "scheme, host and port, as in 'https://shop.example'."
                )
        stream_secret = environ.get("FRONTDESK_WEB_STREAM_SECRET", "")
        if len(stream_secret) < 16:
            raise ValueError(
                "FRONTDESK_WEB_STREAM_SECRET is missing or shorter than 16 "
                "characters. Set the same long random text for Rasa and the action "
                "server, or start with `make serve`, which makes one."
            )
        identity_secret = environ.get("FRONTDESK_IDENTITY_SECRET", "")
        if 0 < len(identity_secret) < 32:
            raise ValueError(
                "FRONTDESK_IDENTITY_SECRET is shorter than 32 characters. Set it to a "
                "long random text, the same here and on the shop's server."
            )
        return cls(
            session_secret=environ.get("FRONTDESK_WEB_SESSION_SECRET", ""),
            stream_secret=stream_secret,
            origins=origins,
            identity_secret=identity_secret,
            redis_url=environ.get("FRONTDESK_WEB_REDIS_URL", ""),
            var=Path(environ.get("FRONTDESK_VAR") or "var"),
            proxies=int(environ.get("FRONTDESK_WEB_PROXIES") or 0),
        )


class WebOutput(OutputChannel):
    """Messages that belong to no turn: a person's, a reminder's."""

    def __init__(self, server: AsyncServer, log: ConversationLog) -> None:
        """An output that writes to the log, then to all tabs."""
        self._server = server
        self._log = log

    @classmethod
    def name(cls) -> str:
        return "web"

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        shaped = bot_message(message)
        if is_visible(shaped):
            stored = await self._log.append(recipient_id, shaped)
            await self._server.emit("bot_uttered", stored, room=recipient_id)


class WebInput(InputChannel):
    """The channel of browsers."""

    @classmethod
    def name(cls) -> str:
        return "web"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> "WebInput":
        """The channel with the options of the environment."""
        return cls(WebOptions.from_environ(os.environ))

    def __init__(
        self,
        options: WebOptions,
        turns: Optional[Turns] = None,
        limits: Optional[Limits] = None,
    ) -> None:
        """A channel that opens files and connections with its first customer.

        Raises:
            ValueError: The session secret is too short.
        """
        self._options = options
        self._turns = turns or Turns()
        self._limits = limits or Limits()
        self.tokens = SessionTokens(options.session_secret)
        self.log: ConversationLog = SqliteLog(options.var / "web.db")
        self.live: Live = LocalLive()
        manager = None
        if options.redis_url:
            self.log, self.live = (
                RedisLog(options.redis_url),
                RedisLive(options.redis_url),
            )
            manager = AsyncRedisManager(options.redis_url, channel="frontdesk-web")
        self.server = AsyncServer(
            async_mode="sanic",
            client_manager=manager,
            cors_allowed_origins=list(options.origins) or None,
            max_http_buffer_size=MAX_BODY,
        )
        self.conversations: Optional[Conversations] = None
        self._context = SimpleNamespace(app=None)

    def get_output_channel(self) -> OutputChannel:
        return WebOutput(self.server, self.log)

    def blueprint(
        self, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> Blueprint:
        self.conversations = conversations = Conversations(
            self.name(),
            self.log,
            self.live,
            self._turns,
            self._send,
            on_new_message,
            self._agent,
        )
        Sockets(
            self.server,
            self.tokens,
            self.log,
            self.live,
            conversations,
            self._agent,
            identity_secret=self._options.identity_secret,
            var=self._options.var,
            proxies=self._options.proxies,
            limits=self._limits,
        )
        routes = _Routes(self.server, SOCKET_PATH, "frontdesk_web", __name__)
        self._context = routes.ctx

        @routes.listener("before_server_stop")
        async def finish(app: Sanic, loop: Any) -> None:
            await conversations.finish(_FINISH_S)
            await self.log.close()
            await self.live.shut()

        @routes.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            return _json(200, {"status": "ok"})

        @routes.route("/stream", methods=["POST"], stream=True)
        async def stream(request: Request) -> HTTPResponse:
            return await self._internal(request, self._add)

        @routes.route("/stream/wait", methods=["POST"], stream=True)
        async def wait(request: Request) -> HTTPResponse:
            return await self._internal(request, self._wait)

        return routes

    def _agent(self) -> Optional[Agent]:
        app = self._context.app
        return getattr(app.ctx, "agent", None) if app is not None else None

    async def _send(self, event: str, session: str, payload: Dict[str, Any]) -> None:
        await self.server.emit(event, payload, room=session)

    async def _internal(
        self,
        request: Request,
        work: Callable[[str, Dict[str, Any]], Awaitable[HTTPResponse]],
    ) -> HTTPResponse:
        """Answer the action server, and nobody without its secret."""
        given = request.headers.get("x-stream-secret", "")
        secret = self._options.stream_secret
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return _json(403, {"error": "X-Stream-Secret is missing or wrong."})
        body = bytearray()
        while (part := await request.stream.read()) is not None:
            body += part
            if len(body) > MAX_BODY:
                return _json(413, {"error": f"The body is over {MAX_BODY} bytes."})
        try:
            data = json.loads(body)
            return await work(str(data["sender_id"]), data)
        except (ValueError, TypeError, KeyError, RecursionError):
            return _json(400, {"error": "Send what docs/web-channel.md describes."})
        except LogError as error:
            return _json(503, {"error": str(error)})

    async def _add(self, session: str, data: Dict[str, Any]) -> HTTPResponse:
        event = data["event"]
        stream_id, seq = str(event["stream_id"]), int(event["seq"])
        delta, stage = str(event.get("delta", "")), str(event.get("stage", ""))
        if len(delta) > MAX_DELTA or (stage and stage not in STAGES):
            raise ValueError
        if not await self.live.is_wanted(stream_id, session):
            return _json(410, {"wanted": False})
        if await self.live.add(stream_id, session, seq, delta, stage):
            shown = {"stream_id": stream_id, "seq": seq}
            shown.update({"delta": delta} if delta else {"stage": stage})
            await self._send("bot_stream", session, shown)
        return _json(200, {"wanted": True})

    async def _wait(self, session: str, data: Dict[str, Any]) -> HTTPResponse:
        """Answers as soon as nobody wants the stream any more."""
        stream_id, end = str(data["stream_id"]), time.monotonic() + WAIT_S
        while await self.live.is_wanted(stream_id, session):
            if time.monotonic() > end:
                return _json(200, {"wanted": True})
            await asyncio.sleep(_LOOK_S)
        return _json(200, {"wanted": False})


class _Routes(SocketBlueprint):
    """Routes that know the application they were added to."""

    def register(self, app: Sanic, options: Dict[str, Any]) -> None:
        self.ctx.app = app
        super().register(app, options)


def _json(status: int, value: object) -> HTTPResponse:
    return HTTPResponse(as_json(value), status, content_type="application/json")
