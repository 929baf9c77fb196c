"""One customer on two channels: an explicit link, proved by a one-time code.

    on the first channel    link chats      -> a code that is good for ten minutes
    on the second one       link K7QX-M2PD  -> what that would join
                            link yes        -> joined; the first channel is told
    on either               unlink          -> separate again

From then on both run as one conversation, that of the first channel. Answers go where
the question came from. What was said before on the second channel stays where it was,
and `linked` names it (docs/channels/linking.md). Nobody is ever linked by a name, a
number or an address that looks alike.
"""

import hashlib
import re
import secrets
import time
from typing import Any, Awaitable, Callable, Dict, List, Optional

from sqlalchemy import text
from sqlalchemy.engine import Connection

from addons.channels.database import Database

CODE_S = 600.0
MAX_WRONG = 5  # codes in an hour, from one sender
_HOUR_S = 3600.0
# Nothing that is read as something else (0 and O, 1 and I, U and V).
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"

_ASK = re.compile(r"link( my)? chats?[.!]?", re.IGNORECASE)
_CLAIM = re.compile(
    rf"link ([{_ALPHABET}]{{4}})[- ]?([{_ALPHABET}]{{4}})", re.IGNORECASE
)
_CONFIRM = re.compile(r"link yes[.!]?", re.IGNORECASE)
_UNLINK = re.compile(r"unlink( my)?( chats?)?[.!]?", re.IGNORECASE)

_NAMES = {
    "mail": "email",
    "meta": "Messenger or Instagram",
    "slack": "Slack",
    "telegram": "Telegram",
    "twilio": "SMS or WhatsApp",
    "webhook": "our app",
    "whatsapp": "WhatsApp",
}

CODE = (
    "Your code is {code}. Write “link {code}” to us on the other channel within ten "
    "minutes. Give it to nobody: whoever has it can read this chat with you."
)
CONFIRM = (
    "This joins this chat with one on {name}: what is said in one is known in the "
    "other. If both are yours, write “link yes”. If somebody asked you to, don't."
)
LINKED = "Done: this chat and the one on {name} are one now. “unlink” separates them."
TOLD = (
    "This chat is now joined with one on {name}. If that wasn't you, write “unlink” "
    "right away."
)
WRONG = (
    "That code is wrong, used or older than ten minutes. Write “link chats” on the "
    "other channel for a new one."
)
TOO_MANY = "Too many wrong codes. Please try again in an hour."
SAME = "These chats are one already."
UNLINKED = "Done: your chats are separate again."

