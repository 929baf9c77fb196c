import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.web_log import ConversationLog, LogError, SqliteLog
from addons.channels.web_messages import now
from addons.channels.web_redis import RedisLog
from tests.redis_service import redis_url

pytestmark = pytest.mark.asyncio

ANNA, EVE = "web:anna", "web:eve"


@pytest_asyncio.fixture(params=["sqlite", "redis"])
async def log(request: Any, tmp_path: Path) -> AsyncIterator[ConversationLog]:
    if request.param == "sqlite":
        opened: ConversationLog = SqliteLog(tmp_path / "var" / "web.db")
    else:
        opened = RedisLog(redis_url(), prefix=f"test-web:{tmp_path}")
    yield opened
    for session in (ANNA, EVE):
        await opened.end(session)
    await opened.close()


def said(name: str, text: str = "") -> dict[str, Any]:
    return {"role": "user", "at": now(), "text": text or name, "message_id": name}


def reply(text: str) -> dict[str, Any]:
    return {"role": "bot", "at": now(), "text": text}


async def texts(log: ConversationLog, session: str = ANNA, **which: Any) -> list[str]:
    messages, _ = await log.history(session, 100, **which)
    return [f"{message['seq']} {message['text']}" for message in messages]


async def test_messages_are_numbered_by_conversation(log: ConversationLog) -> None:
    assert (await log.accept(ANNA, said("a"), {}))[0]["seq"] == 1
    assert (await log.append(ANNA, reply("b")))["seq"] == 2
    assert (await log.accept(EVE, said("a"), {}))[0]["seq"] == 1
    assert (await log.accept(ANNA, said("c"), {}))[0]["seq"] == 3
    assert await texts(log) == ["1 a", "2 b", "3 c"]


async def test_resent_message_is_stored_once(log: ConversationLog) -> None:
    first, new = await log.accept(ANNA, said("a", "hi"), {})
    await log.append(ANNA, reply("b"))
    again, new_again = await log.accept(ANNA, said("a", "something else"), {})
    assert (new, new_again) == (True, False)
    assert again == first
    assert await texts(log) == ["1 hi", "2 b"]


async def test_the_same_message_at_once_is_stored_once(log: ConversationLog) -> None:
    stored = await asyncio.gather(*(log.accept(ANNA, said("a"), {}) for _ in range(20)))
    assert sum(new for _, new in stored) == 1
    assert {message["seq"] for message, _ in stored} == {1}


async def test_message_waits_until_it_is_answered(log: ConversationLog) -> None:
    await log.accept(ANNA, said("a"), {"text": "/a"})
    await log.accept(ANNA, said("b"), {"text": "b"})
    await log.accept(ANNA, said("c"), {"text": "c"})
    assert [w.turn["text"] for w in await log.waiting(ANNA)] == ["/a", "b", "c"]
    stored = await log.answer(ANNA, [1, 2], [reply("x"), reply("y")])
    assert [message["seq"] for message in stored] == [4, 5]
    assert [w.message["message_id"] for w in await log.waiting(ANNA)] == ["c"]
    assert await texts(log) == ["1 a", "2 b", "3 c", "4 x", "5 y"]
    assert await log.waiting(EVE) == []


async def test_answer_is_stored_once(log: ConversationLog) -> None:
    await log.accept(ANNA, said("a"), {})
    both = await asyncio.gather(
        log.answer(ANNA, [1], [reply("x")]), log.answer(ANNA, [1], [reply("y")])
    )
    assert sorted(map(len, both)) == [0, 1]
    assert len(await texts(log)) == 2


async def test_history_is_paged_both_ways(log: ConversationLog) -> None:
    for number in range(1, 8):
        await log.append(ANNA, reply(f"m{number}"))
    assert [m["seq"] for m in (await log.history(ANNA, 3))[0]] == [5, 6, 7]
    assert (await log.history(ANNA, 3))[1] is True
    earlier, more = await log.history(ANNA, 3, before=5)
    assert ([m["seq"] for m in earlier], more) == ([2, 3, 4], True)
    first, more = await log.history(ANNA, 3, before=2)
    assert ([m["seq"] for m in first], more) == ([1], False)
    later, more = await log.history(ANNA, 3, after=2)
    assert ([m["seq"] for m in later], more) == ([3, 4, 5], True)
    last, more = await log.history(ANNA, 3, after=5)
    assert ([m["seq"] for m in last], more) == ([6, 7], False)
    assert await log.history(ANNA, 3, after=7) == ([], False)
    assert await log.history(EVE, 3) == ([], False)


async def test_session_belongs_to_the_first_customer(log: ConversationLog) -> None:
    assert await log.bind(ANNA, "c-1") == "c-1"
    assert await log.bind(ANNA, "c-2") == "c-1"
    assert await log.bind(EVE, "c-2") == "c-2"


async def test_ended_session_is_empty_and_stays_ended(log: ConversationLog) -> None:
    await log.accept(ANNA, said("a"), {})
    await log.append(EVE, reply("b"))
    assert not await log.is_ended(ANNA)
    await log.end(ANNA)
    assert await log.is_ended(ANNA)
    assert await texts(log) == []
    assert await log.waiting(ANNA) == []
    assert await log.answer(ANNA, [1], [reply("x")]) == []
    assert await texts(log, EVE) == ["1 b"]


async def test_all_of_unicode_survives(log: ConversationLog) -> None:
    text = "ü 漢 🙂 \u2028 \ud83d \x00"
    await log.append(ANNA, reply(text))
    assert (await log.history(ANNA, 1))[0][0]["text"] == text


async def test_sqlite_log_outlives_the_process(tmp_path: Path) -> None:
    first = SqliteLog(tmp_path / "web.db")
    await first.accept(ANNA, said("a"), {"text": "a"})
    await first.close()
    second = SqliteLog(tmp_path / "web.db")
    assert [w.message["seq"] for w in await second.waiting(ANNA)] == [1]
    await second.close()


async def test_month_old_messages_are_gone_at_the_next_start(tmp_path: Path) -> None:
    first = SqliteLog(tmp_path / "web.db")
    await first.append(ANNA, {**reply("old"), "at": "2020-01-01T00:00:00.000+00:00"})
    await first.append(ANNA, reply("new"))
    await first.close()
    second = SqliteLog(tmp_path / "web.db")
    assert await texts(second) == ["2 new"]
    await second.close()


async def test_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "web.db").write_bytes(b"no database" * 1000)
    log = SqliteLog(tmp_path / "web.db")
    with pytest.raises(LogError, match=r"web\.db"):
        await log.waiting(ANNA)
    await log.close()


async def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "web.db")
    await log.accept(ANNA, said("a"), {})
    with sqlite3.connect(tmp_path / "web.db") as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON messages WHEN NEW.seq = 3 "
            "BEGIN SELECT raise(ABORT, 'disk full'); END"
        )
    other.close()
    with pytest.raises(LogError, match="disk full"):
        await log.answer(ANNA, [1], [reply("x"), reply("y")])
    assert await texts(log) == ["1 a"]
    assert len(await log.waiting(ANNA)) == 1
    await log.close()


async def test_redis_that_is_away_is_a_log_error() -> None:
    log = RedisLog("redis://127.0.0.1:9/0")
    with pytest.raises(LogError, match="Redis"):
        await log.waiting(ANNA)
    await log.close()
