import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg2
import pytest
import pytest_asyncio

from addons.channels.deliveries import LEASE_S, Deliveries, Turn, default_url
from addons.channels.messages import Attachment, Inbound, Outgoing

pytestmark = pytest.mark.asyncio
POSTGRES = "postgresql://postgres@127.0.0.1:5432"
ANNA = "sms:anna"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deliveries.db"
        return
    try:
        server = psycopg2.connect(f"{POSTGRES}/test", connect_timeout=15)
    except psycopg2.OperationalError as error:
        if os.environ.get("FRONTDESK_REQUIRE_SERVICES") == "1":
            pytest.fail(f"PostgreSQL is not there: {error}")
        pytest.skip(f"PostgreSQL is not there: {error}")
    server.autocommit = True
    name = f"deliveries_{secrets.token_hex(4)}"
    server.cursor().execute(f"CREATE DATABASE {name}")
    yield f"{POSTGRES}/{name}"
    server.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest_asyncio.fixture
async def workers(url: str) -> AsyncIterator[list[Deliveries]]:
    """Two workers, started at the same moment."""
    found = [Deliveries(url, name) for name in ("one", "two")]
    await asyncio.gather(*(worker.open() for worker in found))
    yield found
    for worker in found:
        await worker.close()


@pytest.fixture
def deliveries(workers: list[Deliveries]) -> Deliveries:
    return workers[0]


def event(number: int, sender: str = "anna", at: float = 0.0) -> Inbound:
    return Inbound(
        f"e{number}", sender, f"text {number}", sent_at=at, reply_to={"chat": number}
    )


async def take_turn(deliveries: Deliveries, now: float) -> Turn:
    turn = await deliveries.next(ANNA, now)
    assert isinstance(turn, Turn)
    return turn


async def take_call(deliveries: Deliveries, now: float) -> Outgoing:
    call = await deliveries.next(ANNA, now)
    assert isinstance(call, Outgoing)
    return call


async def test_event_is_new_once_for_all_workers(workers: list[Deliveries]) -> None:
    found = await asyncio.gather(
        *(workers[n % 2].accept("sms", [event(1)], 1.0) for n in range(10))
    )
    assert sorted(found) == [[]] * 9 + [[ANNA]]


async def test_same_id_on_another_channel_is_another_event(
    deliveries: Deliveries,
) -> None:
    assert await deliveries.accept("sms", [event(1)], 1.0) == [ANNA]
    assert await deliveries.accept("email", [event(1)], 1.0) == ["email:anna"]


async def test_conversation_has_one_worker(workers: list[Deliveries]) -> None:
    await workers[0].accept("sms", [event(1)], 1.0)
    claims = await asyncio.gather(*(worker.claim(ANNA, 1.0) for worker in workers))
    assert sorted(claims) == [False, True]


async def test_conversation_of_a_worker_that_died_is_taken_over(
    workers: list[Deliveries],
) -> None:
    one, two = workers
    await one.accept("sms", [event(1)], 1.0)
    assert await one.claim(ANNA, 1.0)
    assert (await take_turn(one, 1.0)).tries == 0
    assert await two.waiting("sms", LEASE_S) == []
    assert not await two.claim(ANNA, LEASE_S)
    assert await two.waiting("sms", 1.1 + LEASE_S) == [ANNA]
    assert await two.claim(ANNA, 1.1 + LEASE_S)
    assert (await take_turn(two, 20.0)).tries == 1


async def test_renewed_lease_is_not_taken_over(workers: list[Deliveries]) -> None:
    one, two = workers
    await one.accept("sms", [event(1)], 1.0)
    await one.claim(ANNA, 1.0)
    await one.renew(10.0)
    assert not await two.claim(ANNA, 20.0)


async def test_waiting_events_are_ordered_by_the_vendors_clock(
    deliveries: Deliveries,
) -> None:
    for number, at in ((3, 30.0), (1, 10.0), (2, 20.0)):
        await deliveries.accept("sms", [event(number, at=at)], 100.0)
    await deliveries.claim(ANNA, 100.0)
    for number in (1, 2, 3):
        turn = await take_turn(deliveries, 100.0)
        assert turn.inbound.event_id == f"e{number}"
        await deliveries.answer(turn, [], 100.0)
    assert await deliveries.next(ANNA, 100.0) is None


async def test_answer_goes_before_the_next_turn(deliveries: Deliveries) -> None:
    await deliveries.accept("sms", [event(1), event(2)], 1.0)
    await deliveries.claim(ANNA, 1.0)
    turn = await take_turn(deliveries, 1.0)
    await deliveries.answer(turn, [{"a": 1}, {"a": 2}], 1.0)
    for number in (1, 2):
        call = await take_call(deliveries, 1.0)
        assert call.call == {"a": number}
        assert call.heard_at == 1.0 and call.reply_to == {"chat": 2}
        await deliveries.sent(call.id, "v", 1.0)
    assert (await take_turn(deliveries, 1.0)).inbound.event_id == "e2"


