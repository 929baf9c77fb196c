import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.web_live import Live, LocalLive
from addons.channels.web_redis import RedisLive
from tests.redis_service import redis_url

pytestmark = pytest.mark.asyncio

ANNA, EVE = "web:anna", "web:eve"


@pytest_asyncio.fixture(params=["local", "redis"])
async def live(request: Any, tmp_path: Path) -> AsyncIterator[Live]:
    if request.param == "local":
        yield LocalLive()
        return
    opened = RedisLive(redis_url(), prefix=f"test-web:{tmp_path}")
    yield opened
    for session in (ANNA, EVE):
        await opened.release(session)
        await opened.close("f1", session)
    await opened.shut()


async def test_conversation_is_leased_to_one_at_a_time(live: Live) -> None:
    leased = await asyncio.gather(*(live.lease(ANNA) for _ in range(10)))
    assert sum(leased) == 1
    assert await live.lease(EVE)
    await live.renew(ANNA)
    assert not await live.lease(ANNA)
    await live.release(ANNA)
    assert await live.lease(ANNA)


async def test_stream_collects_what_is_shown(live: Live) -> None:
    assert await live.current(ANNA) is None
    await live.open("f1", ANNA)
    assert await live.add("f1", ANNA, 1, "", "writing")
    assert await live.add("f1", ANNA, 2, "One. ", "")
    assert await live.add("f1", ANNA, 5, "Two. ", "")
    assert await live.current(ANNA) == {
        "stream_id": "f1",
        "seq": 5,
        "text": "One. Two. ",
        "stage": "writing",
    }
    assert await live.current(EVE) is None
    await live.close("f1", ANNA)
    assert await live.current(ANNA) is None


async def test_part_that_comes_twice_or_late_is_dropped(live: Live) -> None:
    await live.open("f1", ANNA)
    assert await live.add("f1", ANNA, 2, "Two. ", "")
    assert not await live.add("f1", ANNA, 2, "Two. ", "")
    assert not await live.add("f1", ANNA, 1, "One. ", "")
    assert (await live.current(ANNA) or {})["text"] == "Two. "


async def test_stream_of_another_or_none_takes_nothing(live: Live) -> None:
    await live.open("f1", ANNA)
    assert not await live.add("f1", EVE, 1, "Hello. ", "")
    assert not await live.add("f2", ANNA, 1, "Hello. ", "")
    assert not await live.stop("f1", EVE)
    assert not await live.stop("f2", ANNA)
    assert not await live.is_wanted("f1", EVE)
    assert not await live.is_wanted("f2", ANNA)
    assert await live.is_wanted("f1", ANNA)


async def test_stopped_stream_is_not_wanted(live: Live) -> None:
    await live.open("f1", ANNA)
    assert await live.stop("f1", ANNA)
    assert not await live.is_wanted("f1", ANNA)
    await live.close("f1", ANNA)
    assert not await live.stop("f1", ANNA)
