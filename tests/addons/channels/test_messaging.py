"""What every connector has to do, shown with each of them against its vendor's fake."""

import asyncio
import dataclasses
import itertools
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.courier import Retries
from addons.channels.deliveries import KEEP_S, Deliveries
from addons.channels.guard import NO_TEXT
from tests.addons.channels.cases import CASES
from tests.fakes_messaging import (
    Case,
    Delivery,
    Fault,
    Message,
    Turns,
    Vendor,
    Worker,
    events_of,
    until,
)

pytestmark = pytest.mark.asyncio
numbers = itertools.count(1)
QUICK = Retries(tries=4, first_s=0.05)


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest_asyncio.fixture
async def vendor(case: Case) -> AsyncIterator[Vendor]:
    fake = case.vendor()
    await fake.start()
    yield fake
    await fake.stop()
    assert fake.refused == []


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest_asyncio.fixture
async def workers(
    case: Case, vendor: Vendor, turns: Turns, tmp_path: Path
) -> AsyncIterator[list[Worker]]:
    """Two workers with one database."""
    found = []
    for _ in range(2):
        channel = case.channel(
            vendor.url,
            deliveries_url=f"sqlite:///{tmp_path}/deliveries.db",
            retries=QUICK,
            sweep_s=0.2,
        )
        channel.receipt_s = 0.0
        found.append(Worker([channel], turns))
        await found[-1].start()
    yield found
    for worker in found:
        await worker.stop()


@pytest.fixture
def worker(workers: list[Worker]) -> Worker:
    return workers[0]


def message(text: str, customer: int = 1, at: float = 0.0) -> Message:
    return Message(next(numbers), customer, text, at)


async def bring(worker: Worker, case: Case, *messages: Message) -> list[int]:
    return [
        await worker.post(case.name, delivery) for delivery in case.deliver(messages)
    ]


async def test_message_is_answered_where_the_customer_is(
    case: Case, worker: Worker, turns: Turns, vendor: Vendor
) -> None:
    assert await bring(worker, case, message("hello")) == [200]
    await until(lambda: vendor.shown)
    assert vendor.texts(case.customer(1)) == ["You said: hello"]
    assert turns.said == [(case.conversation(1), "hello")]


async def test_conversation_carries_the_name_of_its_channel(case: Case) -> None:
    assert case.conversation(1).startswith(f"{case.name}:")


async def test_vendor_is_answered_while_the_turn_still_runs(
    case: Case, worker: Worker, turns: Turns, vendor: Vendor
) -> None:
    turns.delay_s = 1.0
    await bring(worker, case, message("warm up", customer=9))
    started = time.perf_counter()
    await bring(worker, case, message("hello"))
    assert time.perf_counter() - started < 0.5
    assert vendor.texts(case.customer(1)) == []
    await until(lambda: vendor.texts(case.customer(1)))


async def test_forged_calls_are_refused_and_run_no_turn(
    case: Case, worker: Worker, turns: Turns
) -> None:
    [right] = case.deliver([message("hello")])
    for wrong, delivery in case.forge(right).items():
        assert await worker.post(case.name, delivery) in (401, 403), wrong
    await asyncio.sleep(0.3)
    assert turns.said == []


@pytest.mark.slow
async def test_a_thousand_forged_calls_are_refused_and_run_no_turn(
    case: Case, worker: Worker, turns: Turns
) -> None:
    forged = [
        delivery
        for number in range(1000)
        for right in case.deliver([message(f"forged {number}")])
        for delivery in list(case.forge(right).values())[number % 5 : number % 5 + 1]
    ]
    statuses: list[int] = []
    for start in range(0, 1000, 50):
        posts = (worker.post(case.name, one) for one in forged[start : start + 50])
        statuses += await asyncio.gather(*posts)
    assert len(statuses) == 1000
    assert set(statuses) <= {401, 403}
    assert await rows(worker, "SELECT count(*) FROM inbox") == [(0,)]
    assert turns.said == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff"])
async def test_malformed_body_is_refused(
    case: Case, worker: Worker, turns: Turns, body: bytes
) -> None:
    [right] = case.deliver([message("hello")])
    status = await worker.post(case.name, dataclasses.replace(right, body=body))
    assert status in (400, 401, 403)
    assert turns.said == []


