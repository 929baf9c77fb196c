"""A conversation with the whole assistant on each channel, written into its guide.

    .venv-rasa/bin/python -m tests.addons.channels.transcripts [MODEL [NAME...]]

NAME is that of a guide in docs/channels. The vendors are strict stand-ins; what they
were given is written down, wrapped, and a guide's section "A conversation" is replaced.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from tests.addons.channels.transcripts_vendors import (
    CHANNELS,
    Button,
    Chat,
    Mail,
    Seen,
)

HEADING = "## A conversation"
COMMAND = "`.venv-rasa/bin/python -m tests.addons.channels.transcripts`"
WIDTH = 100
PRESS, SEND_PICTURE = "(press)", "(sends a picture)"
CARDS = """\
[Buttons] stand in brackets. The demo shop has no photographs: its products were lent
addresses of some."""
NUMBERS = "There are no buttons here: choices are numbered."
ONCE = "Subject and reply line of our mails are shown once."

Channel = Chat | Mail


def script(channel: Channel, order: str, email: str) -> list[str]:
    """What the customer says or does."""
    cards = ["I'm looking for a kettle under £50", PRESS]
    listed = ["I'm looking for a kettle under £50", "Is the kettle in stock?", "3"]
    return [
        "How do I descale my kettle?",
        "where is my order",
        order,
        email,
        *(cards if channel.has_cards else listed),
        SEND_PICTURE,
    ]


def main(model: str = "", *names: str) -> None:
    channels = [channel() for channel in CHANNELS]
    wanted = [channel for channel in channels if not names or channel.name in names]
    asyncio.run(_all(model, wanted))


async def _all(model: str, channels: Sequence[Channel]) -> None:
    environ = dict(os.environ)
    for channel in channels:
        environ |= await channel.start()
    with tempfile.TemporaryDirectory() as folder:
        host = subprocess.Popen(
            [".venv/bin/python", "-m", "tests.addons.channels.host", folder, model],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert host.stdin is not None and host.stdout is not None
        try:
            ready = json.loads(await asyncio.to_thread(host.stdout.readline))
            for channel in channels:
                actions = script(channel, ready["order"], ready["email"])
                written = await play(channel, ready["port"], actions)
                assert channel.wrong == [], channel.wrong
                write(channel, written)
                print(f"{channel.name}: {len(written)} lines", flush=True)
        finally:
            host.stdin.close()
            host.wait()
            for channel in channels:
                await channel.stop()


async def play(channel: Channel, port: int, actions: Sequence[str]) -> list[str]:
    """The lines of a conversation."""
    written: list[str] = []
    messages: list[Seen] = []
    for number, action in enumerate(actions, 1):
        if action == PRESS:
            seen = [one for message in messages for one in message]
            button = [one for one in seen if isinstance(one, Button)][-1]
            action = f"(presses the last button, [{button.title}])"
            call = channel.press(number, button)
        elif action == SEND_PICTURE:
            call = channel.picture(number)
        else:
            call = channel.say(number, action)
        messages = await channel.do(port, call)
        written += _said("Customer:", [action])
        for message in messages:
            written += _said("Shop:", message)
        written.append("")
    return written[:-1]


def _said(who: str, seen: Seen) -> list[str]:
    """A message with its speaker before it, wrapped as on a screen."""
    lines: list[str] = []
    for one in seen or ["(nothing)"]:
        text = f"[{one.title}]" if isinstance(one, Button) else one
        lines += textwrap.wrap(
            text,
            WIDTH,
            subsequent_indent="  " if text.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return [
        f"{'' if number else who:<10}{line}".rstrip()
        for number, line in enumerate(lines)
    ]


def write(channel: Channel, written: Sequence[str]) -> None:
    """Put the conversation at the end of a guide."""
    guide = Path(f"docs/channels/{channel.name}.md")
    text = guide.read_text("utf-8").partition(f"\n{HEADING}\n")[0].rstrip()
    intro = (
        f"Held with the demo shop by {COMMAND}.\n"
        "Shown is what a strict stand-in of the vendor was given, with lines wrapped.\n"
    )
    intro += CARDS if channel.has_cards else NUMBERS
    intro += f"\n{ONCE}" if isinstance(channel, Mail) else ""
    body = "\n".join(written)
    guide.write_text(f"{text}\n\n{HEADING}\n\n{intro}\n\n```\n{body}\n```\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
