"""`frontdesk channels check` and `frontdesk outbox list|replay`."""

from __future__ import annotations

import json as json_format
import subprocess
from dataclasses import asdict
from datetime import datetime
from typing import Any

from frontdesk.channels.outbox import Outbox
from frontdesk.serve import RASA_PYTHON, child_environ, require_built
from frontdesk.settings import Settings

_CHECK_TIMEOUT_S = 120


class CheckError(RuntimeError):
    """The channels could not be checked."""


def check_command(json: bool) -> int:
    """Print what is wrong with each channel; exit status 1 if anything is."""
    found = _check(Settings.from_environ())
    if json:
        print(json_format.dumps(found))
    else:
        for one in found:
            for sentence in one["problems"] or ["works."]:
                print(f"{one['channel']}: {sentence}")
        if not found:
            print("No messaging channel is set up; docs/channels/README.md shows how.")
    return 1 if any(one["problems"] for one in found) else 0


def outbox_list_command(json: bool) -> int:
    """Print the answers that could not be sent, oldest first."""
    letters = Outbox.of(Settings.from_environ()).dead()
    if json:
        print(json_format.dumps([asdict(one) for one in letters], ensure_ascii=False))
        return 0
    for one in letters:
        when = datetime.fromtimestamp(one.given_up_at).isoformat(" ", "seconds")
        print(f"{one.id}  {when}  {one.conversation}  {one.tries} tries  {one.error}")
    if not letters:
        print("Every answer has been sent.")
    return 0


def outbox_replay_command(ids: list[int], all: bool) -> int:
    """Let a running channel send dead letters again."""
    if not ids and not all:
        print("Name the numbers that `frontdesk outbox list` shows, or use --all.")
        return 2
    count = Outbox.of(Settings.from_environ()).replay(None if all else ids)
    missing = 0 if all else len(set(ids)) - count
    print(f"{count} due again" + (f", {missing} not found." if missing else "."))
    return 1 if missing else 0


def _check(settings: Settings) -> list[dict[str, Any]]:
    require_built()
    result = subprocess.run(
        [str(RASA_PYTHON), "-W", "ignore", "-m", "addons.channels.check"],
        env=child_environ(settings),
        capture_output=True,
        text=True,
        timeout=_CHECK_TIMEOUT_S,
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CheckError(f"The channels of credentials.yml cannot be loaded: {reason}")
    found: list[dict[str, Any]] = json_format.loads(result.stdout)
    return found
