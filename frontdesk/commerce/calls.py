"""One request to a vendor, and what its failure says about the shop.

| what happened | a read | a write |
| --- | --- | --- |
| no connection | `UnavailableError` | `UnavailableError`: nothing was sent |
| no answer, a broken one, 5xx | `UnavailableError` | `UncertainError`: may be done |
| 429 | waits as told, at most `max_wait_s`, then `UnavailableError` | the same |
| 401, 403 | `KeyRefusedError`, which names the settings to check | the same |
| a redirect | `UnavailableError`: the address is wrong, nothing was done | the same |
| an answer that makes no sense | `UnavailableError` by `understanding` | |
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import httpx

from frontdesk.commerce.errors import (
    NotFoundError,
    RefusedError,
    ShopSettingsError,
    UnavailableError,
    UncertainError,
)
from frontdesk.commerce.trust import normal_number
from frontdesk.commerce.writes import Done, Write, to_json

Find = Callable[[Write, str], Awaitable[Done | None]]
Send = Callable[[Write, str], Awaitable[Done]]

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
MAX_WAIT_S = 3.0  # a customer waits for this turn
DEFAULT_WAIT_S = 1.0  # a 429 that does not say how long
DIGEST_LENGTH = 12

_NUMBER = re.compile(r"[\w./-]{1,40}")
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class KeyRefusedError(UnavailableError):
    """The vendor does not accept our key; certainly nothing was written."""


@dataclass(frozen=True)
class Caller:
    """Sends requests to one vendor.

    Attributes:
        vendor: Its name, for messages.
        settings: The variables to check when the vendor refuses our key.
        max_wait_s: How long one call may wait for the vendor's rate limit in all.
    """

    client: httpx.AsyncClient
    vendor: str
    settings: str
    max_wait_s: float = MAX_WAIT_S

    async def send(self, request: httpx.Request, *, writes: bool) -> httpx.Response:
        """The vendor's answer: a success, or a client error but 401, 403 and 429.

        Raises:
            UnavailableError: Certainly nothing was written.
            UncertainError: `writes` is set and the request may have been carried out.
        """
        waited_s = 0.0
        while True:
            response = await self._send_once(request, writes)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return self._accepted(response, writes)
            waited_s += await self.wait(retry_after_s(response), waited_s)

    async def wait(self, wait_s: float, waited_s: float) -> float:
        """Wait for the rate limit; the seconds that were waited now.

        Raises:
            UnavailableError: It would take longer than a customer should wait.
        """
        if waited_s + wait_s > self.max_wait_s:
            raise UnavailableError(
                f"{self.vendor} limits our requests and asks to wait {wait_s:.1f} s; "
                "try again later.",
                wait_s,
            )
        await asyncio.sleep(wait_s)
        return max(wait_s, 0.01)

    async def _send_once(self, request: httpx.Request, writes: bool) -> httpx.Response:
        try:
            return await self.client.send(request)
        except _NOTHING_SENT as error:
            raise UnavailableError(
                f"{self.vendor} cannot be reached ({error!r}); check its address."
            ) from error
        except httpx.TransportError as error:
            raise self.unanswered(repr(error), writes) from error

    def _accepted(self, response: httpx.Response, writes: bool) -> httpx.Response:
        status = response.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self.unanswered(f"status {status}", writes)
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise KeyRefusedError(
                f"{self.vendor} refused our key with status {status}: check "
                f"{self.settings} and the permissions of the key."
            )
        if response.is_redirect:
            raise UnavailableError(
                f"{self.vendor} redirects to {response.headers['Location']!r}; correct "
                "its address in .env."
            )
        return response

    def unanswered(self, what: str, writes: bool) -> UnavailableError | UncertainError:
        """The error for a request that was sent and got no usable answer."""
        if writes:
            return UncertainError(
                f"{self.vendor} did not confirm a write ({what}); it may have been "
                "done: ask find_write before any retry."
            )
        return UnavailableError(f"{self.vendor} did not answer ({what}).")


@contextlib.contextmanager
def understanding(vendor: str) -> Iterator[None]:
    """Turns what goes wrong when an answer lacks what it should hold into our error.

    Extensions of a shop change what it answers; nobody should meet a KeyError for it.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UnavailableError(
            f"{vendor} answers in a form that we do not know ({error!r})."
        ) from error


def retry_after_s(response: httpx.Response) -> float:
    """Seconds that a 429 asks to wait; dates and nonsense count as the default."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return DEFAULT_WAIT_S


def checked_url(url: str, setting: str) -> str:
    """The address without a slash at its end.

    Raises:
        ShopSettingsError: It is none, or would send keys unencrypted over a network.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url.rstrip("/")
    if parts.scheme == "http" and _is_loopback(parts.hostname or ""):
        return url.rstrip("/")
    raise ShopSettingsError(
        f"{setting} is {url!r}; give an https:// address (http only for this machine)."
    )


def asked_number(number: str) -> str:
    """The order number as a vendor's search is asked for it.

    Raises:
        NotFoundError: No order has such a number; it could mean something to a search.
    """
    normal = normal_number(number)
    if not _NUMBER.fullmatch(normal):
        raise NotFoundError(f"{number!r} is no order number.")
    return normal


class KeyLocks:
    """Lets writes with the same key of one process wait for each other."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        """The lock to hold while something is written under this key."""
        return self._locks.setdefault(key, asyncio.Lock())


async def write_once(
    locks: KeyLocks, find: Find, send: Send, write: Write, key: str
) -> Done:
    """What a write did, which is sent unless it is found to be done already.

    Args:
        locks: Of the writes of this process.
        find: What the vendor knows of the write, None for nothing.
        send: Sends it.
        write: What to do.
        key: Its idempotency key.
    """
    async with locks.of(key):
        if done := await find(write, key):
            return done
        try:
            return await send(write, key)
        except RefusedError:
            # Another process may have been quicker with the same key.
            if done := await find(write, key):
                return done
            raise


def mark(write: Write, key: str) -> str:
    """What a write leaves in the vendor's system, so that it is recognised later.

    The key, a dot, and the first hex digits of the write's own SHA-256.
    """
    return f"{key}.{digest(write)}"


def digest(write: Write) -> str:
    """Short hex digest of what is written: equal writes have equal digests."""
    return hashlib.sha256(to_json(write).encode()).hexdigest()[:DIGEST_LENGTH]


def has_mark(text: str, write: Write, key: str) -> bool:
    """Whether the text carries the mark of this very write.

    Raises:
        RefusedError: It carries the key with another write (`key_reused`).
    """
    if mark(write, key) in text:
        return True
    if f"{key}." in text:
        raise RefusedError(
            f"The key {key!r} belongs to another write; confirm this one anew.",
            "key_reused",
        )
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
