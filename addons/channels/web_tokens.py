"""Who may open a web session: signed session tokens and the shop's identity tokens."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any, Callable, Optional, Tuple

import jwt

UNUSED_S = 7 * 24 * 3600
LIFETIME_S = 30 * 24 * 3600
IDENTITY_S = 3600
_LEEWAY_S = 30
_LEAST_SECRET = 32
_PARTS = re.compile(
    r"(web:[0-9a-f]{32})\.(\d{1,12})\.(\d{1,12})\.([\w-]{43})", re.ASCII
)


class IdentityError(ValueError):
    """An identity token that proves nothing."""


@dataclass(frozen=True)
class Session:
    """A conversation on the website.

    Attributes:
        id: `web:` and 32 hexadecimal digits; Rasa's sender id.
        born: When its first token was signed, in seconds since 1970.
    """

    id: str
    born: int


@dataclass(frozen=True)
class Customer:
    """Whom the shop's server vouches for; `name` may be empty."""

    id: str
    name: str
    token: str
    expires: int


class SessionTokens:
    """Signs sessions and reads them back; keeps nothing."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        """Tokens signed with `secret`.

        Args:
            secret: At least 32 characters. Several, separated by commas: the first
                signs, all are accepted, so that a secret can be replaced.
            clock: Seconds since 1970.

        Raises:
            ValueError: A secret is too short.
        """
        self._keys = [part.strip().encode() for part in secret.split(",")]
        if min(map(len, self._keys)) < _LEAST_SECRET:
            raise ValueError(
                "FRONTDESK_WEB_SESSION_SECRET is missing or shorter than "
                f"{_LEAST_SECRET} characters. Set it to a long random text, or start "
                "with `make serve`, which makes one."
            )
        self._clock = clock

    def create(self) -> Session:
        """A session that nobody has had before."""
        return Session(f"web:{secrets.token_hex(16)}", int(self._clock()))

    def sign(self, session: Session) -> Tuple[str, int]:
        """A fresh token of the session, and when it expires."""
        now = int(self._clock())
        signed = f"{session.id}.{session.born}.{now}"
        expires = min(now + UNUSED_S, session.born + LIFETIME_S)
        return f"{signed}.{_signature(self._keys[0], signed)}", expires

    def open(self, token: object) -> Optional[Session]:
        """The session that a token opens; None if it is forged or has expired."""
        match = _PARTS.fullmatch(token) if isinstance(token, str) else None
        if match is None:
            return None
        name, born, renewed, given = match.groups()
        signed = f"{name}.{born}.{renewed}"
        fits = [
            hmac.compare_digest(given.encode(), _signature(key, signed).encode())
            for key in self._keys
        ]
        now = self._clock()
        expires = min(int(renewed) + UNUSED_S, int(born) + LIFETIME_S)
        return Session(name, int(born)) if any(fits) and now < expires else None


def read_identity(
    token: object, secret: str, session: str, clock: Callable[[], float] = time.time
) -> Customer:
    """The customer that the shop's server named, for use in this session only.

    Raises:
        IdentityError: The token is forged, expired, lasts too long or was signed for
            another session; or there is no secret to check it with.
    """
    if not secret:
        raise IdentityError("FRONTDESK_IDENTITY_SECRET is not set.")
    if not isinstance(token, str) or len(token) > 4096:
        raise IdentityError("The identity token is no text of at most 4096 characters.")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience="frontdesk",
            leeway=_LEEWAY_S,
            options={"require": ["exp", "sub", "aud"]},
        )
    except jwt.PyJWTError as error:
        raise IdentityError(f"The identity token is not valid: {error}.") from error
    return _customer(claims, token, session, clock())


def _customer(claims: Any, token: str, session: str, now: float) -> Customer:
    if claims.get("sid", session) != session:
        raise IdentityError("The identity token was signed for another session.")
    expires = int(claims["exp"])
    if expires > now + IDENTITY_S + _LEEWAY_S:
        raise IdentityError(f"The identity token lasts more than {IDENTITY_S} s.")
    if not claims["sub"] or len(claims["sub"]) > 256:
        raise IdentityError("The identity token names no customer ('sub').")
    return Customer(claims["sub"], str(claims.get("name") or ""), token, expires)


def _signature(key: bytes, signed: str) -> str:
    digest = hmac.new(key, f"frontdesk-web-1|{signed}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