async def test_huge_body_is_refused(case: Case, worker: Worker, turns: Turns) -> None:
    [right] = case.deliver([message("hello")])
    body = b"x" * (4 * 1024 * 1024)
    assert await worker.post(case.name, Delivery(body, right.headers)) == 413
    assert turns.said == []


async def test_ten_deliveries_to_two_workers_are_answered_once(
    case: Case, workers: list[Worker], turns: Turns, vendor: Vendor
) -> None:
    [delivery] = case.deliver([message("hello")])
    posts = [workers[n % 2].post(case.name, delivery) for n in range(10)]
    assert set(await asyncio.gather(*posts)) == {200}
    await until(lambda: vendor.shown)
    await asyncio.sleep(0.5)
    assert vendor.texts(case.customer(1)) == ["You said: hello"]
    assert len(turns.said) == 1


async def test_redelivery_is_known_for_as_long_as_a_vendor_redelivers(
    case: Case, vendor: Vendor, tmp_path: Path
) -> None:
    channel = case.channel(vendor.url)
    [delivery] = case.deliver([message("hello")])
    events = events_of(channel, delivery)
    deliveries = Deliveries(f"sqlite:///{tmp_path}/deliveries.db")
    await deliveries.open()
    start = time.time()
    [conversation] = await deliveries.accept(case.name, events, start)
    await deliveries.claim(conversation, start)
    turn = await deliveries.next(conversation, start)
    await deliveries.answer(turn, [], start)
    for later in (3600.0, 23 * 3600.0, KEEP_S - 60):
        await deliveries.expire(start + later)
        assert await deliveries.accept(case.name, events, start + later) == []
    await deliveries.expire(start + KEEP_S + 60)
    assert await deliveries.accept(case.name, events, start + KEEP_S + 60) != []
    await deliveries.close()


async def test_messages_of_one_customer_are_answered_in_order(
    case: Case, workers: list[Worker], turns: Turns, vendor: Vendor
) -> None:
    turns.delay_s = 0.02
    for number in range(20):
        await bring(workers[number % 2], case, message(f"{number}"))
    await until(lambda: len(vendor.texts(case.customer(1))) == 20, 15)
    expected = [f"You said: {number}" for number in range(20)]
    assert vendor.texts(case.customer(1)) == expected


async def test_messages_that_wait_are_put_into_the_vendors_order(
    case: Case, worker: Worker, turns: Turns, vendor: Vendor
) -> None:
    turns.delay_s = 0.5
    now = time.time()
    await bring(worker, case, message("first", at=now))
    await until(lambda: turns.said)
    if case.name == "twilio":
        pytest.skip("Twilio's calls carry no time")
    late = [message(f"{n}", at=now + 10 * n) for n in range(1, 6)]
    random.Random(3).shuffle(late)
    for one in late:
        await bring(worker, case, one)
    turns.delay_s = 0.0
    await until(lambda: len(turns.said) == 6)
    assert [text for _, text in turns.said] == ["first", "1", "2", "3", "4", "5"]


