"""Calls to a vendor's API, and signatures of what a vendor sends.

A call ends in an answer or in one of the errors of messages.py, never in something
else, and neither the answer nor the error holds our credentials.
"""

import asyncio
import email.utils
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Union

import aiohttp

from addons.channels.messages import Busy, Refused, Unreachable

TIMEOUT_S = 10.0
_MAX_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What a vendor answered; `body` is empty where that was no JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Dict[str, Any]


class VendorApi:
    """A vendor's API under one address; one pool of connections, no redirects."""

    def __init__(
        self,
        base_url: str,
        headers: Optional[Dict[str, str]] = None,
        timeout_s: float = TIMEOUT_S,
        auth: Optional[aiohttp.BasicAuth] = None,
    ) -> None:
        """An API that is called below `base_url`."""
        self._base_url = base_url.rstrip("/")
        self._headers = headers or {}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._auth = auth
        self._session: Optional[aiohttp.ClientSession] = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, path: str, **keywords: Any) -> Answer:
        """The answer to a POST, of whatever status; `json=` or `data=` is its body."""
        return await self._request("POST", path, **keywords)

    async def get(self, path: str, **keywords: Any) -> Answer:
        """The answer to a GET, of whatever status."""
        return await self._request("GET", path, **keywords)

    async def _request(self, method: str, path: str, **keywords: Any) -> Answer:
        """The answer.

        Raises:
            Unreachable: There was none in time.
        """
        if self._session is None:
            # aiohttp 3.9 loses places in a full pool when calls time out.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                headers=self._headers,
                timeout=self._timeout,
                auth=self._auth,
            )
        try:
            async with self._session.request(
                method, f"{self._base_url}{path}", allow_redirects=False, **keywords
            ) as response:
                body = bytearray()
                async for piece in response.content.iter_chunked(64 * 1024):
                    body += piece
                    if len(body) > _MAX_ANSWER:
                        break
                return Answer(response.status, response.headers, _object(body))
        except aiohttp.ClientConnectorError:
            raise Unreachable("The vendor cannot be reached.", False) from None
        except asyncio.TimeoutError:
            raise Unreachable("The vendor did not answer in time.", True) from None
        except aiohttp.ClientError as error:
            kind = type(error).__name__
            raise Unreachable(f"The connection broke ({kind}).", True) from None


def check(answer: Answer, reason: str = "") -> None:
    """Nothing for an answer of success.

    Args:
        answer: What the vendor answered.
        reason: The vendor's own words for what is wrong.

    Raises:
        Busy: Status 429; `Retry-After` is passed on.
        Unreachable: A status of the 500s or 408.
        Refused: Any other status but 2xx.
    """
    if 200 <= answer.status < 300:
        return
    said = f"The vendor answered {answer.status}" + (f": {reason}" if reason else ".")
    if answer.status == 429:
        raise Busy(said, retry_after(answer.headers))
    if answer.status >= 500 or answer.status == 408:
        raise Unreachable(said, True)
    raise Refused(said)


def retry_after(headers: Mapping[str, str]) -> Optional[float]:
    """Seconds until the vendor wants to hear of us again; None where it did not say."""
    value = headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    parsed = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(parsed) - time.time()) if parsed else None


def is_same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, found out in constant time; empty never is."""
    encoded = (value.encode("utf-8", "backslashreplace") for value in (given, expected))
    return bool(expected) and hmac.compare_digest(*encoded)


def hmac_sha256(secret: str, body: bytes) -> str:
    """The HMAC-SHA256 of a body in hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _object(body: Union[bytes, bytearray]) -> Dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