Push = Callable[[str, List[Dict[str, Any]]], Awaitable[None]]

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS links (
    address TEXT PRIMARY KEY, conversation TEXT NOT NULL,
    linked_at DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS link_codes (
    address TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, claimed_by TEXT,
    expires_at DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS link_failures (
    address TEXT NOT NULL, failed_at DOUBLE PRECISION NOT NULL)""",
)
_ISSUE = """INSERT INTO link_codes (address, code, claimed_by, expires_at)
VALUES (:address, :code, NULL, :expires) ON CONFLICT (address) DO UPDATE
SET code = excluded.code, claimed_by = NULL, expires_at = excluded.expires_at"""
_TAKE = """UPDATE link_codes SET claimed_by = :address, code = :spent
WHERE code = :code AND expires_at > :now AND address <> :address RETURNING address"""
_FINISH = """DELETE FROM link_codes WHERE claimed_by = :address AND expires_at > :now
RETURNING address"""
_JOIN = """INSERT INTO links (address, conversation, linked_at)
VALUES (:address, :conversation, :now) ON CONFLICT (address) DO UPDATE
SET conversation = excluded.conversation, linked_at = excluded.linked_at"""


class Links:
    """Which senders share a conversation; kept beside the deliveries."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        """The links of a database, as an SQLAlchemy URL."""
        self._database = Database(url)
        self._clock = clock
        self._push: Dict[str, Push] = {}

    async def open(self) -> None:
        """Create the tables that are missing."""

        def work(connection: Connection) -> None:
            if connection.dialect.name == "postgresql":  # two workers starting at once
                connection.execute(text("SELECT pg_advisory_xact_lock(7282)"))
            for statement in _SCHEMA:
                connection.execute(text(statement))

        await self._database.run(work)

    async def close(self) -> None:
        await self._database.close()

    def tell_by(self, channel: str, push: Push) -> None:
        """How customers of a channel are told that somebody joined their chat."""
        self._push[channel] = push

    async def conversation_of(self, address: str) -> str:
        """The conversation a sender is in: their own, or the one they joined."""
        return await self._database.run(lambda found: _conversation(found, address))

    async def address_on(self, channel: str, conversation: str) -> str:
        """Whom to write to on a channel for a conversation."""
        start = f"{channel}:"
        if conversation.startswith(start):
            return conversation
        joined = [
            one for one in await self.linked(conversation) if one.startswith(start)
        ]
        return joined[-1] if joined else conversation

    async def linked(self, conversation: str) -> List[str]:
        """The senders that joined a conversation, oldest first; each has a history."""

        def work(connection: Connection) -> List[str]:
            rows = connection.execute(
                text(
                    "SELECT address FROM links WHERE conversation = :c "
                    "ORDER BY linked_at"
                ),
                {"c": conversation},
            )
            return [row.address for row in rows]

        return await self._database.run(work)

    async def answer(self, address: str, said: str) -> Optional[str]:
        """The answer to words about linking; None for all other words."""
        words = " ".join(said.split())
        claim = _CLAIM.fullmatch(words)
        if _ASK.fullmatch(words):
            return await self._issue(address)
        if claim and any(one.isdigit() for one in claim[1] + claim[2]):
            return await self._claim(address, f"{claim[1]}{claim[2]}".upper())
        if _CONFIRM.fullmatch(words):
            return await self._confirm(address)
        if _UNLINK.fullmatch(words):
            return await self._unlink(address)
        return None

    async def _issue(self, address: str) -> str:
        code = _new_code()
        values = {
            "address": address,
            "code": _digest(code),
            "expires": self._clock() + CODE_S,
        }
        await self._database.run(
            lambda connection: connection.execute(text(_ISSUE), values) and None
        )
        return CODE.format(code=f"{code[:4]}-{code[4:]}")

    async def _claim(self, address: str, code: str) -> str:
        now = self._clock()
        values = {
            "address": address,
            "code": _digest(code),
            "spent": secrets.token_hex(32),
            "now": now,
        }

        def work(connection: Connection) -> str:
            values["since"] = now - _HOUR_S
            connection.execute(text(_FORGET), values)
            failures = connection.execute(text(_FAILURES), values).scalar() or 0
            if failures >= MAX_WRONG:
                return TOO_MANY
            row = connection.execute(text(_TAKE), values).first()
            if row is None:
                connection.execute(text(_FAIL), values)
                return WRONG
            joined = _conversation(connection, row.address)
            if joined == _conversation(connection, address):
                connection.execute(text(_FINISH), values)
                return SAME
            return CONFIRM.format(name=_name(row.address))

        return await self._database.run(work)

    async def _confirm(self, address: str) -> Optional[str]:
        values = {"address": address, "now": self._clock()}

        def work(connection: Connection) -> Optional[str]:
            row = connection.execute(text(_FINISH), values).first()
            if row is None:
                return None
            values["conversation"] = _conversation(connection, row.address)
            connection.execute(text(_JOIN), values)
            # Who had joined this sender's chat comes along.
            connection.execute(text(_FOLLOW), values)
            return str(row.address)

        first = await self._database.run(work)
        if first is None:
            return None
        await self._tell(first, TOLD.format(name=_name(address)))
        return LINKED.format(name=_name(first))

    async def _unlink(self, address: str) -> Optional[str]:
        def work(connection: Connection) -> int:
            values = {"address": address}
            return int(connection.execute(text(_SEPARATE), values).rowcount)

        return UNLINKED if await self._database.run(work) else None

    async def _tell(self, address: str, words: str) -> None:
        push = self._push.get(address.split(":", 1)[0])
        if push is not None:
            await push(address, [{"text": words}])


async def links_of(app: Any, url: str) -> Links:
    """The links that all channels of a server share."""
    shared: Dict[str, Links] = app.ctx.__dict__.setdefault("links", {})
    if url not in shared:
        shared[url] = Links(url)
        await shared[url].open()
    return shared[url]


_FORGET = "DELETE FROM link_failures WHERE failed_at <= :since"
_FAILURES = "SELECT COUNT(*) FROM link_failures WHERE address = :address"
_FAIL = "INSERT INTO link_failures (address, failed_at) VALUES (:address, :now)"
_FOLLOW = """UPDATE links SET conversation = :conversation
WHERE conversation = :address AND address <> :address"""
_SEPARATE = "DELETE FROM links WHERE address = :address OR conversation = :address"


def _conversation(connection: Connection, address: str) -> str:
    found = connection.execute(
        text("SELECT conversation FROM links WHERE address = :a"), {"a": address}
    ).scalar()
    return str(found or address)


def _new_code() -> str:
    while True:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        if any(one.isdigit() for one in code):
            return code


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _name(address: str) -> str:
    channel = address.split(":", 1)[0]
    return _NAMES.get(channel, channel)
