import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.courier import Courier, Errands, Retries
from addons.channels.deliveries import Deliveries, Turn
from addons.channels.messages import Busy, Inbound, Outgoing, Refused, Unreachable
from tests.fakes_messaging import until

pytestmark = pytest.mark.asyncio
ANNA = "sms:anna"


class Channel:
    """Records what a courier has it do; `errors` are raised by the next sends."""

    def __init__(self) -> None:
        self.turns: list[str] = []
        self.sent: list[Any] = []
        self.asked: list[str] = []
        self.errors: list[Exception] = []
        self.has_arrived = False
        self.turn_s = 0.0
        self.send_s = 0.0

    def errands(self, in_flight: int = 0) -> Errands:
        return Errands(self.answer, self.send, self.arrived, in_flight=in_flight)

    async def answer(self, turn: Turn) -> list[dict[str, Any]]:
        self.turns.append(turn.inbound.text)
        await asyncio.sleep(self.turn_s)
        return [{"to": turn.inbound.text}]

    async def send(self, call: Outgoing) -> str:
        if self.errors:
            raise self.errors.pop(0)
        await asyncio.sleep(self.send_s)
        self.sent.append(call.call["to"])
        return "v1"

    async def arrived(self, call: Outgoing) -> bool:
        self.asked.append(call.key)
        return self.has_arrived


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest_asyncio.fixture
async def deliveries(tmp_path: Path) -> AsyncIterator[Deliveries]:
    found = Deliveries(f"sqlite:///{tmp_path}/deliveries.db")
    await found.open()
    yield found
    await found.close()


@pytest_asyncio.fixture
async def courier(deliveries: Deliveries, channel: Channel) -> AsyncIterator[Courier]:
    quick = Retries(tries=3, first_s=0.02)
    found = Courier("sms", deliveries, channel.errands(), quick, sweep_s=0.1)
    yield found
    await found.stop()


async def say(deliveries: Deliveries, *texts: str, sender: str = "anna") -> None:
    events = [Inbound(text, sender, text, sent_at=n) for n, text in enumerate(texts, 1)]
    await deliveries.accept("sms", events, time.time())


@pytest.mark.parametrize(
    ("tries", "asked_s", "pause_s"),
    [
        (0, None, 1),
        (1, None, 2),
        (5, None, 32),
        (9, None, 60),
        (0, 30, 30),
        (0, 0, 0.1),
        (3, 9999, 900),
    ],
)
async def test_pause_grows_and_honours_what_was_asked(
    tries: int, asked_s: float, pause_s: float
) -> None:
    assert Retries().pause(tries, asked_s) == pause_s


async def test_work_of_a_dead_worker_is_found_by_the_sweep(
    deliveries: Deliveries, courier: Courier, channel: Channel
) -> None:
    await say(deliveries, "one", "two")
    courier.start()
    await until(lambda: len(channel.sent) == 2)
    assert channel.sent == ["one", "two"]


async def test_conversations_do_not_wait_for_each_other(
    deliveries: Deliveries, courier: Courier, channel: Channel
) -> None:
    channel.turn_s = 0.3
    for number in range(10):
        await say(deliveries, f"{number}", sender=f"{number}")
        courier.wake(f"sms:{number}")
    started = time.perf_counter()
    await until(lambda: len(channel.sent) == 10)
    assert time.perf_counter() - started < 1.5


@pytest.mark.parametrize(
    "error", [Busy("wait", 0.01), Unreachable("away", uncertain=False)]
)
async def test_call_that_did_not_arrive_is_repeated_without_asking(
    deliveries: Deliveries, courier: Courier, channel: Channel, error: Exception
) -> None:
    channel.errors = [error]
    await say(deliveries, "one")
    courier.wake(ANNA)
    await until(lambda: channel.sent)
    assert channel.asked == []


