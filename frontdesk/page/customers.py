"""Who is signed in to the demo shop, and what its server says about them.

A real shop has passwords; here one of three people of the demo shop's data is chosen.
What the assistant gets is what any shop would sign: see docs/web-channel.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import jwt

COOKIE = "customer"
ALGORITHM = "HS256"
IDENTITY_S = 900
SIGNED_IN_S = 8 * 3600
_OURS = "shop-page"
_ASSISTANT = "frontdesk"


@dataclass(frozen=True)
class Customer:
    """Somebody with an account; `order` is one to ask about."""

    id: str
    name: str
    email: str
    order: str


CUSTOMERS = {
    customer.id: customer
    for customer in (
        Customer("C-1001", "Amelia Smith", "amelia.smith0@mail.example", "LO-100101"),
        Customer("C-1007", "Mia Wilson", "mia.wilson6@mail.example", "LO-100107"),
        Customer(
            "C-1013", "Freya Thompson", "freya.thompson12@mail.example", "LO-100113"
        ),
    )
}


def session_of(customer: Customer, secret: str) -> str:
    """The cookie of a signed-in customer."""
    claims = {"sub": customer.id, "aud": _OURS, "exp": _in(SIGNED_IN_S)}
    return jwt.encode(claims, secret, ALGORITHM)


def customer_of(cookie: str, secret: str) -> Customer | None:
    """Who the cookie was made for; None where it is forged, old or missing."""
    try:
        claims = jwt.decode(cookie, secret, [ALGORITHM], audience=_OURS)
    except jwt.InvalidTokenError:
        return None
    return CUSTOMERS.get(claims.get("sub", ""))


def identity_token(customer: Customer, session_id: str, secret: str) -> str:
    """What the assistant learns of a customer, for one conversation of theirs."""
    claims = {
        "sub": customer.id,
        "email": customer.email,
        "name": customer.name,
        "aud": _ASSISTANT,
        "sid": session_id,
        "iat": int(time.time()),
        "exp": _in(IDENTITY_S),
    }
    return jwt.encode(claims, secret, ALGORITHM)


def _in(seconds: int) -> int:
    return int(time.time()) + seconds
