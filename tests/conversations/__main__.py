"""`python -m tests.conversations`: every script against a running assistant.

Starts action server and Rasa server on a folder of its own and stops them after. Needs
what `make setup` builds and nothing else; takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from frontdesk.serve import MODEL
from tests.conversations import intruders
from tests.conversations.assistant import Assistant
from tests.conversations.faulty import FAULT
from tests.conversations.play import Played, play, read_scripts
from tests.conversations.shop import Shop


def main() -> int:
    """Exit status: 0 when every conversation went as told."""
    parser = argparse.ArgumentParser(prog="python -m tests.conversations")
    parser.add_argument("words", nargs="*", help="play only names with all these words")
    parser.add_argument("--model", type=Path, default=MODEL, help="a dialogue model")
    parser.add_argument("--shop-url", default="", help="postgresql+psycopg://...")
    parser.add_argument("--verbose", action="store_true", help="print what is said")
    parser.add_argument(
        "--intruders",
        type=int,
        default=0,
        metavar="N",
        help="make N attempts at other people's orders instead",
    )
    given = parser.parse_args()
    scripts = [s for s in read_scripts() if all(w in s["name"] for w in given.words)]
    with tempfile.TemporaryDirectory(prefix="conversations-") as folder:
        var = Path(folder)
        if given.intruders:
            with started(var, "", given) as assistant:
                return intruders.run(assistant, shop_of(assistant), given.intruders)
        played = list(play_all(scripts, var, given))
    return report(played)


def play_all(
    scripts: list[dict[str, Any]], var: Path, given: argparse.Namespace
) -> Iterator[Played]:
    """Play the scripts, those of one kind of shop on one assistant."""
    ordered = sorted(scripts, key=lambda script: script.get("shop", ""))
    for fault, group in groupby(ordered, key=lambda script: script.get("shop", "")):
        with started(var / (fault or "usual"), fault, given) as assistant:
            shop = shop_of(assistant)
            for script in group:
                played = play(script, assistant, shop)
                mark = "FAILED" if played.faults else "ok"
                print(f"{mark:7}{played.name}", flush=True)
                for line in (*played.faults, *(played.log if given.verbose else ())):
                    print(f"       {line}")
                yield played


def started(var: Path, fault: str, given: argparse.Namespace) -> Assistant:
    """An assistant on a shop with this fault, or with none."""
    if fault:
        os.environ[FAULT] = fault
    return Assistant(
        var,
        actions="tests.conversations.faulty" if fault else "rasa_sdk",
        model=given.model,
        shop_url=given.shop_url,
    )


def shop_of(assistant: Assistant) -> Shop:
    """The databases that the assistant works on."""
    var, settings = assistant.settings.var, assistant.settings
    return Shop(
        settings.shop_url or f"sqlite:///{var / 'shop.sqlite3'}",
        settings.desk_url or f"sqlite:///{var / 'desk.sqlite3'}",
    )


def report(played: list[Played]) -> int:
    """Print how many went as told and how long the turns took."""
    failed = [each for each in played if each.faults]
    seconds = [second for each in played for second in each.seconds]
    if len(seconds) > 1:
        slow = quantiles(seconds, n=20)[18]
        print(f"{len(seconds)} turns, p50 {median(seconds):.3f} s, p95 {slow:.3f} s")
    print(f"{len(played) - len(failed)} of {len(played)} conversations went as told")
    return 1 if failed or not played else 0


if __name__ == "__main__":
    sys.exit(main())
