import asyncio
import time

import pytest
from rasa.core.lock_store import LockError

from addons.stores.locks import ConversationLocks


@pytest.mark.asyncio
async def test_turns_of_one_conversation_run_in_order_and_without_pause() -> None:
    locks, order, running = ConversationLocks(), [], 0

    async def turn(number: int) -> None:
        nonlocal running
        async with locks.lock("anna"):
            running += 1
            assert running == 1
            await asyncio.sleep(0.05)
            order.append(number)
            running -= 1

    started = time.perf_counter()
    await asyncio.gather(*(turn(number) for number in range(4)))
    assert order == [0, 1, 2, 3]
    assert time.perf_counter() - started < 0.6


@pytest.mark.asyncio
async def test_other_conversations_do_not_wait() -> None:
    locks = ConversationLocks()
    async with locks.lock("anna"), locks.lock("ben"):
        assert locks.held() == {"anna", "ben"}
    assert locks.held() == set()


@pytest.mark.asyncio
async def test_cancelled_turn_frees_its_conversation() -> None:
    locks = ConversationLocks()

    async def turn(seconds: float) -> None:
        async with locks.lock("anna"):
            await asyncio.sleep(seconds)

    holder, waiter = (asyncio.create_task(turn(30)) for _ in range(2))
    await asyncio.sleep(0.01)
    waiter.cancel()
    holder.cancel()
    await asyncio.gather(holder, waiter, return_exceptions=True)
    await asyncio.wait_for(turn(0), 1)
    assert locks.held() == set()


@pytest.mark.asyncio
async def test_wait_for_a_busy_conversation_ends() -> None:
    locks = ConversationLocks()
    async with locks.lock("anna"):
        with pytest.raises(LockError, match="'anna' was busy"):
            async with locks.lock("anna", lock_lifetime=0.05):
                pass
    assert locks.held() == set()


def test_several_workers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANIC_WORKERS", "2")
    with pytest.raises(ValueError, match="SANIC_WORKERS is '2'"):
        ConversationLocks()
