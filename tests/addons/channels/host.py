"""The whole assistant for `transcripts`, in the main environment.

    .venv/bin/python -m tests.addons.channels.host FOLDER [MODEL]

Prints one line of JSON once it serves, and ends with its standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from frontdesk.serve import MODEL
from tests.conversations.assistant import Assistant
from tests.conversations.shop import Shop

ACTIONS = "tests.addons.channels.transcripts_shop"


def main(folder: str, model: str = "") -> None:
    var = Path(folder)
    path = Path(model) if model else MODEL
    with Assistant(var, actions=ACTIONS, model=path) as assistant:
        shop = Shop(
            f"sqlite:///{var / 'shop.sqlite3'}", f"sqlite:///{var}/desk.sqlite3"
        )
        for words in ("how much is it?", "where is my order", "LO-100101", "a@b.ex"):
            assistant.say(
                "warm up", words
            )  # on a busy machine the first turns are late
        order = shop.copy("shipped")
        ready = {
            "port": assistant.settings.rasa_port,
            "order": order.number,
            "email": order.email,
        }
        print(json.dumps(ready), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
