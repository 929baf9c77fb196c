"""Server-sent events: the bytes of a response in, the `data:` payloads out."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Only these end a line in an event stream. str.splitlines would also split at
# U+2028 and U+0085, which stand unescaped in the JSON of many servers.
_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventDecoder:
    """Collects bytes and returns each complete event's data as text."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of every event that `chunk` completes, in order."""
        buffer = self._rest + chunk
        # A final \r may be the first half of \r\n: wait for the next byte.
        held = b"\r" if buffer.endswith(b"\r") else b""
        lines = _LINE_END.split(buffer[: len(buffer) - len(held)])
        self._rest = lines.pop() + held
        for line in lines:
            if not line and self._data:
                yield "\n".join(self._data)
                self._data = []
            elif line.startswith(b"data:"):
                value = line[5:].removeprefix(b" ")
                self._data.append(value.decode("utf-8", "replace"))


def encode_event(data: str) -> bytes:
    """One event as it goes over the wire; `data` must hold no line break."""
    return f"data: {data}\n\n".encode()
