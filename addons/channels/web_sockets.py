"""The events a browser may send, each answered by one acknowledgement.

docs/web-channel.md describes them.
"""

import asyncio
import logging
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, Iterator, Optional

from rasa.core.agent import Agent
from socketio import AsyncServer

from addons.channels.base import accept_command
from addons.channels.guard import (
    EMPTY,
    NO_TEXT,
    TOO_LONG,
    RefusedMessageError,
    is_command,
)
from addons.channels.web_feedback import record_feedback
from addons.channels.web_limits import Limits
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
from addons.channels.web_sessions import (
    SORRY,
    TOO_FAST,
    Connection,
    RefusalError,
    Sessions,
)
from addons.channels.web_tokens import IdentityError, SessionTokens
from addons.channels.web_turns import Conversations

logger = logging.getLogger(__name__)

# The widget always shows "talk to a person".
ALWAYS_OFFERED = ("/talk_to_person",)
_CODES = {EMPTY: "empty", NO_TEXT: "not_text", TOO_LONG: "too_long"}
_NAMES = {"user": "Customer", "bot": "Assistant", "agent": "Support"}
_TRANSCRIPT_MESSAGES = 2000
_CONTEXT_MESSAGES = 20

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
        sessions = Sessions(
            server, tokens, log, live, conversations, limits, identity_secret
        )
        self._server = server
        self._sessions = sessions
        self._log = log
        self._live = live
        self._conversations = conversations
        self._agent = agent
        self._var = var
        self._proxies = proxies
        self._limits = limits
        server.on("connect", self._connect)
        server.on("disconnect", self._disconnect)
        self._register("session_request", sessions.request)
        self._register("identify", sessions.identify)
        self._register("session_end", sessions.end)
        self._register("history", self._history)
        for name in ("user_uttered", "stop", "transcript", "feedback", "rating"):
            self._register(name, getattr(self, f"_{name}"))

    async def _connect(self, sid: str, environ: Dict[str, Any], *_: Any) -> bool:
        address = _address(environ, self._proxies)
        here = sum(c.address == address for c in self._sessions.connections.values())
        if here >= self._limits.address_connections:
            return False
        self._sessions.connections[sid] = Connection(address)
        return True

    async def _disconnect(self, sid: str, *_: Any) -> None:
        self._sessions.connections.pop(sid, None)

    def _register(self, name: str, work: Work) -> None:
        async def receive(sid: str, *data: Any) -> Dict[str, Any]:
            connection = self._sessions.connections.get(sid)
            if connection is None:
                return {"ok": False, "error": "no_session", "text": SORRY}
            async with connection.lock:  # what one tab sends is taken in order
                return await self._answer(name, work, sid, connection, data)

        self._server.on(name, receive)

    async def _answer(
        self, name: str, work: Work, sid: str, connection: Connection, data: Any
    ) -> Dict[str, Any]:
        try:
            if connection.session is None and name != "session_request":
                raise RefusalError("no_session", SORRY)
            self._sessions.count("events", sid, self._limits.session_events_per_minute)
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
        return {"ok": False, "error": "unavailable", "text": SORRY}

    async def _user_uttered(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        incoming = read_message(data)
        session = await self._sessions.opened(connection)
        limits = self._limits
        self._sessions.count("messages", session, limits.session_messages_per_minute)
        address = connection.address
        self._sessions.count("messages by", address, limits.address_messages_per_minute)
        if len(await self._log.waiting(session)) >= limits.waiting_messages:
            raise RefusalError("rate_limited", TOO_FAST, retry_after_s=5)
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
            await self._sessions.opened(connection),
            min(MAX_PAGE, read_number(data, "limit") or PAGE),
            read_number(data, "after") or 0,
            read_number(data, "before"),
        )
        return {"messages": messages, "more": more}

    async def _transcript(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        session = await self._sessions.opened(connection)
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
        return {"stopping": await self._live.stop(stream_id, connection.id)}

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
        session, seq = await self._sessions.opened(connection), feedback.seq
        before = seq + 1 if seq else None
        messages, _ = await self._log.history(session, _CONTEXT_MESSAGES, 0, before)
        if seq and not any(m["seq"] == seq and m["role"] != "user" for m in messages):
            raise BadRequestError(f"'seq' is {seq}, which is no message of ours.")
        loop = asyncio.get_running_loop()
        record = (record_feedback, self._var, session, feedback, messages)
        await loop.run_in_executor(None, *record)
        return {}


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