@pytest.mark.parametrize(("has_arrived", "sent"), [(True, []), (False, ["one"])])
async def test_call_of_unknown_outcome_is_asked_about_first(
    deliveries: Deliveries,
    courier: Courier,
    channel: Channel,
    has_arrived: bool,
    sent: list[str],
) -> None:
    channel.errors = [Unreachable("no answer", uncertain=True)]
    channel.has_arrived = has_arrived
    await say(deliveries, "one")
    courier.wake(ANNA)
    await until(lambda: channel.asked)
    await until(lambda: channel.sent == sent)
    await asyncio.sleep(0.2)
    assert channel.sent == sent
    assert len(channel.asked) == 1


@pytest.mark.parametrize(
    "errors",
    [[Refused("blocked")], [Busy("wait", 0.01)] * 3, [Unreachable("away", False)] * 3],
)
async def test_call_that_is_given_up_lets_the_next_turn_run(
    deliveries: Deliveries, courier: Courier, channel: Channel, errors: list[Exception]
) -> None:
    channel.errors = errors
    await say(deliveries, "one", "two")
    courier.wake(ANNA)
    await until(lambda: channel.sent)
    assert channel.sent == ["two"]


async def test_stop_ends_after_the_step_under_way(
    deliveries: Deliveries, courier: Courier, channel: Channel
) -> None:
    channel.turn_s = 0.3
    await say(deliveries, "one", "two")
    courier.wake(ANNA)
    await until(lambda: channel.turns)
    await courier.stop()
    assert channel.turns == ["one"]
    after = Courier("sms", deliveries, channel.errands(), sweep_s=0.1)
    after.start()  # nobody holds the conversation any more
    await until(lambda: len(channel.sent) == 2, 2)
    assert (channel.turns, channel.sent) == (["one", "two"], ["one", "two"])
    await after.stop()


async def test_turn_that_breaks_is_tried_again_by_the_sweep(
    deliveries: Deliveries, channel: Channel
) -> None:
    class Broken(Channel):
        async def answer(self, turn: Turn) -> list[dict[str, Any]]:
            if turn.tries == 0:
                raise RuntimeError("the database of conversations is away")
            return await super().answer(turn)

    broken = Broken()
    courier = Courier("sms", deliveries, broken.errands(), sweep_s=0.05)
    await say(deliveries, "one")
    courier.start()
    await until(lambda: broken.sent, 20)
    assert broken.sent == ["one"]
    await courier.stop()


async def say_to_five(deliveries: Deliveries, courier: Courier) -> None:
    for number in range(5):
        await say(deliveries, f"{number}", sender=f"{number}")
        courier.wake(f"sms:{number}")


async def uncertain(deliveries: Deliveries) -> int:
    """How many answers would be of unknown outcome if the process died now."""
    found = 0
    for number in range(5):
        call = await deliveries.next(f"sms:{number}", time.time())
        found += isinstance(call, Outgoing) and call.uncertain
    return found


@pytest.mark.parametrize(("in_flight", "expected"), [(0, 5), (1, 1), (2, 2)])
async def test_crash_leaves_no_more_uncertain_than_may_be_in_flight(
    deliveries: Deliveries, channel: Channel, in_flight: int, expected: int
) -> None:
    channel.send_s = 0.4
    courier = Courier("sms", deliveries, channel.errands(in_flight))
    await say_to_five(deliveries, courier)
    await until(lambda: len(channel.turns) == 5)
    await asyncio.sleep(0.15)
    assert await uncertain(deliveries) == expected
    await until(lambda: len(channel.sent) == 5)
    await courier.stop()


async def test_slow_call_gives_way_to_the_next(
    deliveries: Deliveries, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addons.channels.courier.SLOW_S", 0.05)
    channel.send_s = 0.6
    courier = Courier("sms", deliveries, channel.errands(in_flight=1))
    started = time.perf_counter()
    await say_to_five(deliveries, courier)
    await until(lambda: len(channel.sent) == 5)
    assert time.perf_counter() - started < 2.0  # one after the other: 3 s
    await courier.stop()
