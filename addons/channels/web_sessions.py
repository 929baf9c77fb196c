"""Who is connected, in which session and as which customer."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, Optional

from socketio import AsyncServer

from addons.channels.guard import MAX_CHARACTERS
from addons.channels.web_limits import Limits, Rates
from addons.channels.web_live import Live
from addons.channels.web_log import ConversationLog
from addons.channels.web_messages import MAX_PAGE, PAGE, read_number
from addons.channels.web_tokens import (
    Customer,
    IdentityError,
    Session,
    SessionTokens,
    read_identity,
)
from addons.channels.web_turns import Conversations

logger = logging.getLogger(__name__)

SORRY = "I'm sorry, that didn't reach us. Please try again in a moment."
TOO_FAST = "That was a lot at once. Please wait a moment, then go on."


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

    @property
    def id(self) -> str:
        """The session's id; only where a session was opened."""
        assert self.session is not None
        return self.session.id


class Sessions:
    """Opens sessions to connections, and closes them."""

    def __init__(
        self,
        server: AsyncServer,
        tokens: SessionTokens,
        log: ConversationLog,
        live: Live,
        conversations: Conversations,
        limits: Limits,
        identity_secret: str,
    ) -> None:
        """No connection yet; the arguments are those of Sockets."""
        self._server = server
        self._tokens = tokens
        self._log = log
        self._live = live
        self._conversations = conversations
        self._limits = limits
        self._identity_secret = identity_secret
        self._rates = Rates()
        self.connections: Dict[str, Connection] = {}

    async def request(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        """Answer `session_request`: a session, and what it missed."""
        after = read_number(data, "after") or 0
        session = self._tokens.open(data.get("token"))
        if session is not None and await self._log.is_ended(session.id):
            session = None
        resumed = session is not None
        if session is None:
            limit = self._limits.address_sessions_per_minute
            self.count("sessions", connection.address, limit)
            session = self._tokens.create()
        await self._enter(sid, connection, session)
        if data.get("identity_token") is not None:
            try:
                await self._recognise(sid, connection, data["identity_token"])
            except IdentityError as error:
                logger.info("No identity in %r: %s", session.id, error)
        resumed = resumed and connection.session == session
        messages, more = await self._log.history(
            connection.id, MAX_PAGE if after else PAGE, after if resumed else 0
        )
        waiting = bool(await self._log.waiting(connection.id))
        if waiting:
            self._conversations.kick(connection.id)
        return {
            **self._described(connection),
            "resumed": resumed,
            "messages": messages,
            "more": more,
            "stream": await self._live.current(connection.id),
            "busy": waiting,
            "limits": {"characters": MAX_CHARACTERS},
        }

    async def identify(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        """Answer `identify`: who the customer is from now on."""
        connection.customer = None
        before = connection.session
        if data.get("identity_token") is not None:
            await self._recognise(sid, connection, data["identity_token"])
        replaced = connection.session != before
        return {**self._described(connection), "replaced": replaced}

    async def end(
        self, sid: str, connection: Connection, data: Dict[str, Any]
    ) -> Dict[str, Any]:
        """Answer `session_end`: nobody opens this session again."""
        session = connection.id
        await self._log.end(session)
        await self._server.emit("session_ended", {}, room=session, skip_sid=sid)
        for other_sid, other in self.connections.items():
            if other.session is not None and other.session.id == session:
                other.session = other.customer = None
                await self._server.leave_room(other_sid, session)
        return {}

    async def opened(self, connection: Connection) -> str:
        """The session's id.

        Raises:
            RefusalError: It was ended, maybe at another worker.
        """
        if await self._log.is_ended(connection.id):
            connection.session = connection.customer = None
            raise RefusalError("no_session", SORRY)
        return connection.id

    async def _recognise(self, sid: str, connection: Connection, token: object) -> None:
        """Take a customer's token; another customer's session is left for a new one."""
        customer = read_identity(token, self._identity_secret, connection.id)
        owner = await self._log.bind(connection.id, customer.id)
        if owner != customer.id:
            await self._enter(sid, connection, self._tokens.create())
            customer = read_identity(token, self._identity_secret, connection.id)
            await self._log.bind(connection.id, customer.id)
        connection.customer = customer

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

    def count(self, kind: str, name: str, per_minute: int) -> None:
        """Count one of something.

        Raises:
            RefusalError: That was one too many.
        """
        wait_s = self._rates.wait_s(kind, name, per_minute)
        if wait_s:
            seconds = round(wait_s + 0.05, 1)
            raise RefusalError("rate_limited", TOO_FAST, retry_after_s=seconds)
