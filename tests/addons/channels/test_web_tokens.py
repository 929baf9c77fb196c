import time
from typing import Any

import jwt
import pytest

from addons.channels.web_tokens import (
    IdentityError,
    Session,
    SessionTokens,
    read_identity,
)

SECRET = "one-secret-of-more-than-32-characters"
OTHER = "another-secret-of-more-than-32-chars!"
SHOP = "the-secret-of-the-shops-own-server"
SESSION = "web:" + "0" * 32
DAY = 24 * 3600


def tokens(now: float = 1_000_000.0, secret: str = SECRET) -> SessionTokens:
    return SessionTokens(secret, lambda: now)


def identity(**claims: Any) -> str:
    given = {"sub": "c-7", "aud": "frontdesk", "exp": int(time.time()) + 600, **claims}
    return jwt.encode({k: v for k, v in given.items() if v is not None}, SHOP, "HS256")


def test_own_token_opens_its_session() -> None:
    session = tokens().create()
    token, expires = tokens().sign(session)
    assert tokens().open(token) == session
    assert expires == 1_000_000 + 7 * DAY


def test_two_sessions_differ() -> None:
    assert tokens().create() != tokens().create()


@pytest.mark.parametrize("place", [5, 20, 37, 45, 60, -1])
def test_no_character_of_a_token_can_be_changed(place: int) -> None:
    token, _ = tokens().sign(Session(SESSION, 1_000_000))
    wrong = "1" if token[place] != "1" else "2"
    changed = token[:place] + wrong + token[place:][1:]
    assert tokens().open(changed) is None


@pytest.mark.parametrize(
    "token", [None, "", 7, [], SESSION, f"{SESSION}.1.1.", "x" * 10_000, "é.1.1.a"]
)
def test_what_is_no_token_opens_nothing(token: Any) -> None:
    assert tokens().open(token) is None


def test_token_expires_unused_after_a_week_and_in_any_case_after_a_month() -> None:
    session = tokens(0).create()
    token, _ = tokens(0).sign(session)
    assert tokens(7 * DAY - 1).open(token) == session
    assert tokens(7 * DAY).open(token) is None
    renewed, expires = tokens(29 * DAY).sign(session)
    assert expires == 30 * DAY
    assert tokens(30 * DAY - 1).open(renewed) == session
    assert tokens(30 * DAY).open(renewed) is None


def test_secret_can_be_replaced_while_old_tokens_still_open() -> None:
    token, _ = tokens().sign(Session(SESSION, 1_000_000))
    both = tokens(secret=f"{OTHER},{SECRET}")
    assert both.open(token) is not None
    renewed, _ = both.sign(Session(SESSION, 1_000_000))
    assert tokens(secret=OTHER).open(renewed) is not None
    assert tokens(secret=OTHER).open(token) is None


@pytest.mark.parametrize("secret", ["", "short", f"{SECRET},", f"{SECRET},short"])
def test_short_secret_stops_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="FRONTDESK_WEB_SESSION_SECRET"):
        SessionTokens(secret)


def test_identity_names_the_customer() -> None:
    token = identity(name="Anna", sid=SESSION)
    customer = read_identity(token, SHOP, SESSION)
    assert (customer.id, customer.name, customer.token) == ("c-7", "Anna", token)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": int(time.time()) + 2 * 3600}, "more than 3600 s"),
        ({"aud": "elsewhere"}, "udience"),
        ({"aud": None}, "aud"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "'sub'"),
        ({"sub": "c" * 257}, "'sub'"),
        ({"sid": "web:" + "1" * 32}, "another session"),
    ],
)
def test_identity_that_proves_nothing_is_refused(claims: Any, reason: str) -> None:
    with pytest.raises(IdentityError, match=reason):
        read_identity(identity(**claims), SHOP, SESSION)


def test_identity_of_another_secret_or_algorithm_is_refused() -> None:
    claims = {"sub": "c-7", "aud": "frontdesk", "exp": int(time.time()) + 600}
    foreign = jwt.encode(claims, "the-secret-of-somebody-else-at-all", "HS256")
    unsigned = jwt.encode(claims, None, "none")
    for token in (foreign, unsigned, "a.b.c", None, "x" * 5000):
        with pytest.raises(IdentityError):
            read_identity(token, SHOP, SESSION)


def test_without_a_secret_nobody_identifies() -> None:
    with pytest.raises(IdentityError, match="FRONTDESK_IDENTITY_SECRET"):
        read_identity(identity(), "", SESSION)