async def test_answer_recorded_twice_is_one_answer(deliveries: Deliveries) -> None:
    await deliveries.accept("sms", [event(1)], 1.0)
    await deliveries.claim(ANNA, 1.0)
    turn = await take_turn(deliveries, 1.0)
    await deliveries.answer(turn, [{"a": 1}], 1.0)
    await deliveries.answer(turn, [{"a": 1}], 1.0)
    call = await take_call(deliveries, 1.0)
    await deliveries.sent(call.id, "v", 1.0)
    assert await deliveries.next(ANNA, 1.0) is None


async def test_call_that_was_begun_is_uncertain_with_the_same_key(
    deliveries: Deliveries,
) -> None:
    await deliveries.push(ANNA, [{"a": 1}], 1.0)
    await deliveries.claim(ANNA, 1.0)
    first = await take_call(deliveries, 1.0)
    assert not (await take_call(deliveries, 2.0)).uncertain
    await deliveries.begin(first.id, 3.0)
    again = await take_call(deliveries, 4.0)
    assert (first.uncertain, again.uncertain) == (False, True)
    assert first.key == again.key


async def test_begin_of_an_uncertain_try_is_kept(deliveries: Deliveries) -> None:
    await deliveries.push(ANNA, [{"a": 1}], 1.0)
    await deliveries.claim(ANNA, 1.0)
    call = await take_call(deliveries, 1.0)
    await deliveries.begin(call.id, 2.0)
    await deliveries.postpone(call.id, 4.0, "no answer", True)
    assert (await take_call(deliveries, 4.0)).begun_at == 2.0
    await deliveries.begin(call.id, 5.0)
    assert (await take_call(deliveries, 6.0)).begun_at == 2.0
    await deliveries.postpone(call.id, 7.0, "busy", False)
    await deliveries.begin(call.id, 7.0)
    assert (await take_call(deliveries, 8.0)).begun_at == 7.0


async def test_postponed_call_is_due_at_its_time(deliveries: Deliveries) -> None:
    await deliveries.push(ANNA, [{"a": 1}], 1.0)
    await deliveries.claim(ANNA, 1.0)
    call = await take_call(deliveries, 1.0)
    await deliveries.postpone(call.id, 9.0, "busy", False)
    assert await deliveries.next(ANNA, 5.0) == 4.0
    again = await take_call(deliveries, 9.0)
    assert (again.tries, again.uncertain) == (1, False)


async def test_report_of_the_vendor_settles_a_call(deliveries: Deliveries) -> None:
    await deliveries.push(ANNA, [{"a": 1}], 1.0)
    await deliveries.claim(ANNA, 1.0)
    call = await take_call(deliveries, 1.0)
    await deliveries.confirm("email", call.key, "v", 1.0)
    assert not await deliveries.is_settled(call.id)
    await deliveries.confirm("sms", call.key, "v", 1.0)
    assert await deliveries.is_settled(call.id)
    assert await deliveries.next(ANNA, 1.0) is None


async def test_buried_call_lets_the_next_one_pass(deliveries: Deliveries) -> None:
    await deliveries.push(ANNA, [{"a": 1}, {"a": 2}], 1.0)
    await deliveries.claim(ANNA, 1.0)
    call = await take_call(deliveries, 1.0)
    await deliveries.bury(call.id, "refused", 1.0)
    assert (await take_call(deliveries, 1.0)).call == {"a": 2}


async def test_event_survives_as_it_was(deliveries: Deliveries) -> None:
    said = Inbound(
        "e1",
        "anna",
        "naïve 😀 \ud800",
        "/p",
        [Attachment("image", "1", "u", "n", "m")],
        5.0,
        {"chat": 1},
        {"a": [1]},
    )
    await deliveries.accept("sms", [said], 1.0)
    await deliveries.claim(ANNA, 1.0)
    assert (await take_turn(deliveries, 1.0)).inbound == said


async def test_event_during_the_last_look_is_not_forgotten(
    workers: list[Deliveries],
) -> None:
    one, two = workers
    now = time.time()
    for number in range(50):
        await one.accept("sms", [event(2 * number)], now)
        assert await one.claim(ANNA, now)
        await one.answer(await take_turn(one, now), [], now)
        left, _ = await asyncio.gather(
            one.next(ANNA, now), two.accept("sms", [event(2 * number + 1)], now)
        )
        if left is None:
            assert await two.claim(ANNA, now)
            left = await take_turn(two, now)
            await two.answer(left, [], now)
            assert await two.next(ANNA, now) is None
        else:
            assert isinstance(left, Turn)
            await one.answer(left, [], now)
            assert await one.next(ANNA, now) is None


async def test_database_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRONTDESK_DELIVERIES_URL", raising=False)
    monkeypatch.setenv("FRONTDESK_VAR", "/srv/var")
    assert default_url() == "sqlite:////srv/var/deliveries.db"
    monkeypatch.setenv("FRONTDESK_DELIVERIES_URL", "postgresql://db/frontdesk")
    assert default_url() == "postgresql://db/frontdesk"
