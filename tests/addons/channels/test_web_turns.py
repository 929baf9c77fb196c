import asyncio
import random
import sqlite3
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, UserUttered

from addons.channels.base import Turns
from addons.channels.web_live import LocalLive
from addons.channels.web_log import SqliteLog
from addons.channels.web_messages import now
from addons.channels.web_tokens import Session
from addons.channels.web_turns import Conversations
from tests.fakes_channels import FakeActions
from tests.fakes_web import OF_SANIC, Browser, RecordingRasa, WebServer, options

# A phone in a tunnel closes nothing: what a client that vanished in the middle of a
# request leaves behind is no leak of ours.
VANISHED = pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
pytestmark = [pytest.mark.asyncio, OF_SANIC, VANISHED]

CONVERSATIONS = 500
MESSAGES = 3
AT_ONCE = 10


class Shopper:
    """A client as docs/web-channel.md describes it: an outbox, and a list by `seq`."""

    def __init__(self, url: str, draw: random.Random) -> None:
        self.url = url
        self.draw = draw
        self.token: Any = None
        self.outbox: dict[str, str] = {}
        self.seen: dict[int, dict[str, Any]] = {}
        self.disconnects = 0

    @property
    def last(self) -> int:
        """The highest `seq` below which nothing is missing."""
        seq = 0
        while seq + 1 in self.seen:
            seq += 1
        return seq

    async def connect(self) -> None:
        self.tab = Browser()
        self.tab.client.on("bot_uttered", self.receive)
        transport = "polling" if self.draw.random() < 0.1 else "websocket"
        await self.tab.open(self.url, transport)
        state = await self.tab.begin(token=self.token, after=self.last)
        self.token = state["token"]
        for message in state["messages"]:
            await self.receive(message)
        for name, text in list(self.outbox.items()):
            await self.send(name, text)

    async def receive(self, message: dict[str, Any]) -> None:
        self.seen[message["seq"]] = message

    async def send(self, name: str, text: str) -> None:
        self.outbox[name] = text

        def acknowledged(ack: dict[str, Any]) -> None:
            assert ack["ok"], ack
            if name in self.outbox:
                shown = {
                    "seq": ack["seq"],
                    "role": "user",
                    "text": self.outbox.pop(name),
                }
                self.seen[ack["seq"]] = shown

        data = {"message": text, "message_id": name}
        await self.tab.client.emit("user_uttered", data, callback=acknowledged)

    async def lose_connection(self) -> None:
        await asyncio.sleep(self.draw.uniform(0, 0.05))
        await self.tab.drop()
        self.disconnects += 1
        await self.connect()

    async def converse(self, texts: list[str]) -> None:
        await self.connect()
        broken = self.draw.randrange(len(texts))
        for number, text in enumerate(texts):
            await self.send(uuid.uuid4().hex, text)
            if number == broken:
                await self.lose_connection()
            elif self.draw.random() < 0.5:
                await asyncio.sleep(self.draw.uniform(0, 0.03))
        await self.tab.until(lambda: self.last >= 2 * len(texts), 60)
        await self.tab.close()


