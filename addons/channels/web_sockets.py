"""The events a browser may send, each answered by one acknowledgement.

docs/web-channel.md describes them.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, Iterator, Optional

from rasa.core.agent import Agent
from socketio import AsyncServer

from addons.channels.base import accept_command
from addons.channels.guard import (
    EMPTY,
    MAX_CHARACTERS,
    NO_TEXT,
    TOO_LONG,
    RefusedMessageError,
    is_command,
)
from addons.channels.web_feedback import record_feedback
from addons.channels.web_limits import Limits, Rates
from addons.channels.web_live import Live
from addons.channels.web_log import ConversationLog, LogError
from addons.channels.web_messages import (
    MAX_PAGE,
    PAGE,
    BadRequestError,
    Feedback,
    Incoming,
    as_object,
    read_feedback,
    read_message,
    read_number,
    read_rating,
    transcript,
    user_message,
)
from addons.channels.web_tokens import (
    Customer,
    IdentityError,
    Session,
    SessionTokens,
    read_identity,
)
from addons.channels.web_turns import Conversations

logger = logging.getLogger(__name__)

# The widget always shows "talk to a person".
ALWAYS_OFFERED = ("/talk_to_person",)
_CODES = {EMPTY: "empty", NO_TEXT: "not_text", TOO_LONG: "too_long"}
_SORRY = "I'm sorry, that didn't reach us. Please try again in a moment."
_TOO_FAST = "That was a lot at once. Please wait a moment, then go on."
_NAMES = {"user": "Customer", "bot": "Assistant", "agent": "Support"}
_TRANSCRIPT_MESSAGES = 2000
_CONTEXT_MESSAGES = 20


class RefusalError(Exception):
    """An event that is refused with a code of the protocol."""

    def __init__(self, code: str, text: str, **more: Any) -> None:
        """The refusal, with a sentence and more fields for the client."""
        super().__init__(text)
        self.answer = {"ok": False, "error": code, "text": text, **more}


@dataclass
class Connection:
    """One connected tab."""

    address: str
    session: Optional[Session] = None
    customer: Optional[Customer] = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


Work = Callable[[str, Connection, Dict[str, Any]], Awaitable[Dict[str, Any]]]


class Sockets:
    """Connections and what they may do."""

    def __init__(
        self,
        server: AsyncServer,
        tokens: SessionTokens,
        log: ConversationLog,
        live: Live,
        conversations: Conversations,
        agent: Callable[[], Optional[Agent]],
        *,
        identity_secret: str,
        var: Path,
        proxies: int,
        limits: Limits,
    ) -> None:
        """Registers all events at `server`.

        Args:
            server: Where browsers connect.
            tokens: Signs and opens sessions.
            log: What was said.
            live: What is being said.
            conversations: Answers what is stored.
            agent: The agent in force.
            identity_secret: Shared with the shop's server; empty: nobody identifies.
            var: Where feedback is recorded.
            proxies: How many proxies in front write X-Forwarded-For.
            limits: How much is allowed.
        """
        self._server = server
        self._tokens = tokens
        self._log = log
        self._live = live
        self._conversations = conversations
        self._agent = agent
        self._identity_secret = identity_secret
        self._var = var
        self._proxies = proxies
        self._limits = limits
        self._rates = Rates()
        self._connections: Dict[str, Connection] = {}
        server.on("connect", self._connect)
        server.on("disconnect", self._disconnect)
        for name in ("session_request", "identify", "session_end", "history"):
            self._register(name, getattr(self, f"_{name}"))
        for name in ("user_uttered", "stop", "transcript", "feedback", "rating"):
            self._register(name, getattr(self, f"_{name}"))

    async def _connect(self, sid: str, environ: Dict[str, Any], *_: Any) -> bool:
        address = _address(environ, self._proxies)
        here = sum(c.address == address for c in self._connections.values())
        if here >= self._limits.address_connections:
            return False
        self._connections[sid] = Connection(address)
        return True

    async def _disconnect(self, sid: str, *_: Any) -> None:
        self._connections.pop(sid, None)

    def _register(self, name: str, work: Work) -> None:
        async def receive(sid: str, *data: Any) -> Dict[str, Any]:
            connection = self._connections.get(sid)
            if connection is None:
                return {"ok": False, "error": "no_session", "text": _SORRY}
            async with connection.lock:  # what one tab sends is taken in order
                return await self._answer(name, work, sid, connection, data)

        self._server.on(name, receive)

    async def _answer(
        self, name: str, work: Work, sid: str, connection: Connection, data: Any
    ) -> Dict[str, Any]:
        try:
            if connection.session is None and name != "session_request":
                raise RefusalError("no_session", _SORRY)
            self._count("events", sid, self._limits.session_events_per_minute)
            body = as_object(data[0] if data else None)
            return {"ok": True, **await work(sid, connection, body)}
        except RefusalError as error:
            return error.answer
        except RefusedMessageError as error:
            code = _CODES.get(str(error), "empty")
            return {"ok": False, "error": code, "text": str(error)}
        except BadRequestError as error:
            return {"ok": False, "error": "bad_request", "text": str(error)}
        except IdentityError as error:
            logger.info("%s of %s: %s", name, connection.session, error)
            return {"ok": False, "error": "identity", "text": str(error)}
        except (LogError, OSError) as error:
            logger.error("%s of %s failed: %s", name, connection.session, error)
        except Exception:
            # The entry point of a browser's event: it must be answered.
            logger.exception("%s of %s failed.", name, connection.session)
        return {"ok": False, "error": "unavailable", "text": _SORRY}

    async def _session_request(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        after = read_number(data, "after") or 0
        session = self._tokens.open(data.get("token"))
        if session is not None and await self._log.is_ended(session.id):
            session = None
        resumed = session is not None
        if session is None:
            limit = self._limits.address_sessions_per_minute
            self._count("sessions", connection.address, limit)
            session = self._tokens.create()
        await self._enter(sid, connection, session)
        if data.get("identity_token") is not None:
            try:
                await self._recognise(sid, connection, data["identity_token"])
            except IdentityError as error:
                logger.info("No identity in %r: %s", session.id, error)
        resumed = resumed and connection.session == session
        messages, more = await self._log.history(
            _id(connection), MAX_PAGE if after else PAGE, after if resumed else 0
        )
        waiting = bool(await self._log.waiting(_id(connection)))
        if waiting:
            self._conversations.kick(_id(connection))
        return {
            **self._described(connection),
            "resumed": resumed,
            "messages": messages,
            "more": more,
            "stream": await self._live.current(_id(connection)),
            "busy": waiting,
            "limits": {"characters": MAX_CHARACTERS},
        }

    async def _identify(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        connection.customer = None
        before = connection.session
        if data.get("identity_token") is not None:
            await self._recognise(sid, connection, data["identity_token"])
        replaced = connection.session != before
        return {**self._described(connection), "replaced": replaced}

    async def _recognise(self, sid: str, connection: Connection, token: object) -> None:
        """Take a customer's token; another customer's session is left for a new one."""
        customer = read_identity(token, self._identity_secret, _id(connection))
        owner = await self._log.bind(_id(connection), customer.id)
        if owner != customer.id:
            await self._enter(sid, connection, self._tokens.create())
            customer = read_identity(token, self._identity_secret, _id(connection))
            await self._log.bind(_id(connection), customer.id)
        connection.customer = customer

    async def _session_end(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        session = _id(connection)
        await self._log.end(session)
        await self._server.emit("session_ended", {}, room=session, skip_sid=sid)
        for other_sid, other in self._connections.items():
            if other.session is not None and other.session.id == session:
                other.session = other.customer = None
                await self._server.leave_room(other_sid, session)
        return {}

    async def _user_uttered(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        incoming = read_message(data)
        session = await self._open_session(connection)
        limits = self._limits
        self._count("messages", session, limits.session_messages_per_minute)
        address = connection.address
        self._count("messages by", address, limits.address_messages_per_minute)
        if len(await self._log.waiting(session)) >= limits.waiting_messages:
            raise RefusalError("rate_limited", _TOO_FAST, retry_after_s=5)
        text = incoming.text
        if text not in ALWAYS_OFFERED:
            text = await accept_command(self._agent(), session, text)
        title = await self._checked_title(session, incoming)
        shown = Incoming(incoming.id, text, title, incoming.context)
        turn: Dict[str, Any] = {"text": text, "context": incoming.context}
        turn["pressed"] = bool(title) or is_command(text)
        customer = connection.customer
        if customer is not None:
            turn["identity_token"] = customer.token
        stored, new = await self._log.accept(session, user_message(shown), turn)
        if new:
            await self._server.emit("user_uttered", stored, room=session, skip_sid=sid)
        self._conversations.kick(session)
        answer = {"seq": stored["seq"], "at": stored["at"]}
        return answer if new else {**answer, "duplicate": True}

    async def _checked_title(self, session: str, incoming: Incoming) -> str:
        """The label, if a button of this conversation has it with this payload."""
        if not incoming.title or incoming.text in ALWAYS_OFFERED:
            return incoming.title
        messages, _ = await self._log.history(session, MAX_PAGE)
        offered = {
            (str(button.get("title")), str(button.get("payload")))
            for message in messages
            for button in _buttons(message)
        }
        return incoming.title if (incoming.title, incoming.text) in offered else ""

    async def _history(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        messages, more = await self._log.history(
            await self._open_session(connection),
            min(MAX_PAGE, read_number(data, "limit") or PAGE),
            read_number(data, "after") or 0,
            read_number(data, "before"),
        )
        return {"messages": messages, "more": more}

    async def _transcript(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        session = await self._open_session(connection)
        messages, _ = await self._log.history(session, _TRANSCRIPT_MESSAGES)
        day = datetime.now(timezone.utc).date().isoformat()
        text = transcript(messages, _NAMES)
        return {"filename": f"conversation-{day}.txt", "text": text}

    async def _stop(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        stream_id = data.get("stream_id")
        if not isinstance(stream_id, str) or len(stream_id) > 64:
            raise BadRequestError("'stream_id' is missing; name the reply to stop.")
        return {"stopping": await self._live.stop(stream_id, _id(connection))}

    async def _feedback(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        return await self._record(connection, read_feedback(data))

    async def _rating(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        return await self._record(connection, read_rating(data))

    async def _record(
        self, connection: Connection, feedback: Feedback
    ) -> Dict[str, Any]:
        session, seq = await self._open_session(connection), feedback.seq
        before = seq + 1 if seq else None
        messages, _ = await self._log.history(session, _CONTEXT_MESSAGES, 0, before)
        if seq and not any(m["seq"] == seq and m["role"] != "user" for m in messages):
            raise BadRequestError(f"'seq' is {seq}, which is no message of ours.")
        loop = asyncio.get_running_loop()
        record = (record_feedback, self._var, session, feedback, messages)
        await loop.run_in_executor(None, *record)
        return {}

    async def _open_session(self, connection: Connection) -> str:
        """The session's id.

        Raises:
            RefusalError: It was ended, maybe at another worker.
        """
        if await self._log.is_ended(_id(connection)):
            connection.session = connection.customer = None
            raise RefusalError("no_session", _SORRY)
        return _id(connection)

    async def _enter(self, sid: str, connection: Connection, session: Session) -> None:
        if connection.session is not None and connection.session != session:
            await self._server.leave_room(sid, connection.session.id)
        connection.session, connection.customer = session, None
        await self._server.enter_room(sid, session.id)

    def _described(self, connection: Connection) -> Dict[str, Any]:
        assert connection.session is not None
        token, expires = self._tokens.sign(connection.session)
        customer = connection.customer
        known = customer and {"id": customer.id, "name": customer.name}
        return {
            "token": token,
            "session_id": connection.session.id,
            "expires_at": datetime.fromtimestamp(expires, timezone.utc).isoformat(),
            "customer": known,
        }

    def _count(self, kind: str, name: str, per_minute: int) -> None:
        wait_s = self._rates.wait_s(kind, name, per_minute)
        if wait_s:
            seconds = round(wait_s + 0.05, 1)
            raise RefusalError("rate_limited", _TOO_FAST, retry_after_s=seconds)


def _id(connection: Connection) -> str:
    assert connection.session is not None
    return connection.session.id


def _buttons(value: Any) -> Iterator[Dict[str, Any]]:
    """Whatever has a payload, also inside cards and custom parts."""
    if isinstance(value, dict):
        if "payload" in value:
            yield value
        for part in value.values():
            yield from _buttons(part)
    elif isinstance(value, list):
        for part in value:
            yield from _buttons(part)


def _address(environ: Dict[str, Any], proxies: int) -> str:
    request = environ.get("sanic.request")
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies:
        return str(forwarded[-proxies].strip())
    return str(getattr(request, "ip", ""))
