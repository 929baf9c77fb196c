"""A thousand attempts of one session to read or write in another one."""

import random
import secrets
import string
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest

from addons.channels.web_tokens import Session, SessionTokens
from tests.fakes_web import (
    IDENTITY_SECRET,
    OF_SANIC,
    Browser,
    RecordingRasa,
    WebServer,
    options,
)

pytestmark = [pytest.mark.asyncio, OF_SANIC]

ATTEMPTS = 1000
SECRET = "The code of my front door is 4711."


class Attacker:
    """Knows a victim's id, stream and messages, and how tokens look; not its token."""

    def __init__(self, web: WebServer, victim: Browser, stream_id: str) -> None:
        self.web = web
        self.id = victim.session["session_id"]
        self.token = victim.session["token"]
        self.stream_id = stream_id
        self.draw = random.Random(7)

    async def attempt(self, tab: Browser, kind: int) -> Any:
        """One attempt; what the server answered."""
        other = {"session_id": self.id, "sender_id": self.id, "session": self.id}
        if kind < len(self.tokens()):
            return await tab.call("session_request", token=self.tokens()[kind])
        kind -= len(self.tokens())
        if kind == 0:
            name = uuid.uuid4().hex
            return await tab.say("I am Anna.", name, metadata=other, **other)
        if kind == 1:
            return await tab.call("history", after=0, **other)
        if kind == 2:
            return await tab.call("transcript", **other)
        if kind == 3:
            return await tab.call("stop", stream_id=self.stream_id, **other)
        if kind == 4:
            return await tab.call("feedback", seq=2, value="down", **other)
        if kind == 5:
            return await tab.call("session_end", **other)
        if kind == 6:
            return await tab.call("identify", identity_token=self.identity(), **other)
        event = {"stream_id": self.stream_id, "seq": 9, "delta": "Call 0900 666."}
        body = {"sender_id": self.id, "event": event}
        return await self.web.post("/stream", body, secrets.token_urlsafe())

    def tokens(self) -> list[Any]:
        """Tokens that somebody without the victim's own could come up with."""
        name, born, renewed, signature = self.token.split(".")
        place = self.draw.randrange(len(signature))
        # The last character holds two unused bits, which a decoder could ignore.
        letter = self.draw.choice(string.ascii_letters.replace(signature[place], ""))
        changed = signature[:place] + letter + signature[place + 1 :]
        own, _ = self.web.channel.tokens.sign(self.web.channel.tokens.create())
        foreign = SessionTokens(secrets.token_hex(32))
        past = SessionTokens(OWN, lambda: time.time() - 8 * 24 * 3600)
        return [
            self.id,
            f"{self.id}.{born}.{renewed}.{secrets.token_urlsafe(32)}",
            f"{name}.{born}.{renewed}.{changed}",
            f"{name}.{born}.{int(renewed) + 1}.{signature}",
            f"{name}.{int(born) - 1}.{renewed}.{signature}",
            f"{name}.{own.split('.', 1)[1]}",
            foreign.sign(Session(self.id, int(born)))[0],
            past.sign(Session(self.id, int(born)))[0],
            {"session_id": self.id, "toString": self.token},
            [self.token],
        ]

    def identity(self) -> str:
        claims = {"sub": "anna", "aud": "frontdesk", "exp": int(time.time()) + 600}
        kind = self.draw.randrange(3)
        if kind == 0:
            return jwt.encode(claims, None, "none")
        if kind == 1:
            return jwt.encode(claims, secrets.token_hex(32), "HS256")
        return jwt.encode({**claims, "sid": self.id}, IDENTITY_SECRET, "HS256")


OWN = "a-session-secret-of-more-than-32-characters"


async def test_1000_attempts_at_another_conversation_all_fail(tmp_path: Path) -> None:
    rasa = RecordingRasa()
    web = await WebServer(options(tmp_path), rasa.handle, deadline_s=300).start()
    victim = await Browser().open(web.url)
    await victim.begin()
    await victim.say(SECRET)
    await victim.replies(1)
    rasa.delay_s = 300  # the victim's second reply is being written all the time
    await victim.say("And of the back door?")
    await victim.until(lambda: len(victim.of("bot_stream")) == 2)
    stream_id = victim.of("bot_stream")[1]["stream_id"]
    attacker = Attacker(web, victim, stream_id)
    session, heard = victim.session["session_id"], list(victim.events)
    before, _ = await web.channel.log.history(session, 100)
    rasa.delay_s = 0
    succeeded, tab = [], await Browser().open(web.url)
    await tab.begin()
    kinds = len(attacker.tokens()) + 8
    for number in range(ATTEMPTS):
        answer = await attacker.attempt(tab, number % kinds)
        if session in str(answer) or SECRET in str(answer):
            succeeded.append((number % kinds, answer))
        if isinstance(answer, dict) and answer.get("error") == "no_session":
            await tab.begin()  # it ended its own session
    assert succeeded == []
    assert [event for event in tab.events if SECRET in str(event)] == []
    assert victim.events == heard
    assert (await web.channel.log.history(session, 100))[0] == before
    assert await web.channel.live.is_wanted(stream_id, session)
    assert [m.sender_id for m in rasa.messages].count(session) == 2
    assert (await victim.call("history"))["messages"] == before
    for browser in (victim, tab):
        await browser.close()
    await web.kill()


async def test_own_token_of_the_victim_would_open_the_session(tmp_path: Path) -> None:
    """The attempts above fail for want of the token, and of nothing else."""
    rasa = RecordingRasa()
    web = await WebServer(options(tmp_path), rasa.handle).start()
    victim, second = await Browser().open(web.url), await Browser().open(web.url)
    await victim.begin()
    await victim.say(SECRET)
    await victim.replies(1)
    state = await second.begin(token=victim.session["token"])
    assert state["messages"][0]["text"] == SECRET
    for browser in (victim, second):
        await browser.close()
    await web.stop()
