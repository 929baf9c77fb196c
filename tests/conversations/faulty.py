"""An action server whose shop commits and then fails to say so.

`python -m tests.conversations.faulty --actions actions --port N`, with
FRONTDESK_TEST_FAULT naming the fault:

    loses_answers   every write is done, and its answer is lost
    goes_silent     the same, and for a while the shop cannot be asked either
"""

from __future__ import annotations

import os
import sys

from rasa_sdk.__main__ import main

from actions import resources
from frontdesk.commerce import open as opening
from frontdesk.commerce.demo.backend import DemoShop
from frontdesk.commerce.errors import UnavailableError, UncertainError
from frontdesk.commerce.service import Desk
from frontdesk.commerce.writes import Done, Write
from frontdesk.settings import Settings

FAULT = "FRONTDESK_TEST_FAULT"


class FaultyShop(DemoShop):
    """The demo shop; what it answers to a write never arrives."""

    async def write(self, write: Write, key: str) -> Done:
        await super().write(write, key)
        raise UncertainError("The answer was lost after the commit.")

    async def find_write(self, write: Write, key: str) -> Done | None:
        if os.environ[FAULT] == "goes_silent":
            raise UnavailableError("The shop does not answer.")
        return await super().find_write(write, key)


def open_faulty_desk(settings: Settings) -> Desk:
    """The desk as usual, on the faulty shop."""
    usual = opening.DemoShop
    opening.DemoShop = FaultyShop  # type: ignore[misc]
    try:
        return opening.open_desk(settings)
    finally:
        opening.DemoShop = usual  # type: ignore[misc]


# Sanic starts its worker by importing this module anew, so this stands here.
resources.open_desk = open_faulty_desk

if __name__ == "__main__":
    sys.exit(main())
