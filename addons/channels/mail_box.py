"""The mailbox that customers write to, read by IMAP in a thread of its own.

Python's own client is used: it waits in its thread, so nobody else does. Asking every
few seconds instead of IDLE costs a mail that much delay and works with every server.
"""

import asyncio
import imaplib
import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, TypeVar

T = TypeVar("T")

TIMEOUT_S = 15.0
# Of a longer mail this much is read: its text comes first, then its files.
MAX_READ = 256 * 1024
MAX_AT_ONCE = 20
# Older unread mails are left to people: nobody wants answers to a full mailbox.
MAX_AGE_S = 24 * 3600.0

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")


class MailBoxError(Exception):
    """The mailbox cannot be used; the message is one sentence without secrets."""


@dataclass(frozen=True)
class Account:
    """A server, how to reach it and who we are there.

    Args:
        security: tls, starttls or none.
    """

    host: str
    port: int
    user: str
    password: str
    security: str = "tls"


@dataclass(frozen=True)
class RawMail:
    """A mail as it lies on the server; `size` bytes, of which `start` was read."""

    uid: str
    size: int
    start: bytes


class MailBox:
    """One folder of one account; after a failure the next call connects anew."""

    def __init__(self, account: Account, folder: str = "INBOX") -> None:
        """A mailbox that is not opened yet."""
        self._account = account
        self._folder = folder
        self._client: Optional[imaplib.IMAP4] = None
        self._thread = ThreadPoolExecutor(1, "mailbox")

    async def unread(self) -> List[RawMail]:
        """The oldest unread mails of the last day or two; they stay unread.

        Raises:
            MailBoxError: The server cannot be reached or says no.
        """
        return await self._run(self._unread)

    async def settle(self, uid: str, for_a_person: bool) -> None:
        """Mark a mail as read, and flag it if a person should look at it.

        Raises:
            MailBoxError: The server cannot be reached or says no.
        """
        flags = r"(\Seen \Flagged)" if for_a_person else r"(\Seen)"
        await self._run(lambda: self._do("UID", "STORE", uid, "+FLAGS.SILENT", flags))

    async def newest_headers(self) -> bytes:
        """The header lines of the newest mail; empty if there is none.

        Raises:
            MailBoxError: The server cannot be reached or says no.
        """
        return await self._run(self._newest_headers)

    async def close(self) -> None:
        """Log out; the next call logs in again."""
        await self._run(self._disconnect)

    async def _run(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return work()
            except (imaplib.IMAP4.error, OSError) as error:
                self._disconnect()
                reason = str(error) or type(error).__name__
                raise MailBoxError(
                    f"The mailbox of {self._account.user!r} at {self._account.host!r} "
                    f"cannot be read: {reason}"
                ) from None

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    def _unread(self) -> List[RawMail]:
        self._select()
        since = time.strftime("%d-%b-%Y", time.gmtime(time.time() - MAX_AGE_S))
        found = self._do("UID", "SEARCH", "UNSEEN", "UNDELETED", "SINCE", since)
        uids = found[0].split()[:MAX_AT_ONCE] if found and found[0] else []
        mails = []
        for uid in uids:
            what = f"(UID RFC822.SIZE BODY.PEEK[]<0.{MAX_READ}>)"
            mails += _mails(self._do("UID", "FETCH", uid.decode(), what))
        return mails

    def _newest_headers(self) -> bytes:
        count = int(self._select()[0] or 0)
        if not count:
            return b""
        found = self._do("FETCH", str(count), "(BODY.PEEK[HEADER])")
        return next((one[1] for one in found if isinstance(one, tuple)), b"")

    def _select(self) -> List[Any]:
        if self._client is None:
            self._client = _connect(self._account)
        return _checked(*self._client.select(f'"{self._folder}"'))

    def _do(self, command: str, *arguments: str) -> List[Any]:
        if self._client is None:
            self._select()
        assert self._client is not None
        call = getattr(self._client, command.lower())
        return _checked(*call(*arguments))

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.logout()
        except (imaplib.IMAP4.error, OSError):  # it was broken already
            client.shutdown()


def _connect(account: Account) -> imaplib.IMAP4:
    if account.security == "tls":
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            account.host,
            account.port,
            ssl_context=ssl.create_default_context(),
            timeout=TIMEOUT_S,
        )
    else:
        client = imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT_S)
    try:
        if account.security == "starttls":
            client.starttls(ssl.create_default_context())
        client.login(account.user, account.password)
    except (imaplib.IMAP4.error, OSError):
        client.shutdown()
        raise
    return client


def _checked(status: str, found: List[Any]) -> List[Any]:
    if status != "OK":
        reason = found[0] if found else b""
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else ""
        raise imaplib.IMAP4.error(f"{status} {said}")
    return found


def _mails(found: List[Any]) -> List[RawMail]:
    mails = []
    for one in found:
        if isinstance(one, tuple):
            uid, size = _UID.search(one[0]), _SIZE.search(one[0])
            if uid and size:
                mails.append(RawMail(uid[1].decode(), int(size[1]), one[1]))
    return mails
