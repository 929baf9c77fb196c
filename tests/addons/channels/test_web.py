import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage

from addons.channels.base import FAILED, LATE
from addons.channels.web import MAX_BODY, WebInput, WebOptions
from tests.fakes_channels import FakeActions
from tests.fakes_web import (
    OF_SANIC,
    ORIGIN,
    STREAM_SECRET,
    Browser,
    RecordingRasa,
    WebServer,
    options,
)

pytestmark = [pytest.mark.asyncio, OF_SANIC]

ENVIRON = {
    "FRONTDESK_WEB_SESSION_SECRET": "s" * 40,
    "FRONTDESK_WEB_STREAM_SECRET": "t" * 40,
    "FRONTDESK_WEB_ORIGINS": "https://shop.example, http://127.0.0.1:8080/",
}


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_message_is_acknowledged_then_answered(
    web: WebServer, rasa: RecordingRasa, transport: str
) -> None:
    rasa.delay_s = 0.3
    browser = await Browser().open(web.url, transport)
    await browser.begin()
    started = time.perf_counter()
    ack = await browser.say("When do you open?")
    assert time.perf_counter() - started < 0.2
    assert (ack["ok"], ack["seq"]) == (True, 1)
    [reply] = await browser.replies(1)
    assert (reply["seq"], reply["role"]) == (2, "bot")
    assert reply["text"] == "re: When do you open?"
    [begin] = browser.of("bot_stream")
    assert begin == {"stream_id": reply["stream_id"], "seq": 0, "stage": "thinking"}
    await browser.close()