@pytest.mark.slow
async def test_500_conversations_with_a_disconnect_lose_and_double_nothing(
    tmp_path: Path,
) -> None:
    rasa = RecordingRasa()
    slow = random.Random(1)

    async def handle(message: UserMessage) -> None:
        rasa.delay_s = slow.uniform(0, 0.02)
        await rasa.handle(message)

    web = await WebServer(options(tmp_path), handle).start()
    shoppers = [Shopper(web.url, random.Random(n)) for n in range(CONVERSATIONS)]
    texts = [f"Message {n} of {MESSAGES}." for n in range(1, MESSAGES + 1)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(shopper: Shopper) -> None:
        async with gate:
            await shopper.converse(texts)

    await asyncio.gather(*map(one, shoppers))
    assert [shopper.disconnects for shopper in shoppers] == [1] * CONVERSATIONS
    asked: dict[str, list[str]] = {}
    for message in rasa.messages:
        asked.setdefault(message.sender_id, []).append(message.text)
    assert list(asked.values()) == [texts] * CONVERSATIONS  # once each, in order
    for shopper in shoppers:
        assert len(shopper.seen) == 2 * MESSAGES
        shown = [shopper.seen[seq] for seq in sorted(shopper.seen)]
        said = [m["text"] for m in shown if m["role"] == "user"]
        heard = [m["text"] for m in shown if m["role"] == "bot"]
        assert (said, heard) == (texts, [f"re: {text}" for text in texts])
        stored, _ = await web.channel.log.history(shopper.tab.session["session_id"], 99)
        assert [m["text"] for m in stored] == [m["text"] for m in shown]
    await web.stop()


async def test_server_that_dies_in_a_turn_answers_after_its_restart(
    tmp_path: Path,
) -> None:
    hanging, answering = RecordingRasa(delay_s=60), RecordingRasa()
    first = await WebServer(options(tmp_path), hanging.handle, deadline_s=60).start()
    browser = await Browser().open(first.url)
    await browser.begin()
    await browser.say("Are you open?")
    await browser.until(lambda: hanging.texts == ["Are you open?"])
    await browser.drop()
    await first.kill()
    second = await WebServer(options(tmp_path), answering.handle).start()
    again = await Browser().open(second.url)
    state = await again.begin(token=browser.session["token"])
    assert state["busy"] is True
    [reply] = await again.replies(1)
    assert (reply["seq"], reply["text"]) == (2, "re: Are you open?")
    await again.close()
    await second.stop()


async def test_reply_that_rasa_remembers_is_not_made_twice(
    tmp_path: Path, agent: Any, actions: FakeActions
) -> None:
    session = "web:" + "a" * 32
    old = (datetime.now(timezone.utc) - timedelta(seconds=10)).isoformat()
    log = SqliteLog(tmp_path / "web.db")
    said = {"role": "user", "at": old, "text": "what", "message_id": "m-1234567"}
    await log.accept(session, said, {"text": "what"})
    await log.close()
    tracker = await agent.processor.fetch_tracker_and_update_session(session)
    remembered = [
        UserUttered("what", metadata={"message_ids": ["m-1234567"]}),
        BotUttered("Ten days.", metadata={"decision": "answer"}),
        BotUttered("Mia here.", metadata={"sender": "agent"}),
        UserUttered("other", metadata={"message_ids": ["m-7654321"]}),
        BotUttered("Something else."),
    ]
    tracker.update_with_events(remembered, agent.domain)
    await agent.processor.save_tracker(tracker)
    rasa = RecordingRasa()
    web = await WebServer(options(tmp_path), rasa.handle, agent=agent).start()
    token, _ = web.channel.tokens.sign(Session(session, int(time.time())))
    browser = await Browser().open(web.url)
    await browser.begin(token=token)
    [reply] = await browser.replies(1)
    assert (reply["text"], reply["decision"]) == ("Ten days.", "answer")
    assert rasa.messages == []
    await browser.close()
    await web.stop()


async def test_log_that_fails_at_the_reply_hides_no_reply(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rasa = RecordingRasa(delay_s=0.2)
    web = await WebServer(options(tmp_path), rasa.handle).start()
    browser = await Browser().open(web.url)
    await browser.begin()
    await browser.say("When?")
    await browser.until(lambda: bool(rasa.messages))
    with sqlite3.connect(tmp_path / "web.db") as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON messages "
            "BEGIN SELECT raise(ABORT, 'disk full'); END"
        )
    other.close()
    [reply] = await browser.replies(1)
    assert reply["text"] == "re: When?"
    assert "seq" not in reply
    assert "disk full" in caplog.text
    await browser.close()
    await web.stop()


async def test_turns_under_way_end_before_the_server_does(tmp_path: Path) -> None:
    rasa = RecordingRasa(delay_s=0.3)
    web = await WebServer(options(tmp_path), rasa.handle).start()
    browser = await Browser().open(web.url)
    await browser.begin()
    await browser.say("When?")
    await browser.until(lambda: bool(rasa.messages))
    await web.stop()
    log = SqliteLog(tmp_path / "web.db")
    messages, _ = await log.history(browser.session["session_id"], 9)
    assert [m["text"] for m in messages] == ["When?", "re: When?"]
    await log.close()


async def test_lease_of_a_dead_worker_is_waited_for(tmp_path: Path) -> None:
    live, rasa, sent = LocalLive(), RecordingRasa(), []
    log = SqliteLog(tmp_path / "web.db")

    async def send(event: str, session: str, payload: dict[str, Any]) -> None:
        sent.append((event, session, payload.get("text")))

    given = ("web", log, live, Turns(), send, rasa.handle, lambda: None)
    conversations = Conversations(*given)
    message = {"role": "user", "at": now(), "text": "a", "message_id": "m-1234567"}
    await log.accept("web:1", message, {"text": "Who waits?"})
    assert await live.lease("web:1")
    conversations.kick("web:1")
    await asyncio.sleep(0.1)
    assert rasa.messages == []
    await live.release("web:1")
    await conversations.finish(3)
    assert sent[-1] == ("bot_uttered", "web:1", "re: Who waits?")
    assert await live.lease("web:1")
    await log.close()
