"""Our connectors beside Rasa 3.6.21's own, through the same tests, as a table.

    python -m tests.addons.channels.compare FILE [VENDOR...]

Each connector is served alone in a process of its own; the vendor is one that takes
everything. What counts is the number of turns, which the worker records.
"""

import asyncio
import dataclasses
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.addons.channels.cases import CASES
from tests.addons.channels.stock import STOCK
from tests.fakes_messaging import Delivery, Message, Vendor

PORT = 15_610
_SLOW_S = 5.0
_STOCK_NAMES = {"meta": "facebook", "webhook": "callback"}
_HEADER = """# Our connectors beside Rasa 3.6.21's own

Each connector runs alone in a process and meets the same calls: a genuine one, forged
ones, the same call ten times, a batch of three messages (where the vendor sends
batches), a vendor that takes 5 s to answer while somebody else writes, and a server
whose secret was never set. Counted are the turns that were run. Email is not among
them: it has no webhook, and Rasa has no connector for it. This page is written by

    .venv-rasa/bin/python -m tests.addons.channels.compare docs/channels/comparison.md

"""
_COLUMNS = (
    *("vendor", "connector", "a genuine call", "forged calls refused"),
    "turns of 10 deliveries",
    *("batch of 3", "others wait", "without secret"),
)


class Anything(Vendor):
    """A vendor that takes every call; it knows as much as Rasa's connectors ask for."""

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        return "anybody", {"path": request.path}

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        result: Any = {"id": 1, "is_bot": True, "username": "shop_bot"}
        if message["path"].lower().endswith("/setwebhook"):
            result = True
        return {"ok": True, "result": result, "sid": "SM1", "messages": [{"id": "1"}]}


@dataclass(frozen=True)
class Side:
    """A connector to be measured; `command` serves it with its secret set or unset."""

    name: str
    route: str
    command: Callable[[str, str, str], list[str]]
    deliver: Callable[[Sequence[Message]], list[Delivery]]
    forge: Callable[[Delivery], dict[str, Delivery]]
    batches: bool


class Server:
    """One connector in a process."""

    def __init__(self, side: Side, vendor: Vendor, folder: Path, secret: str) -> None:
        self._side = side
        self._turns = folder / f"{side.name}-{secret}"
        self._process = subprocess.Popen(
            side.command(str(self._turns), vendor.url, secret),
            stdout=subprocess.DEVNULL,
            stderr=(folder / f"{side.name}-{secret}.log").open("wb"),
        )

    async def starts(self, session: aiohttp.ClientSession) -> bool:
        """Whether it comes up; False if the process ends instead."""
        while self._process.poll() is None:
            try:
                async with session.get(f"http://127.0.0.1:{PORT}/other"):
                    return True
            except aiohttp.ClientError:
                await asyncio.sleep(0.2)
        return False

    async def post(self, session: aiohttp.ClientSession, delivery: Delivery) -> int:
        url = f"http://127.0.0.1:{PORT}/webhooks/{self._side.route}/webhook"
        async with session.post(
            url,
            data=io.BytesIO(delivery.body),
            headers={**delivery.headers, "Connection": "close"},
        ) as response:
            await response.read()
            return response.status

    async def turns(self) -> int:
        """How many turns were run, once no more come."""
        await asyncio.sleep(1.0)
        return len(self._turns.read_text("utf-8").splitlines())

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


