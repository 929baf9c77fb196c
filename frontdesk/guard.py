"""Ends process groups when the process that started them is gone, however it went.

`frontdesk serve` starts one guard and writes `+PID` for each group that it starts and
`-PID` for each that has ended. When the pipe closes, the rest is ended: also after a
`kill -9`, which leaves the killed process no chance to do it itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import IO

GRACE_S = 3.0  # an idle server of Sanic takes longer, and has nothing to lose


class Guard:
    """The watching process, seen from the one it watches."""

    def __init__(self) -> None:
        """Start it in a session of its own, out of reach of the terminal's signals."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "frontdesk.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def add(self, group: int) -> None:
        """Watch over a process group."""
        self._write(f"+{group}\n")

    def remove(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._write(f"-{group}\n")

    def close(self) -> None:
        """Let the guard end what it still watches over, and then itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()


def watch(pipe: IO[str]) -> None:
    """Follow the pipe to its end, then end the groups that are left."""
    groups: set[int] = set()
    for line in pipe:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups)


def end_groups(groups: set[int]) -> None:
    """Ask process groups to end, and kill those that are there after the grace."""
    alive = {group for group in groups if send(group, signal.SIGTERM)}
    deadline = time.monotonic() + GRACE_S
    while alive and time.monotonic() < deadline:
        time.sleep(0.1)
        alive = {group for group in alive if send(group, 0)}
    for group in alive:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Send a signal to a process group; false when the group is gone."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin)
