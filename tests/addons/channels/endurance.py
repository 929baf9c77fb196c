"""Ten thousand deliveries, duplicates, failing vendors and a kill -9 in the middle.

    python -m tests.addons.channels.endurance [DELIVERIES] [PORT]

Prints what every customer was shown against what they should have been shown. The
worker is a process of its own; vendors live here and redeliver, as they do, until they
are answered 200.
"""

import asyncio
import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.addons.channels.cases import CASES
from tests.fakes_messaging import Case, Delivery, Fault, Message, Vendor

CUSTOMERS = 60  # per channel
DUPLICATES = 0.30
FAILURES = 0.05
SEED = 20


@dataclass
class Run:
    """One run; `events` counts what customers said, `posts` what was delivered."""

    port: int
    folder: Path
    random: random.Random
    vendors: dict[str, Vendor] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    posts: int = 0
    kills: int = 0

    def start(self) -> None:
        """Start the worker process."""
        vendors = [f"{name}={vendor.url}" for name, vendor in self.vendors.items()]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.addons.channels.recording"),
                *(str(self.port), str(self.folder / "turns")),
                *(str(self.folder / "deliveries.db"), *vendors),
            ],
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "worker.log", "ab"),
        )

    async def kill(self) -> None:
        """kill -9, then start again."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.kills += 1
        self.start()


def plan(case: Case, count: int, chance: random.Random) -> list[list[Delivery]]:
    """For each customer the calls in order; 30 % of all are repeated ones."""
    events = round(count * (1 - DUPLICATES))
    start = time.time()
    found: list[list[Delivery]] = [[] for _ in range(CUSTOMERS)]
    for number in range(events):
        customer = number % CUSTOMERS
        said = Message(number, customer, f"message {number}", start + number // 100)
        found[customer] += case.deliver([said])
    for _ in range(count - events):
        own = chance.choice(found)
        position = chance.randrange(len(own))
        later = chance.randrange(position, len(own)) + 1
        own.insert(later, own[position])
    return found


async def post(
    run: Run, session: aiohttp.ClientSession, name: str, delivery: Delivery
) -> None:
    """Deliver until the worker answers 200, as a vendor does."""
    url = f"http://127.0.0.1:{run.port}/webhooks/{name}/webhook"
    [case] = [case for case in CASES if case.name == name]
    while True:
        delivery = case.fresh(delivery)
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
            async with session.post(
                url, data=io.BytesIO(delivery.body), headers=delivery.headers
            ) as response:
                if response.status == 200:
                    run.posts += 1
                    return
        await asyncio.sleep(0.3)


def fail_sometimes(case: Case, chance: random.Random) -> Fault | None:
    """A fault in 5 % of calls: refused for a while, broken, or done but not told."""
    if chance.random() >= FAILURES:
        return None
    kind = chance.choice(["busy", "broken", "untold"])
    if kind == "busy":
        return Fault(429, {"Retry-After": "1"})
    return Fault(502, done=kind == "untold" and case.exactly_once)


async def deliver_all(run: Run, count: int) -> dict[str, list[list[Delivery]]]:
    plans = {
        case.name: plan(case, count // len(run.vendors), run.random)
        for case in CASES
        if case.name in run.vendors
    }
    timeout = aiohttp.ClientTimeout(total=10)
    # A connection each: aiohttp 3.9 loses places in a full pool when calls time out.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:

        async def one_customer(name: str, calls: list[Delivery]) -> None:
            for call in calls:
                await post(run, session, name, call)

        async def kill_half_way() -> None:
            while run.posts < count // 2:
                await asyncio.sleep(0.02)
            await run.kill()

        await asyncio.gather(
            kill_half_way(),
            *(
                one_customer(name, calls)
                for name, own in plans.items()
                for calls in own
            ),
        )
    return plans


async def finished(run: Run, expected: int, patience_s: float = 240.0) -> None:
    """Wait until as much is shown as should be, then for what comes too much."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        shown = sum(
            len(messages)
            for vendor in run.vendors.values()
            for messages in vendor.shown.values()
        )
        if shown >= expected:
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(20)  # longer than a lease and any receipt


def judge(case: Case, vendor: Vendor, events: int) -> Counter[str]:
    found: Counter[str] = Counter(events=events)
    for customer in range(CUSTOMERS):
        expected = [
            f"You said: message {number}"
            for number in range(customer, events, CUSTOMERS)
        ]
        texts = vendor.texts(case.customer(customer))
        found["shown"] += len(texts)
        found["lost"] += len(set(expected) - set(texts))
        found["repeated"] += len(texts) - len(set(texts))
        found["conversations out of order"] += list(dict.fromkeys(texts)) != expected
    found["refused by the vendor"] = len(vendor.refused)
    return found


async def main(count: int, port: int) -> int:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(port, Path(folder), random.Random(SEED))
        for case in CASES:
            await _prepare(run, case)
        run.start()
        try:
            await deliver_all(run, count)
            delivered_s = time.perf_counter() - started
            each = count // len(run.vendors)
            events = round(each * (1 - DUPLICATES))
            await finished(run, events * len(run.vendors))
        finally:
            assert run.process is not None
            run.process.terminate()
            run.process.wait()
            for vendor in run.vendors.values():
                await vendor.stop()
        turns = Counter((run.folder / "turns").read_text("utf-8").splitlines())
    print(f"{run.posts} deliveries in {delivered_s:.0f} s, {run.kills} kill -9")
    bad = 0
    for case in CASES:
        if case.name in run.vendors:
            result = judge(case, run.vendors[case.name], events)
            print(f"{case.name}: " + ", ".join(f"{v} {k}" for k, v in result.items()))
            bad += result["lost"] + result["conversations out of order"]
            bad += result["repeated"] if case.exactly_once else 0
    repeated = sum(number - 1 for number in turns.values())
    print(f"turns: {len(turns)}, run a second time after the kill: {repeated}")
    return 1 if bad else 0


async def _prepare(run: Run, case: Case) -> None:
    vendor = run.vendors[case.name] = case.vendor()
    vendor.chance = lambda: fail_sometimes(case, run.random)
    if case.receipt is not None:
        _report(run, case, vendor)
    await vendor.start()


def _report(run: Run, case: Case, vendor: Vendor) -> None:
    """Let a vendor report each message it shows, as it does to every business."""
    tasks: set[asyncio.Task[None]] = set()

    async def report(message: dict[str, Any]) -> None:
        assert case.receipt is not None
        await asyncio.sleep(0.5)
        async with aiohttp.ClientSession() as session:
            await post(run, session, case.name, case.receipt(message))
        run.posts -= 1

    def on_shown(message: dict[str, Any]) -> None:
        task = asyncio.create_task(report(message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    vendor.on_shown = on_shown


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    count, port = [*given, *(10_000, 15_600)[len(given) :]]
    sys.exit(asyncio.run(main(count, port)))
