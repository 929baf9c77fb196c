import email.utils
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from addons.channels.messages import Busy, Refused, SendError, Unreachable
from addons.channels.vendor import (
    Answer,
    VendorApi,
    check,
    hmac_sha256,
    is_same,
    retry_after,
)


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/away":
            raise web.HTTPFound("http://127.0.0.1:1/")
        if request.path == "/huge":
            return web.Response(body=b"[" * 3 * 1024 * 1024)
        if request.path == "/broken":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"said": await request.json()})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture
async def api(url: str) -> AsyncIterator[VendorApi]:
    found = VendorApi(url, {"Authorization": "Bearer secret"}, timeout_s=1.0)
    yield found
    await found.close()


@pytest.mark.asyncio
async def test_answer_is_read(api: VendorApi) -> None:
    answer = await api.post("/", json={"a": 1})
    assert (answer.status, answer.body) == (200, {"said": {"a": 1}})


@pytest.mark.asyncio
async def test_redirect_is_not_followed_with_our_credentials(api: VendorApi) -> None:
    answer = await api.post("/away", json={})
    assert answer.status == 302
    with pytest.raises(Refused):
        check(answer)


@pytest.mark.asyncio
async def test_huge_answer_is_not_read_to_its_end(api: VendorApi) -> None:
    assert (await api.post("/huge", json={})).body == {}


@pytest.mark.asyncio
async def test_broken_connection_leaves_the_outcome_open(api: VendorApi) -> None:
    with pytest.raises(Unreachable) as caught:
        await api.post("/broken", json={})
    assert caught.value.uncertain


@pytest.mark.asyncio
async def test_refused_connection_sent_nothing() -> None:
    api = VendorApi("http://127.0.0.1:1/bot-secret-token")
    with pytest.raises(Unreachable) as caught:
        await api.post("/", json={})
    assert not caught.value.uncertain
    assert "secret" not in str(caught.value)
    await api.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Refused),
        (400, Refused),
        (401, Refused),
        (404, Refused),
        (408, Unreachable),
        (429, Busy),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_status_says_whether_to_try_again(status: int, kind: type[SendError]) -> None:
    with pytest.raises(kind, match=f"^The vendor answered {status}: because$"):
        check(Answer(status, {}, {}), "because")


def test_status_of_success_is_no_error() -> None:
    check(Answer(201, {}, {}))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float) -> None:
    assert retry_after({"Retry-After": value}) == seconds


def test_retry_after_as_a_date() -> None:
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 28 < (retry_after({"Retry-After": soon}) or 0) <= 30


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [("a", "a", True), ("a", "b", False), ("", "", False), ("\ud800", "a", False)],
)
def test_empty_secret_is_never_the_same(given: str, expected: str, same: bool) -> None:
    assert is_same(given, expected) is same


def test_hmac_is_that_of_rfc_4231() -> None:
    digest = hmac_sha256("Jefe", b"what do ya want for nothing?")
    assert digest == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