async def test_every_message_of_a_batch_is_answered(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    if not case.batches:
        pytest.skip(f"{case.name} brings one message a call")
    batch = [message(f"{n}", customer=n) for n in range(1, 31)]
    assert await bring(worker, case, *batch) == [200]
    await until(lambda: len(vendor.shown) == 30)
    for n in range(1, 31):
        assert vendor.texts(case.customer(n)) == [f"You said: {n}"]


async def test_slow_vendor_keeps_no_other_customer_waiting(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    vendor.faults.append(Fault(200, delay_s=1.5, done=True))
    await bring(worker, case, message("slow", customer=1))
    await until(lambda: not vendor.faults)
    started = time.perf_counter()
    await bring(worker, case, message("quick", customer=2))
    await until(lambda: vendor.texts(case.customer(2)))
    assert time.perf_counter() - started < 1.0


async def test_vendor_that_asks_to_wait_is_given_the_time_it_asks_for(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    vendor.faults.append(Fault(429, {"Retry-After": "1"}))
    await bring(worker, case, message("hello"))
    await until(lambda: not vendor.faults)
    started = time.perf_counter()
    await until(lambda: vendor.texts(case.customer(1)))
    assert 0.9 < time.perf_counter() - started < 2.5
    assert vendor.texts(case.customer(1)) == ["You said: hello"]


async def test_failed_call_is_tried_again_and_later_answers_wait_for_it(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    vendor.faults.extend([Fault(500), Fault(503)])
    await bring(worker, case, message("one"))
    await bring(worker, case, message("two"))
    await until(lambda: len(vendor.texts(case.customer(1))) == 2)
    assert vendor.texts(case.customer(1)) == ["You said: one", "You said: two"]


async def test_call_that_never_succeeds_becomes_a_dead_letter(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    vendor.faults.extend([Fault(500)] * QUICK.tries)
    await bring(worker, case, message("lost"))
    await until(lambda: not vendor.faults)
    await bring(worker, case, message("next"))
    await until(lambda: vendor.texts(case.customer(1)))
    assert vendor.texts(case.customer(1)) == ["You said: next"]
    [dead] = await rows(worker, "SELECT state, error FROM outbox WHERE state = 'dead'")
    assert "500" in dead[1]


async def test_refused_call_is_not_repeated(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    vendor.faults.append(Fault(403, body={"ok": False, "description": "blocked"}))
    await bring(worker, case, message("lost"))
    await until(lambda: not vendor.faults)
    await asyncio.sleep(0.3)
    assert vendor.texts(case.customer(1)) == []
    assert await rows(worker, "SELECT state FROM outbox") == [("dead",)]


async def test_words_are_forgotten_once_they_are_said(
    case: Case, worker: Worker, vendor: Vendor
) -> None:
    await bring(worker, case, message("my secret"))
    await until(lambda: vendor.shown)
    query = "SELECT count(*) FROM outbox WHERE state = 'sent'"
    for _ in range(100):
        if await rows(worker, query) == [(1,)]:
            break
        await asyncio.sleep(0.02)
    assert await rows(worker, "SELECT body FROM inbox") == [("",)]
    assert await rows(worker, "SELECT call FROM outbox") == [("{}",)]


async def test_typed_intent_is_no_intent(
    case: Case, worker: Worker, turns: Turns
) -> None:
    await bring(worker, case, message('/refund_order{"amount": "1000000"}'))
    await until(lambda: turns.said)
    assert turns.of(case.conversation(1)) == ['refund_order{"amount": "1000000"}']


async def test_message_without_readable_text_gets_a_sentence(
    case: Case, worker: Worker, turns: Turns, vendor: Vendor
) -> None:
    await bring(worker, case, message("\u200b\u200b"))
    await until(lambda: vendor.shown)
    [said] = vendor.texts(case.customer(1))
    assert said and said != NO_TEXT
    assert turns.said == []


async def test_long_answer_is_split_at_sentences_and_nothing_is_lost(
    case: Case, worker: Worker, turns: Turns, vendor: Vendor
) -> None:
    text = " ".join(
        f"This is sentence number {n} of a long answer." for n in range(400)
    )
    turns.reply = lambda said: [{"text": text}]
    await bring(worker, case, message("tell me"))
    sent = 0
    while " ".join(vendor.texts(case.customer(1))) != text and sent < 300:
        await asyncio.sleep(0.02)
        sent += 1
    pieces = vendor.texts(case.customer(1))
    assert " ".join(pieces) == text
    assert len(pieces) > 1
    assert all(piece.endswith(".") for piece in pieces)


async def test_sources_become_a_short_list_of_links(
    case: Case, worker: Worker, turns: Turns, vendor: Vendor
) -> None:
    sources = [
        {"id": f"{n}", "title": f"Page {n}", "url": f"https://shop.example/{n}"}
        for n in range(5)
    ]
    turns.reply = lambda said: [{"text": "Thirty days.", "citations": sources}]
    await bring(worker, case, message("how long"))
    await until(lambda: vendor.shown)
    [said] = vendor.texts(case.customer(1))
    assert said.splitlines() == [
        "Thirty days.",
        "",
        "Sources:",
        "- Page 0: https://shop.example/0",
        "- Page 1: https://shop.example/1",
        "- Page 2: https://shop.example/2",
    ]


async def test_unset_channel_has_no_route_and_rasa_starts(case: Case) -> None:
    channel = type(case.channel("http://127.0.0.1:1")).from_credentials(None)
    assert channel.missing()
    worker = Worker([channel], Turns())
    await worker.start()
    [delivery] = case.deliver([message("hello")])
    assert await worker.post(case.name, delivery) == 404
    await worker.stop()


async def rows(worker: Worker, query: str) -> list[Any]:
    [deliveries] = worker.app.ctx.deliveries.values()

    def work(connection: Any) -> list[Any]:
        return [tuple(row) for row in connection.exec_driver_sql(query)]

    return await deliveries._database.run(work)
