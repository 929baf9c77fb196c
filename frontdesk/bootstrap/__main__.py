"""`python3 -m frontdesk.bootstrap [setup|train|index|check|test]`."""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from frontdesk.bootstrap import SetupError
from frontdesk.bootstrap.plan import GOALS, plan
from frontdesk.bootstrap.progress import Board, seconds
from frontdesk.bootstrap.steps import run_steps, with_needs
from frontdesk.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when all is up to date, 1 when a step failed, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python3 -m frontdesk.bootstrap", description="Build what a goal needs."
    )
    parser.add_argument("goal", nargs="?", default="setup", choices=sorted(GOALS))
    goal = parser.parse_args(arguments).goal
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    try:
        settings = Settings.from_environ()
        stamps = settings.var / "stamps"
        stamps.mkdir(parents=True, exist_ok=True)
        with only_one(stamps / "lock"):
            steps = with_needs(plan(settings), GOALS[goal])
            due = [step for step in steps if not step.is_done(stamps)]
            run_steps(steps, stamps, Board())
    except (SetupError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    if due:
        took = seconds(time.monotonic() - started)
        print(f"All is built: {took}.", file=sys.stderr)
    return 0


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the checkout's lock, so that two commands do not build the same thing."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another setup of this checkout ...", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
