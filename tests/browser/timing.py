"""How long a customer waits in a real browser, with streaming and without.

    FRONTDESK_WEB_PROXIES=1 frontdesk serve
    python -m tests.browser.timing --n 50 25 12 --sessions 1 4 16

The widget on the demo shop's page in Chromium, against the product that is running at
the addresses of the settings. Every question begins a conversation of its own. With and
without streaming take turns; without, the page ignores the pieces of a reply, and the
server works the same. Further sessions at once are Socket.IO clients that ask the same
question again and again; each calls itself another address, else the limits for one
address would stop them. Times are in milliseconds from the Enter key to the change of
the page, which is up to a frame before it is seen.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from frontdesk.evaluation import figures, tables
from frontdesk.evaluation.web_load import ask_streaming
from frontdesk.settings import Settings
from tests.browser.chat import Chat

# Of the demo shop: the model's own words in several sentences, in one, and a quotation.
QUESTIONS = (
    "do you price match?",
    "how long is the warranty on a halden dishwasher?",
    "Can I pay with a gift card and a credit card together?",
)
SCRIPT = Path(__file__).with_suffix(".js")
MODES = {"streaming": True, "whole": False}
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Seen:
    """What one reply looked like; times in ms since it was asked for.

    Attributes:
        text: The first characters of the reply.
        complete: The reply as it stays.
        pieces: How many pieces came before.
        generated: Whether a model wrote what stays.
        kept: Whether what stays begins with what was shown first.
        stood_in: Whether a sentence came in place of an answer, as after a deadline.
        error: What went wrong; empty otherwise.
    """

    text: float = 0.0
    complete: float = 0.0
    pieces: int = 0
    generated: bool = False
    kept: bool = True
    stood_in: bool = False
    error: str = ""


class Customer:
    """One widget in one tab, agreed to and connected."""

    def __init__(self, browser: Browser, shop: str) -> None:
        context = browser.new_context(
            locale="en-GB", viewport={"width": 1180, "height": 800}
        )
        context.add_init_script(path=SCRIPT)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self._chat = Chat(self.page)
        self.page.goto(shop)
        self._chat.launcher.click()
        self._chat.panel.locator(".consent .main").click()
        self._chat.panel.locator(".names .ready").wait_for()

    def ask(self, question: str, streaming: bool, picture: str = "") -> Seen:
        """Ask in a conversation without history; pictures go into a file."""
        try:
            self._chat.field.fill(question)
            self.page.evaluate("(streaming) => timing.next(streaming)", streaming)
            self._chat.field.press("Enter")
            if picture:
                expect(self._chat.bubbles("bot")).to_have_count(2)
                thinking = self._chat.bubbles("bot").locator(".stage")
                expect(thinking).to_have_count(0)
                self.page.screenshot(path=picture.replace(".png", "-first.png"))
            found = self.page.evaluate(
                """(ms) => Promise.race([timing.answered,
                  new Promise((_, reject) => setTimeout(reject, ms, 'No reply.'))])""",
                PATIENCE_MS,
            )
            if picture:
                self.page.screenshot(path=picture)
            self._begin_anew()
        except (Error, AssertionError) as error:
            return Seen(error=str(error).splitlines()[0])
        last = found["replies"][-1]
        return Seen(
            text=found["text"],
            complete=found["complete"],
            pieces=found["pieces"],
            generated=bool(last.get("generated")),
            kept=found["kept"],
            stood_in="failure" in last,
        )

    def _begin_anew(self) -> None:
        sessions = self.page.evaluate("timing.sessions")
        self._chat.button("Options").click()
        menu = self._chat.panel.get_by_role("menu")
        menu.get_by_role("menuitem", name="Delete this conversation").click()
        menu.get_by_role("menuitem", name="Really delete it?").click()
        while self.page.evaluate("timing.sessions") == sessions:
            self.page.wait_for_timeout(20)


@contextmanager
def crowd(settings: Settings, question: str, count: int) -> Iterator[list[str]]:
    """So many other customers who ask without a pause; yields their errors."""
    shop = f"http://127.0.0.1:{settings.page_port}"
    errors: list[str] = []
    warm = threading.Semaphore(0)
    over = threading.Event()

    async def one(number: int) -> None:
        first = True
        while not over.is_set():
            address = f"192.0.2.{number + 1}"
            asked = await ask_streaming(settings.rasa_url, shop, question, address)
            if asked.error:
                errors.append(asked.error)
                await asyncio.sleep(1.0)
            if first:
                warm.release()
            first = False

    async def everybody() -> None:
        await asyncio.gather(*(one(number) for number in range(count)))

    thread = threading.Thread(target=asyncio.run, args=(everybody(),), daemon=True)
    thread.start()
    for _ in range(count):  # everybody's first reply is awaited
        warm.acquire(timeout=PATIENCE_MS / 1000)
    try:
        yield errors
    finally:
        over.set()
        thread.join(PATIENCE_MS / 1000)


def measure(customer: Customer, question: str, n: int) -> dict[str, list[Seen]]:
    """N replies of each mode, the modes taking turns."""
    seen: dict[str, list[Seen]] = {mode: [] for mode in MODES}
    for number in range(n):
        # Who goes first changes, so that neither always finds a warm server.
        for mode in list(MODES) if number % 2 else reversed(MODES):
            seen[mode].append(customer.ask(question, MODES[mode]))
    return seen


def row(question: int, sessions: int, mode: str, seen: Sequence[Seen]) -> list[Any]:
    """The figures of one mode at one load, in the order of `HEADER`."""
    good = [one for one in seen if not one.error]
    times = [[one.text for one in good], [one.complete for one in good]]
    return [
        *(f"{question} {mode}", sessions, len(seen), len(seen) - len(good)),
        *(
            None
            if (value := figures.percentile(column, percent)) is None
            else round(value)
            for column in times
            for percent in (50, 95)
        ),
        figures.share([one.generated for one in good]),
        figures.share([one.pieces > 0 for one in good]),
        figures.share([one.kept for one in good]),
        sum(one.stood_in for one in good),
    ]


HEADER = (
    *("question", "sessions", "n", "errors", "text p50", "p95", "complete p50", "p95"),
    *("generated", "in pieces", "kept", "stood in"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every question was answered."""
    settings = Settings.from_environ()
    parser = argparse.ArgumentParser(prog="tests.browser.timing")
    parser.add_argument("--question", nargs="+", default=QUESTIONS)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument(
        "--n", type=int, nargs="+", default=[50], help="a mode, for each load or all"
    )
    parser.add_argument("--pictures", type=Path, help="folder for what is seen")
    options = parser.parse_args(arguments)
    counts = options.n * len(options.sessions) if len(options.n) == 1 else options.n
    rows, errors = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        customer = Customer(browser, f"http://127.0.0.1:{settings.page_port}/")
        for number, question in enumerate(options.question, 1):
            picture = f"{options.pictures}/{number}.png" if options.pictures else ""
            customer.ask(question, True, picture)  # what only the first one waits for
            print(f"{number}: {question}", file=sys.stderr)
            for sessions, n in zip(options.sessions, counts, strict=True):
                with crowd(settings, question, sessions - 1) as others:
                    seen = measure(customer, question, n)
                for mode, found in seen.items():
                    rows.append(row(number, sessions, mode, found))
                    print(*rows[-1], file=sys.stderr)
                    errors += [one.error for one in found if one.error]
                errors += others
        browser.close()
    print(tables.columns(HEADER, rows))
    for error in errors[:10]:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