async def measure(side: Side, vendor: Vendor, folder: Path) -> list[str]:
    """The cells of a row."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        server = Server(side, vendor, folder, "set")
        try:
            assert await server.starts(session), f"{side.name} does not start"
            cells = [
                await _genuine(side, server, session),
                await _forged(side, server, session),
                await _repeated(side, server, session),
                await _batch(side, server, session),
                await _others(side, server, session, vendor),
            ]
        finally:
            server.stop()
        return [*cells, await _without_secret(side, vendor, folder, session)]


async def _forged(side: Side, server: Server, session: Any) -> str:
    [right] = side.deliver([Message(1, 1, "forged")])
    wrong = side.forge(right)
    before = await server.turns()
    statuses = [await server.post(session, one) for one in wrong.values()]
    taken = await server.turns() - before
    failed = sum(status >= 500 for status in statuses)
    return f"{len(wrong) - taken - failed} of {len(wrong)}"


async def _genuine(side: Side, server: Server, session: Any) -> str:
    [right] = side.deliver([Message(8, 8, "genuine")])
    before = await server.turns()
    status = await server.post(session, right)
    return "answered" if await server.turns() > before else f"status {status}"


async def _repeated(side: Side, server: Server, session: Any) -> str:
    [right] = side.deliver([Message(2, 2, "again")])
    before = await server.turns()
    statuses = [await server.post(session, right) for _ in range(10)]
    failed = sum(status >= 500 for status in statuses)
    turns = await server.turns() - before
    return f"{turns}" + (f" (and {failed} times status 500)" if failed else "")


async def _batch(side: Side, server: Server, session: Any) -> str:
    if not side.batches:
        return "-"
    [batch] = side.deliver([Message(n, n, f"batch {n}") for n in (3, 4, 5)])
    before = await server.turns()
    await server.post(session, batch)
    return f"{await server.turns() - before} of 3"


async def _others(side: Side, server: Server, session: Any, vendor: Vendor) -> str:
    """How long somebody else waits while the vendor takes its time."""
    [slow] = side.deliver([Message(6, 6, "slow")])
    before = len(vendor.shown["anybody"])
    vendor.delay_s = _SLOW_S
    sending = asyncio.create_task(server.post(session, slow))
    until = time.monotonic() + 3
    while len(vendor.shown["anybody"]) == before and time.monotonic() < until:
        await asyncio.sleep(0.01)
    called = len(vendor.shown["anybody"]) > before
    waits = []
    for _ in range(5):
        started = time.perf_counter()
        async with session.get(f"http://127.0.0.1:{PORT}/other"):
            waits.append(1000 * (time.perf_counter() - started))
    vendor.delay_s = 0.0
    await sending
    return f"{max(waits):,.0f} ms" if called else "it sends nothing"


async def _without_secret(
    side: Side, vendor: Vendor, folder: Path, session: Any
) -> str:
    server = Server(side, vendor, folder, "unset")
    try:
        if not await server.starts(session):
            return "does not start"
        [right] = side.deliver([Message(7, 7, "anybody")])
        unsigned = side.forge(right)
        for delivery in [right, *unsigned.values()]:
            await server.post(session, delivery)
        turns = await server.turns()
    finally:
        server.stop()
    return f"open: {turns} turns of {1 + len(unsigned)} calls" if turns else "off"


def sides() -> list[tuple[str, Side | None, Side]]:
    """Vendor, Rasa's connector if there is one, ours."""
    found = []
    for case in CASES:
        ours = Side(
            f"ours-{case.name}",
            case.name,
            _ours(case.name),
            case.deliver,
            case.forge,
            case.batches,
        )
        theirs = None
        if case.name in STOCK:
            stock = STOCK[case.name]
            theirs = dataclasses.replace(
                ours,
                name=f"rasa-{case.name}",
                route=_STOCK_NAMES.get(case.name, case.name),
                command=_theirs(case.name),
                deliver=stock.deliver,
                forge=stock.forge,
            )
        found.append((case.name, theirs, ours))
    return found


def _ours(name: str) -> Callable[[str, str, str], list[str]]:
    def command(turns: str, url: str, secret: str) -> list[str]:
        module = [sys.executable, "-m", "tests.addons.channels.recording"]
        vendor = f"{name}={url if secret == 'set' else ''}"
        return [*module, str(PORT), turns, f"{turns}.db", vendor]

    return command


def _theirs(name: str) -> Callable[[str, str, str], list[str]]:
    def command(turns: str, url: str, secret: str) -> list[str]:
        module = [sys.executable, "-m", "tests.addons.channels.stock"]
        return [*module, name, str(PORT), turns, url, secret]

    return command


def main(file: str, *names: str) -> None:
    """Write the table; with names, measure those vendors and keep the other rows."""
    page = Path(file)
    known = _rows(page.read_text("utf-8")) if names and page.exists() else {}
    rows: dict[tuple[str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for vendor, theirs, ours in sides():
            for label, side in (("Rasa's", theirs), ("ours", ours)):
                row = known.get((vendor, label), "")
                if not row or vendor in names:
                    cells = ["none", *[""] * (len(_COLUMNS) - 3)]
                    if side is not None:
                        cells = asyncio.run(_row(side, Path(folder)))
                    row = f"| {' | '.join([vendor, label, *cells])} |"
                rows[vendor, label] = row
                print(row, flush=True)
                head = [f"| {' | '.join(_COLUMNS)} |", "| --- " * len(_COLUMNS) + "|"]
                merged = {**known, **rows}.values()
                page.write_text(_HEADER + "\n".join([*head, *merged, ""]), "utf-8")


def _rows(text: str) -> dict[tuple[str, str], str]:
    """The rows of a table by vendor and connector."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(_COLUMNS) and cells[1] in ("Rasa's", "ours"):
            found[cells[0], cells[1]] = line
    return found


async def _row(side: Side, folder: Path) -> list[str]:
    """The vendor runs in a loop of its own: a connector that blocks is in a process."""
    vendor = Anything()
    await vendor.start()
    try:
        return await measure(side, vendor, folder)
    finally:
        await vendor.stop()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(*sys.argv[1:])
