"""Long texts in pieces a vendor takes, cut where a reader would pause."""

import re
from typing import Callable, List

Length = Callable[[str], int]

# Where a text may be cut, best place first; the cut comes after the match.
_PAUSES = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]"),
    re.compile(r"[,;:]\s+"),
    re.compile(r"\s+"),
)


def utf16(text: str) -> int:
    """The length as Telegram and JavaScript count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, limit: int, length: Length = len) -> List[str]:
    """Pieces of at most `limit`, none of them blank; together they are the text.

    Args:
        text: What to cut.
        limit: The most a piece may measure.
        length: How the vendor measures.
    """
    pieces = []
    rest = text.strip()
    while length(rest) > limit:
        cut = _cut(rest, _fitting(rest, limit, length))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def shorten(text: str, limit: int, length: Length = len) -> str:
    """The text on one line, cut at a word and marked with "…" where it is too long."""
    line = " ".join(text.split())
    if length(line) <= limit:
        return line
    head = line[: _fitting(line, limit - length("…"), length)]
    word = head.rfind(" ")
    if word >= len(head) // 2:
        head = head[:word]
    return f"{head.rstrip(' ,;:.')}…"


def _fitting(text: str, limit: int, length: Length) -> int:
    """How many characters from the start measure at most `limit`."""
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if length(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return max(low, 1)


def _cut(text: str, most: int) -> int:
    """The place to cut: the last good pause that leaves no very short piece."""
    for pause in _PAUSES:
        ends = [
            match.end()
            for match in pause.finditer(text, 0, most + 1)
            if len(text[: match.end()].rstrip()) <= most
        ]
        if ends and ends[-1] >= most // 3:
            return min(ends[-1], most)
    return most
