"""Two workers behind one balancer: what one is told, the other knows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes_web import OF_SANIC, Browser, RecordingRasa, WebServer, options
from tests.redis_service import redis_url

pytestmark = [pytest.mark.asyncio, OF_SANIC]


@pytest.fixture
def rasa() -> RecordingRasa:
    return RecordingRasa()


@pytest_asyncio.fixture
async def workers(
    rasa: RecordingRasa, tmp_path: Path
) -> AsyncIterator[tuple[WebServer, WebServer]]:
    given = options(tmp_path, redis_url=redis_url())
    first, second = WebServer(given, rasa.handle), WebServer(given, rasa.handle)
    yield await first.start(), await second.start()
    await first.stop()
    await second.stop()


async def two_tabs(workers: tuple[WebServer, WebServer]) -> tuple[Browser, Browser]:
    """Tabs of one session, each at another worker."""
    here, there = await Browser().open(workers[0].url), Browser()
    await here.begin()
    await there.open(workers[1].url)
    state = await there.begin(token=here.session["token"])
    assert state["resumed"] is True
    return here, there


async def test_tab_at_another_worker_sees_everything(
    workers: tuple[WebServer, WebServer], rasa: RecordingRasa
) -> None:
    here, there = await two_tabs(workers)
    await here.say("When?")
    await asyncio.gather(here.replies(1), there.replies(1))
    assert there.of("bot_uttered") == here.of("bot_uttered")
    assert [m["text"] for m in there.of("user_uttered")] == ["When?"]
    assert here.of("user_uttered") == []
    history = await there.call("history")
    assert [m["seq"] for m in history["messages"]] == [1, 2]
    await end(here, there)


async def test_message_sent_to_both_workers_is_answered_once(
    workers: tuple[WebServer, WebServer], rasa: RecordingRasa
) -> None:
    here, there = await two_tabs(workers)
    acks = await asyncio.gather(
        *(tab.say("When?", f"m-{n:08}") for n in range(10) for tab in (here, there))
    )
    assert sum("duplicate" in ack for ack in acks) == 10
    await here.replies(10)
    assert rasa.texts == ["When?"] * 10
    order = [m["seq"] for m in here.of("bot_uttered")]
    assert order == sorted(set(order))
    await end(here, there)


async def test_part_and_stop_may_reach_either_worker(
    workers: tuple[WebServer, WebServer], rasa: RecordingRasa
) -> None:
    rasa.delay_s = 1.0
    here, there = await two_tabs(workers)
    await here.say("When?")
    await here.until(lambda: bool(here.of("bot_stream")))
    stream_id = here.of("bot_stream")[0]["stream_id"]
    sender = here.session["session_id"]
    event = {"stream_id": stream_id, "seq": 1, "delta": "In 3 "}
    body = {"sender_id": sender, "event": event}
    assert await workers[1].post("/stream", body) == (200, {"wanted": True})
    for tab in (here, there):
        await tab.until(lambda tab=tab: event in tab.of("bot_stream"))  # type: ignore[misc]
    call = {"sender_id": sender, "stream_id": stream_id}
    waiting = asyncio.create_task(workers[0].post("/stream/wait", call))
    assert (await there.call("stop", stream_id=stream_id))["stopping"] is True
    assert await asyncio.wait_for(waiting, 1) == (200, {"wanted": False})
    await here.replies(1)
    await end(here, there)


async def test_session_ended_at_one_worker_is_ended_at_the_other(
    workers: tuple[WebServer, WebServer],
) -> None:
    here, there = await two_tabs(workers)
    assert await here.call("session_end") == {"ok": True}
    assert (await there.say("Hello?"))["error"] == "no_session"
    await end(here, there)


async def end(*tabs: Browser) -> None:
    await tabs[0].call("session_end")
    for tab in tabs:
        await tab.close()