async def test_rasa_gets_who_wrote_what_from_where(
    browser: Browser, rasa: RecordingRasa
) -> None:
    await browser.say("Does it fit?", "m-1234567", metadata={"product_id": "mira"})
    [reply] = await browser.replies(1)
    [message] = rasa.messages
    assert message.sender_id == browser.session["session_id"]
    assert (message.input_channel, message.message_id) == ("web", "m-1234567")
    assert message.metadata == {
        "product_id": "mira",
        "stream_id": reply["stream_id"],
        "message_ids": ["m-1234567"],
    }


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://sub.shop.example",
        "http://shop.example",
        "https://shop.example:444",
        "null",
    ],
)
async def test_foreign_page_cannot_connect(
    web: WebServer, transport: str, origin: str
) -> None:
    url = f"{web.url}/webhooks/web/socket.io/?EIO=4&transport={transport}"
    headers = {"Origin": origin}
    if transport == "websocket":
        headers.update({"Connection": "Upgrade", "Upgrade": "websocket"})
        headers.update({"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "a" * 24})
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=headers) as response:
            assert response.status == 400
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_own_page_may_read_the_answers_to_its_polls(web: WebServer) -> None:
    url = f"{web.url}/webhooks/web/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"Origin": ORIGIN}) as response:
            assert response.status == 200
            assert response.headers.getall("Access-Control-Allow-Origin") == [ORIGIN]


async def test_all_messages_of_a_turn_come_and_one_takes_the_bubble(
    browser: Browser, rasa: RecordingRasa
) -> None:
    card = {"type": "products", "products": []}
    rasa.say = lambda message: [
        {"text": "One.", "custom": card},
        {"text": "Two.", "stream_id": message.metadata["stream_id"]},
        {"text": "Three.", "buttons": [{"title": "A", "payload": "/a"}]},
    ]
    await browser.say("Tell me.")
    replies = await browser.replies(3)
    assert [reply["text"] for reply in replies] == ["One.", "Two.", "Three."]
    assert [reply["seq"] for reply in replies] == [2, 3, 4]
    assert ["stream_id" in reply for reply in replies] == [False, True, False]
    assert replies[0]["custom"] == card


async def test_turn_that_takes_too_long_is_said(tmp_path: Path) -> None:
    rasa = RecordingRasa(delay_s=30)
    web = await WebServer(options(tmp_path), rasa.handle, deadline_s=0.3).start()
    browser = await Browser().open(web.url)
    await browser.begin()
    await browser.say("Are you there?")
    [reply] = await browser.replies(1)
    assert (reply["text"], reply["failure"]) == (f"{LATE}.", "late")
    await browser.close()
    await web.stop()


async def test_turn_that_breaks_is_said(browser: Browser, rasa: RecordingRasa) -> None:
    def fail(message: UserMessage) -> list[dict[str, Any]]:
        raise RuntimeError("broken")

    rasa.say = fail
    await browser.say("Are you there?")
    [reply] = await browser.replies(1)
    assert (reply["text"], reply["failure"]) == (f"{FAILED}.", "error")


async def test_parts_of_a_reply_reach_all_tabs_of_the_session_only(
    web: WebServer, browser: Browser, rasa: RecordingRasa
) -> None:
    rasa.delay_s = 0.5
    second = await Browser().open(web.url)
    await second.begin(token=browser.session["token"])
    stranger = await Browser().open(web.url)
    await stranger.begin()
    await browser.say("When?")
    await browser.until(lambda: len(browser.of("bot_stream")) == 1)
    stream_id = browser.of("bot_stream")[0]["stream_id"]
    sender = browser.session["session_id"]
    for seq, part in enumerate(({"stage": "writing"}, {"delta": "In 3 "}), 1):
        event = {"stream_id": stream_id, "seq": seq, **part}
        body = {"sender_id": sender, "event": event}
        assert await web.post("/stream", body) == (200, {"wanted": True})
    for tab in (browser, second):
        await tab.until(lambda tab=tab: len(tab.of("bot_stream")) == 3)  # type: ignore[misc]
        assert tab.of("bot_stream")[1:] == [
            {"stream_id": stream_id, "seq": 1, "stage": "writing"},
            {"stream_id": stream_id, "seq": 2, "delta": "In 3 "},
        ]
    third = await Browser().open(web.url)
    state = await third.begin(token=browser.session["token"])
    assert state["stream"] == {
        "stream_id": stream_id,
        "seq": 2,
        "text": "In 3 ",
        "stage": "writing",
    }
    assert state["busy"] is True
    await second.replies(1)
    assert stranger.events == []
    body["event"] = {"stream_id": stream_id, "seq": 3, "delta": "late"}
    assert await web.post("/stream", body) == (410, {"wanted": False})
    for tab in (second, stranger, third):
        await tab.close()


async def test_stop_ends_the_wait_of_the_action_server(
    web: WebServer, browser: Browser, rasa: RecordingRasa
) -> None:
    rasa.delay_s = 1.0
    await browser.say("When?")
    await browser.until(lambda: bool(browser.of("bot_stream")))
    stream_id = browser.of("bot_stream")[0]["stream_id"]
    body = {"sender_id": browser.session["session_id"], "stream_id": stream_id}
    waiting = asyncio.create_task(web.post("/stream/wait", body))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    started = time.perf_counter()
    ack = await browser.call("stop", stream_id=stream_id)
    assert (ack["ok"], ack["stopping"]) == (True, True)
    assert await waiting == (200, {"wanted": False})
    assert time.perf_counter() - started < 0.3
    await browser.replies(1)
    assert (await browser.call("stop", stream_id=stream_id))["stopping"] is False


@pytest.mark.parametrize("secret", ["", "wrong", f"{STREAM_SECRET} ", "é"])
@pytest.mark.parametrize("path", ["/stream", "/stream/wait"])
async def test_stream_route_needs_the_secret(
    web: WebServer, path: str, secret: str
) -> None:
    status, _ = await web.post(path, {"sender_id": "x"}, secret)
    assert status == 403


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"sender_id": "x"},
        {"sender_id": "x", "event": 5},
        {"sender_id": "x", "event": {"stream_id": "a", "seq": "one"}},
        {"sender_id": "x", "event": {"stream_id": "a", "seq": 1, "stage": "<b>"}},
        {"sender_id": "x", "event": {"stream_id": "a", "seq": 1, "delta": "x" * 5000}},
    ],
)
async def test_malformed_part_is_refused(web: WebServer, body: Any) -> None:
    assert (await web.post("/stream", body))[0] == 400


