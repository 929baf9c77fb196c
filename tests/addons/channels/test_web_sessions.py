import json
import time
from typing import Any

import jwt
import pytest

from tests.fakes_web import (
    IDENTITY_SECRET,
    OF_SANIC,
    Browser,
    RecordingRasa,
    WebServer,
)

pytestmark = [pytest.mark.asyncio, OF_SANIC]


def identity(**claims: Any) -> str:
    given = {"sub": "c-7", "name": "Anna", "aud": "frontdesk"}
    given["exp"] = int(time.time()) + 600
    return jwt.encode({**given, **claims}, IDENTITY_SECRET, "HS256")


async def test_reload_finds_the_conversation_again(
    web: WebServer, browser: Browser
) -> None:
    await browser.say("One.")
    await browser.replies(1)
    again = await Browser().open(web.url)
    state = await again.begin(token=browser.session["token"])
    assert state["resumed"] is True
    assert state["session_id"] == browser.session["session_id"]
    assert [m["text"] for m in state["messages"]] == ["One.", "re: One."]
    assert (state["more"], state["busy"], state["stream"]) == (False, False, None)
    state = await again.begin(token=state["token"], after=1)
    assert [m["seq"] for m in state["messages"]] == [2]
    await again.close()


async def test_customer_is_taken_from_the_shops_token_only(
    browser: Browser, rasa: RecordingRasa
) -> None:
    await browser.say("One.", metadata={"identity_token": identity()})
    ack = await browser.call("identify", identity_token="a.b.c")
    assert (ack["ok"], ack["error"]) == (False, "identity")
    token = identity(sid=browser.session["session_id"])
    ack = await browser.call("identify", identity_token=token)
    assert (ack["customer"], ack["replaced"]) == ({"id": "c-7", "name": "Anna"}, False)
    await browser.say("Two.")
    ack = await browser.call("identify", identity_token=None)
    assert ack["customer"] is None
    await browser.say("Three.")
    await browser.replies(3)
    given = [message.metadata.get("identity_token") for message in rasa.messages]
    assert given == [None, token, None]
    assert "identity_token" not in json.dumps(await browser.call("history"))


async def test_another_customer_gets_another_session(
    web: WebServer, browser: Browser
) -> None:
    await browser.call("identify", identity_token=identity())
    await browser.say("My order of Anna.")
    await browser.replies(1)
    tab = await Browser().open(web.url)
    token = browser.session["token"]
    eve = identity(sub="c-8", name="Eve")
    state = await tab.begin(token=token, identity_token=eve)
    assert state["resumed"] is False
    assert state["session_id"] != browser.session["session_id"]
    assert (state["messages"], state["customer"]["id"]) == ([], "c-8")
    ack = await browser.call("identify", identity_token=eve)
    assert ack["replaced"] is True
    assert (await browser.call("history"))["messages"] == []
    await tab.close()


async def test_token_of_another_session_is_no_identity(browser: Browser) -> None:
    token = identity(sid="web:" + "0" * 32)
    ack = await browser.call("identify", identity_token=token)
    assert ack["error"] == "identity"


async def test_ended_session_opens_nothing_any_more(
    web: WebServer, browser: Browser
) -> None:
    second = await Browser().open(web.url)
    await second.begin(token=browser.session["token"])
    await browser.say("Forget this.")
    await browser.replies(1)
    assert await browser.call("session_end") == {"ok": True}
    await second.until(lambda: second.of("session_ended") == [{}])
    assert (await second.say("Hello?"))["error"] == "no_session"
    state = await second.begin(token=browser.session["token"])
    assert (state["resumed"], state["messages"]) == (False, [])
    assert state["session_id"] != browser.session["session_id"]
    await second.close()
