"""`POST /webhooks/rest/webhook {"sender", "message"}` for machines and load tests.

Answers a list of messages, never an empty one. Callers on this machine need no token;
all others send `Authorization: Bearer` with the value of FRONTDESK_REST_TOKEN.
"""

import hmac
import ipaddress
import json
import os
from typing import Any, Awaitable, Callable, Dict, Optional

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from addons.channels.base import Reply, Turns, accept_command, as_json
from addons.channels.guard import (
    RefusedMessageError,
    SenderError,
    guard_sender,
    guard_text,
)

# A message has 2,000 characters at most. A larger body is still read, so that someone
# who pastes a novel gets a sentence rather than an error, but not without end.
MAX_BODY = 4 * 1024 * 1024
# Set by proxies and browsers: such a request did not start on this machine, or not by
# the will of the one who sits at it.
_NOT_LOCAL = ("forwarded", "x-forwarded-for", "x-real-ip", "via", "origin")


class RequestError(Exception):
    """A request that is answered with an HTTP error."""

    def __init__(self, status: int, reason: str) -> None:
        """The error; `reason` is one sentence for the developer of the caller."""
        super().__init__(reason)
        self.status = status


class RestInput(InputChannel):
    """The REST channel; it decides by itself who is talking and on which channel."""

    @classmethod
    def name(cls) -> str:
        return "rest"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> "RestInput":
        """The channel with the token of the environment; the file holds no secret."""
        return cls(token=os.environ.get("FRONTDESK_REST_TOKEN", ""))

    def __init__(self, token: str = "", turns: Optional[Turns] = None) -> None:
        """A channel that callers from elsewhere may use with `token`, if it is set."""
        self._token = token
        self._turns = turns or Turns()

    def blueprint(
        self, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> Blueprint:
        webhook = Blueprint("frontdesk_rest", __name__)

        @webhook.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            return _json(200, {"status": "ok"})

        @webhook.route("/webhook", methods=["POST"], stream=True)
        async def receive(request: Request) -> HTTPResponse:
            try:
                self._check_caller(request)
                body = _parse(await _read(request))
                sender = guard_sender(body.get("sender"))
            except RequestError as error:
                return _json(error.status, {"error": str(error)})
            except SenderError as error:
                return _json(400, {"error": str(error)})
            agent = getattr(request.app.ctx, "agent", None)
            try:
                text = guard_text(body.get("message"))
                text = await accept_command(agent, sender, text)
            except RefusedMessageError as error:
                return _json(200, [{"recipient_id": sender, "text": str(error)}])
            message = UserMessage(
                text, Reply(self.name()), sender, input_channel=self.name()
            )
            return _json(200, await self._turns.run(on_new_message, agent, message))

        return webhook

    def _check_caller(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        expected = f"Bearer {self._token}"
        if self._token and hmac.compare_digest(given.encode(), expected.encode()):
            return
        if given or not _is_local(request):
            raise RequestError(
                401,
                "This channel answers callers on its own machine and those who send "
                "'Authorization: Bearer' with the value of FRONTDESK_REST_TOKEN.",
            )


def _is_local(request: Request) -> bool:
    if any(header in request.headers for header in _NOT_LOCAL):
        return False
    try:
        return ipaddress.ip_address(request.ip).is_loopback
    except ValueError:
        return False


async def _read(request: Request) -> bytes:
    body = bytearray()
    while True:
        part = await request.stream.read()
        if part is None:
            return bytes(body)
        body += part
        if len(body) > MAX_BODY:
            raise RequestError(
                413, f"The body has more than {MAX_BODY} bytes. Send a shorter message."
            )


def _parse(body: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError(
            400, 'The body is no JSON. Send {"sender": "...", "message": "..."}.'
        ) from None
    if not isinstance(value, dict):
        raise RequestError(
            400, 'The body is no JSON object. Send {"sender": "...", "message": "..."}.'
        )
    return value


def _json(status: int, value: object) -> HTTPResponse:
    return HTTPResponse(as_json(value), status, content_type="application/json")