async def test_huge_body_is_refused(web: WebServer) -> None:
    assert (await web.post("/stream", {"x": "y" * MAX_BODY}))[0] == 413


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_huge_frame_ends_only_its_own_connection(
    web: WebServer, browser: Browser, transport: str
) -> None:
    rude = await Browser().open(web.url, transport)
    await rude.begin()
    await rude.client.emit("user_uttered", {"message": "x" * (2 * MAX_BODY)})
    await rude.until(lambda: not rude.client.connected)
    await browser.say("Still there?")
    assert (await browser.replies(1))[0]["text"] == "re: Still there?"


async def test_deep_json_is_no_danger(web: WebServer, browser: Browser) -> None:
    rude = await Browser().open(web.url)
    await rude.begin()
    deep = "[" * 20_000 + "]" * 20_000
    await rude.client.eio.ws.send_str(f'42["user_uttered",{deep}]')
    await browser.say("Still there?")
    assert (await browser.replies(1))[0]["text"] == "re: Still there?"
    await rude.close()


async def test_health_answers_ok(web: WebServer) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{web.url}/webhooks/web/") as response:
            assert await response.json() == {"status": "ok"}


async def test_person_writes_into_the_conversation(
    web: WebServer, browser: Browser
) -> None:
    await browser.say("A person, please.")
    await browser.replies(1)
    output = web.channel.get_output_channel()
    said = {"text": "Hello, Mia here.", "sender": "agent", "agent_name": "Mia"}
    await output.send_response(browser.session["session_id"], said)
    message = (await browser.replies(2))[1]
    assert (message["role"], message["agent_name"]) == ("agent", "Mia")
    assert (message["seq"], message["text"]) == (3, "Hello, Mia here.")
    history = await browser.call("history")
    assert history["messages"][-1] == message


async def test_rasas_agent_is_asked_and_failures_are_marked(
    tmp_path: Path, agent: Any, actions: FakeActions
) -> None:
    async def handle(message: UserMessage) -> None:
        await agent.handle_message(message)

    web = await WebServer(options(tmp_path), handle, agent=agent).start()
    browser = await Browser().open(web.url)
    session = (await browser.begin())["session_id"]
    await browser.say("hello")
    [greeting] = await browser.replies(1)
    assert greeting["text"]
    await actions.stop()
    await browser.say("what")
    failed = (await browser.replies(2))[1]
    assert failed["failure"] == "action"
    tracker = await agent.tracker_store.retrieve(session)
    assert tracker.get_latest_input_channel() == "web"
    await browser.close()
    await web.stop()


async def test_options_come_from_the_environment() -> None:
    given = WebOptions.from_environ({**ENVIRON, "FRONTDESK_WEB_PROXIES": "1"})
    assert given.origins == ("https://shop.example", "http://127.0.0.1:8080")
    assert (given.proxies, given.var, given.redis_url) == (1, Path("var"), "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRONTDESK_WEB_SESSION_SECRET", ""),
        ("FRONTDESK_WEB_STREAM_SECRET", ""),
        ("FRONTDESK_WEB_ORIGINS", "*"),
        ("FRONTDESK_WEB_ORIGINS", "https://*.shop.example"),
        ("FRONTDESK_WEB_ORIGINS", "shop.example"),
        ("FRONTDESK_IDENTITY_SECRET", "short"),
    ],
)
async def test_unsafe_option_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        WebInput(WebOptions.from_environ({**ENVIRON, name: value}))


async def test_everything_sent_is_json(browser: Browser, rasa: RecordingRasa) -> None:
    await browser.say("ü 漢 🙂 \ud83d")
    [reply] = await browser.replies(1)
    assert json.loads(json.dumps(reply)) == reply
    assert rasa.texts == ["ü 漢 🙂"]
