"""`frontdesk chat`: a conversation in the terminal, or a transcript from a pipe.

The server is the same `rasa run` that `frontdesk serve` starts; only rasa's console is
replaced, because it hangs at the end of its input, takes the line after a question with
buttons for a button, and binds to all interfaces. To use it all the same, leave
`make serve` running and start it beside on a port of its own:

    export FRONTDESK_ACTIONS_URL=http://127.0.0.1:5055/webhook
    .venv-rasa/bin/rasa shell -i 127.0.0.1 -p 5006
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from frontdesk.serve import assistant, rest_url, run_with
from frontdesk.settings import Settings
from frontdesk.supervisor import Supervisor

# Above the channel's own deadline, which answers every message in time.
TIMEOUT_S = 30.0
WIDEST = 88
UNREACHABLE = (
    "Sorry, I cannot be reached at the moment. Please say that again in a few seconds."
)


def chat_command() -> int:
    """Talk until /stop, Ctrl-C or the end of the input; exit status 0."""
    settings = Settings.from_environ()

    def talk(supervisor: Supervisor) -> None:
        with httpx.Client() as client:
            send = Sender(client, rest_url(settings), settings.rest_token)
            converse(read_lines(), send, sys.stdout.write)

    return run_with(settings, assistant(settings), talk)


@dataclass
class Sender:
    """Posts messages of one conversation and returns the replies."""

    client: httpx.Client
    url: str
    token: str = ""
    sender_id: str = field(default_factory=lambda: f"shell-{uuid.uuid4().hex[:12]}")

    def __call__(self, message: str) -> list[dict[str, Any]]:
        """At least one reply, whatever happens: an honest one when Rasa is away."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            response = self.client.post(
                self.url,
                json={"sender": self.sender_id, "message": message},
                headers=headers,
                timeout=TIMEOUT_S,
            )
            response.raise_for_status()
            replies = response.json()
        except (httpx.HTTPError, ValueError):
            replies = []
        return replies or [{"text": UNREACHABLE}]


def converse(
    lines: Iterator[str],
    send: Callable[[str], list[dict[str, Any]]],
    write: Callable[[str], object],
) -> None:
    """Answer every line until /stop or the last one.

    A number picks one of the choices offered last; everything else is text.
    """
    write("Ask about the shop; /stop ends the conversation.\n")
    choices: list[Mapping[str, Any]] = []
    for line in lines:
        if line.strip() == "/stop":
            return
        replies = send(picked(line, choices))
        choices = [choice for reply in replies for choice in reply.get("buttons") or []]
        write("".join(f"{show(reply)}\n" for reply in replies))
        if choices:
            write(f"{show_choices(choices)}\n")
        write("\n")
        sys.stdout.flush()


def read_lines() -> Iterator[str]:
    """The customer's lines: with a prompt on a terminal, echoed from a pipe or file."""
    if sys.stdin.isatty():
        import readline  # noqa: F401  (line editing and history for input())

        while True:
            try:
                yield input("You: ")
            except EOFError:
                print()
                return
            except UnicodeDecodeError:
                yield "\ufffd"
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        print(f"You: {line}", flush=True)
        yield line


def picked(line: str, choices: Sequence[Mapping[str, Any]]) -> str:
    """The message that a line stands for: a choice's payload, or the line itself."""
    numbered = {str(n): choice for n, choice in enumerate(choices, 1)}
    choice = numbered.get(line.strip(), {})
    return str(choice.get("payload") or choice.get("title") or line)


def show(reply: Mapping[str, Any]) -> str:
    """A reply as text, each of its sources on a line of its own."""
    lines = [wrap(f"Bot: {reply.get('text') or ''}".rstrip())]
    sources: dict[str, None] = {}  # in order, each once
    for citation in reply.get("citations") or []:
        title, url = citation.get("title") or "", citation.get("url") or ""
        sources[" - ".join(part for part in (title, url) if part)] = None
    lines += [f"     Source: {source}" for source in sources if source]
    return "\n".join(lines)


def show_choices(choices: Sequence[Mapping[str, Any]]) -> str:
    """Choices as a numbered list."""
    return "\n".join(
        f"     {number}. {choice.get('title') or choice.get('payload')}"
        for number, choice in enumerate(choices, 1)
    )


def wrap(text: str) -> str:
    """The text with lines that fit a terminal; as it is where there is none."""
    if not sys.stdout.isatty():
        return text.replace("\n", "\n     ")
    width = min(shutil.get_terminal_size().columns - 1, WIDEST)
    return "\n".join(
        textwrap.fill(
            line,
            width,
            initial_indent="" if number == 0 else "     ",
            subsequent_indent="     ",
            break_on_hyphens=False,
        )
        for number, line in enumerate(text.split("\n"))
    )
