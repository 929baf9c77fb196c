"""What a failed call says about the shop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from frontdesk.commerce import calls
from frontdesk.commerce.calls import Caller, KeyLocks, checked_url, has_mark, mark
from frontdesk.commerce.errors import (
    CommerceError,
    NotFoundError,
    RefusedError,
    ShopSettingsError,
    UnavailableError,
    UncertainError,
)
from frontdesk.commerce.writes import CancelOrder

Handler = Callable[[httpx.Request], httpx.Response]


def send(handler: Handler, writes: bool, max_wait_s: float = 0.2) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.MockTransport(handler)
        async with httpx.AsyncClient(transport=transport) as client:
            caller = Caller(client, "The shop", "KEY", max_wait_s)
            request = client.build_request("POST", "https://shop.example/")
            return await caller.send(request, writes=writes)

    return asyncio.run(once())


def failing(error: type[httpx.TransportError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("lost", request=request)

    return handler


@pytest.mark.parametrize(
    ("error", "writes", "expected"),
    [
        (httpx.ConnectError, True, UnavailableError),
        (httpx.ConnectTimeout, True, UnavailableError),
        (httpx.ReadTimeout, True, UncertainError),
        (httpx.WriteTimeout, True, UncertainError),
        (httpx.RemoteProtocolError, True, UncertainError),
        (httpx.ReadTimeout, False, UnavailableError),
        (httpx.RemoteProtocolError, False, UnavailableError),
    ],
)
def test_only_what_was_sent_can_be_uncertain(
    error: type[httpx.TransportError], writes: bool, expected: type[CommerceError]
) -> None:
    with pytest.raises(expected):
        send(failing(error), writes)


@pytest.mark.parametrize(
    ("status", "writes", "expected"),
    [
        (500, True, UncertainError),
        (504, True, UncertainError),
        (502, False, UnavailableError),
        (401, True, UnavailableError),
        (403, False, UnavailableError),
    ],
)
def test_a_status_is_read_as_documented(
    status: int, writes: bool, expected: type[CommerceError]
) -> None:
    with pytest.raises(expected):
        send(lambda request: httpx.Response(status), writes)


def test_a_redirect_says_where_the_shop_is() -> None:
    moved = httpx.Response(301, headers={"Location": "https://www.shop.example/"})
    with pytest.raises(UnavailableError, match=r"www\.shop\.example"):
        send(lambda request: moved, True)


@pytest.mark.parametrize(
    "broken", [lambda: {}["number"], lambda: int("x"), lambda: Decimal(1) / Decimal(0)]
)
def test_an_answer_without_sense_is_our_error(broken: Callable[[], object]) -> None:
    with pytest.raises(UnavailableError, match="a form that we do not know"):
        calls.understanding("The shop")(broken)()


def test_a_client_error_is_the_adapters_to_read() -> None:
    assert send(lambda request: httpx.Response(422), True).status_code == 422


def test_a_429_is_waited_for_and_sent_again() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "0.05"})] * 2
    answers.append(httpx.Response(200))
    assert send(lambda request: answers.pop(0), True).status_code == 200
    assert answers == []


def test_a_429_that_takes_too_long_is_unavailable() -> None:
    limited = httpx.Response(429, headers={"Retry-After": "30"})
    with pytest.raises(UnavailableError) as error:
        send(lambda request: limited, True)
    assert error.value.retry_after_s == 30.0


def test_endless_short_429_end() -> None:
    limited = httpx.Response(429, headers={"Retry-After": "0"})
    with pytest.raises(UnavailableError):
        send(lambda request: limited, False, max_wait_s=0.05)


def test_a_429_without_a_number_waits_a_second() -> None:
    dated = httpx.Response(429, headers={"Retry-After": "Fri, 20 Nov 2026 10:00 GMT"})
    assert calls.retry_after_s(dated) == 1.0
    assert calls.retry_after_s(httpx.Response(429)) == 1.0


@pytest.mark.parametrize(
    "url", ["https://shop.example/", "http://127.0.0.1:8000", "http://localhost"]
)
def test_an_address_loses_its_slash(url: str) -> None:
    assert checked_url(url, "URL") == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["", "shop.example", "http://shop.example", "http://127.0.0.1.example"]
)
def test_keys_are_not_sent_in_the_open(url: str) -> None:
    with pytest.raises(ShopSettingsError, match="SHOP_URL"):
        checked_url(url, "SHOP_URL")


def test_a_mark_is_of_one_key_and_one_write() -> None:
    write, other = CancelOrder("1", "x"), CancelOrder("2", "x")
    text = f"some note [{mark(write, 'a1')}]"
    assert has_mark(text, write, "a1")
    assert not has_mark(text, write, "b2")
    with pytest.raises(RefusedError) as refusal:
        has_mark(text, other, "a1")
    assert refusal.value.reason == "key_reused"


@pytest.mark.parametrize("number", ["", "*", "1001 OR name:1", "a:b", '"', "1" * 41])
def test_what_is_no_number_is_never_searched_for(number: str) -> None:
    with pytest.raises(NotFoundError):
        calls.asked_number(number)


def test_a_number_is_searched_for_in_one_form() -> None:
    assert calls.asked_number(" #en-1001 ") == "EN-1001"


def test_one_key_has_one_lock() -> None:
    locks = KeyLocks()
    held = locks.of("a")
    assert locks.of("a") is held
    assert locks.of("b") is not held
