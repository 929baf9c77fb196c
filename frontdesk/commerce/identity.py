"""The shop's own word on who a visitor is: a signed token, checked anew each time.

The shop's server signs an HS256 JSON Web Token with `FRONTDESK_IDENTITY_SECRET`: `sub`
(customer id), `email`, `name` (optional), `aud` ("frontdesk"), `exp` at most an hour
ahead, and `sid` where the page knows the conversation's id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from frontdesk.commerce.errors import ShopSettingsError

AUDIENCE = "frontdesk"
LONGEST = timedelta(hours=1)
_LEEWAY = timedelta(seconds=60)
_MIN_SECRET = 32  # bytes, as RFC 7518 asks for HS256
_MAX_TOKEN = 4096


@dataclass(frozen=True)
class Identity:
    """Whom the shop has signed in; `email` in lower case, or empty."""

    customer_id: str
    email: str


class IdentityCheck:
    """Checks tokens against one secret; without a secret nobody is signed in."""

    def __init__(self, secret: str, clock: Callable[[], datetime]) -> None:
        """Keep the secret.

        Raises:
            ShopSettingsError: It is shorter than 32 bytes.
        """
        if secret and len(secret.encode()) < _MIN_SECRET:
            raise ShopSettingsError(
                f"FRONTDESK_IDENTITY_SECRET has {len(secret.encode())} bytes; use at "
                f"least {_MIN_SECRET}, such as those of `openssl rand -hex 32`."
            )
        self._secret = secret
        self._clock = clock

    def identity(self, token: str, conversation: str) -> Identity | None:
        """Whom a token names, or None if anything about it is wrong."""
        if not self._secret or not token or len(token) > _MAX_TOKEN:
            return None
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=AUDIENCE,
                # The times are compared below, with our clock.
                options={
                    "require": ["sub", "exp", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError:
            return None
        if not self._in_time(claims) or claims.get("sid", conversation) != conversation:
            return None
        customer_id, email = claims["sub"], claims.get("email", "")
        if not isinstance(customer_id, str) or not customer_id.strip():
            return None
        return Identity(customer_id, email.casefold() if isinstance(email, str) else "")

    def _in_time(self, claims: dict[str, Any]) -> bool:
        now = self._clock()
        try:
            expires = datetime.fromtimestamp(float(claims["exp"]), UTC)
            begins = datetime.fromtimestamp(float(claims.get("nbf", 0)), UTC)
        except (TypeError, ValueError, OverflowError, OSError):
            return False
        return begins - _LEEWAY <= now < expires <= now + LONGEST + _LEEWAY
