"""A thousand calls for each connector that somebody else than the vendor made."""

import asyncio
from pathlib import Path

import pytest

from tests.addons.channels.cases import CASES
from tests.fakes_messaging import Case, Message, Turns, Worker

FORGERIES = 1000
AT_ONCE = 25


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_thousand_forgeries_are_refused_and_run_no_turn(
    case: Case, tmp_path: Path
) -> None:
    turns = Turns()
    url = f"sqlite:///{tmp_path}/deliveries.db"
    channel = case.channel("http://127.0.0.1:1", deliveries_url=url)
    worker = Worker([channel], turns)
    await worker.start()
    statuses: list[int] = []
    for start in range(0, FORGERIES, AT_ONCE):
        posts = []
        for number in range(start, start + AT_ONCE):
            [right] = case.deliver([Message(number, number, f"refund {number}")])
            wrong = list(case.forge(right).values())
            posts.append(worker.post(case.name, wrong[number % len(wrong)]))
        statuses += await asyncio.gather(*posts)
    await asyncio.sleep(0.5)
    assert len(statuses) == FORGERIES
    assert {status in (401, 403) for status in statuses} == {True}
    assert turns.said == []
    await worker.stop()
