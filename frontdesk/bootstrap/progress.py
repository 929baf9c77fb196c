"""One calm line for all that runs: what, how far, how long."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class Board:
    """Shows running tasks: one line in place on a terminal, else one now and then."""

    def __init__(self, stream: TextIO = sys.stderr, every_s: float = 20.0) -> None:
        """Nothing is shown before the first task starts."""
        self._stream = stream
        self._terminal = stream.isatty()
        self._every_s = 0.5 if self._terminal else every_s
        self._tasks: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def task(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show `title` while the body runs; it reports through the yielded function."""
        started = time.monotonic()
        with self._lock:
            self._tasks[title] = (started, "")
            if not self._terminal:
                self._line(f"{title} ...")
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(ended, title), daemon=True)
        ticker.start()
        try:
            yield lambda detail: self._report(title, detail)
        except BaseException:
            self._end(ended, title, f"{title}: not done")
            raise
        self._end(ended, title, f"{title}: {seconds(time.monotonic() - started)}")

    def _report(self, title: str, detail: str) -> None:
        with self._lock:
            self._tasks[title] = (self._tasks[title][0], detail)

    def _end(self, ended: threading.Event, title: str, message: str) -> None:
        ended.set()
        with self._lock:
            del self._tasks[title]
            self._line(message)

    def _tick(self, ended: threading.Event, title: str) -> None:
        while not ended.wait(self._every_s):
            with self._lock:
                if title in self._tasks:
                    self._show(title)

    def _show(self, title: str) -> None:
        shown = list(self._tasks) if self._terminal else [title]
        text = " | ".join(self._describe(name) for name in shown)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def _describe(self, title: str) -> str:
        started, detail = self._tasks[title]
        took = seconds(time.monotonic() - started)
        return f"{title}: {detail}, {took}" if detail else f"{title}: {took} so far"

    def _line(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}\n" if self._terminal else f"{text}\n")
        self._stream.flush()


def seconds(duration_s: float) -> str:
    """A duration as a person writes it: "8 s", "2 min 5 s"."""
    whole = round(duration_s)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
