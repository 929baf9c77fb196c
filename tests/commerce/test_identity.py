from __future__ import annotations

import base64
import json
from datetime import timedelta

import jwt
import pytest

from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.commerce.identity import Identity, IdentityCheck
from tests.commerce.demo_shops import NOW
from tests.commerce.desks import SECRET, token

CHECK = IdentityCheck(SECRET, lambda: NOW)
HOUR = timedelta(hours=1)


def stamp(span: timedelta) -> int:
    return int((NOW + span).timestamp())


def unsigned() -> str:
    parts = [
        {"alg": "none", "typ": "JWT"},
        jwt.decode(token(NOW), options={"verify_signature": False}),
    ]
    coded = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts
    ]
    return b".".join([*coded, b""]).decode()


def test_a_valid_token_names_the_customer() -> None:
    found = CHECK.identity(token(NOW, email="Amelia@Mail.example"), "web:1")
    assert found == Identity("C-1001", "amelia@mail.example")


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nonsense",
        "a.b.c",
        "x" * 100_000,
        token(NOW, secret="another secret with enough bytes in it"),
        token(NOW) + "x",
        token(NOW, aud="somebody else"),
        token(NOW, exp=stamp(-timedelta(seconds=1))),
        token(NOW, exp=stamp(timedelta(hours=2))),
        token(NOW, exp=stamp(timedelta(days=4000))),
        token(NOW, exp="soon"),
        token(NOW, nbf=stamp(timedelta(minutes=10))),
        token(NOW, sub=""),
        token(NOW, sub="  "),
        token(NOW, sid="web:2"),
        unsigned(),
        jwt.encode({"sub": "C-1001", "aud": "frontdesk"}, SECRET, algorithm="HS256"),
        jwt.encode({"aud": "frontdesk", "exp": stamp(HOUR / 2)}, SECRET),
        jwt.encode(
            {"sub": "C-1001", "aud": "frontdesk", "exp": stamp(HOUR / 2)},
            SECRET * 2,
            algorithm="HS512",
        ),
    ],
)
def test_anything_else_names_nobody(forged: str) -> None:
    assert CHECK.identity(forged, "web:1") is None


def test_a_token_for_this_session_is_for_this_session() -> None:
    assert CHECK.identity(token(NOW, sid="web:1"), "web:1") is not None


def test_without_a_secret_nobody_is_signed_in() -> None:
    open_door = jwt.encode(
        {"sub": "C-1", "aud": "frontdesk", "exp": stamp(HOUR)}, "x" * 32
    )
    assert IdentityCheck("", lambda: NOW).identity(open_door, "web:1") is None


def test_a_short_secret_stops_the_start() -> None:
    with pytest.raises(ShopSettingsError, match="at least 32"):
        IdentityCheck("short", lambda: NOW)
