"""Sentences and other quotable units of a text, in order.

A unit is what a reply may quote word for word: a sentence, a list item together with
the line that introduces it, or a table row with its column heads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st nos vs etc e.g i.e approx inc ltd co dept a.m p.m".split()
)
_BREAK = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9£$€])|(?<=[。！？])")
_HEADING = re.compile(r"^#{1,6}\s+")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-{2,}[\s:|-]*\|?\s*$")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"(\*\*|__|`)(.+?)\1")
_RUN_IN = re.compile(r"^\*\*([^*]{2,60})\*\*[.:]?\s+(?=\S)")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Unit:
    """One quotable piece of a passage.

    Attributes:
        text: What is shown: plain text without markup.
        context: Headings, the introducing line and the items that an item is indented
            below; used for matching, not shown.
        position: Place among the units of its text, from 0.
        item: Whether it is a list item or a table row.
        under: The nearest line that an item stands under: the item it is indented
            below, the line that introduces its list, or the heading.
        cells: Column head and content of each cell of a table row, empty ones left out.
    """

    text: str
    context: str
    position: int
    item: bool = False
    under: str = ""
    cells: tuple[tuple[str, str], ...] = ()


def in_words(cells: Sequence[tuple[str, str]]) -> str:
    """Cells of a table row with their column heads, on one line."""
    return "; ".join(f"{head}: {cell}" if head else cell for head, cell in cells)


def plain(text: str) -> str:
    """The text without Markdown links, emphasis and repeated spaces."""
    return _SPACE.sub(" ", _MARKUP.sub(r"\2", _LINK.sub(r"\1", text))).strip()


def split_sentences(text: str) -> list[str]:
    """Sentences of a paragraph, in order; abbreviations do not end one."""
    sentences: list[str] = []
    for part in _BREAK.split(text):
        part = part.strip()
        if not part:
            continue
        if sentences and _ends_in_abbreviation(sentences[-1]):
            sentences[-1] += " " + part
        else:
            sentences.append(part)
    return sentences


def split_units(text: str) -> list[Unit]:
    """Quotable units of a Markdown-like text, in reading order."""
    units: list[Unit] = []
    heading = intro = ""
    head: list[str] = []
    paragraph: list[str] = []
    above: list[tuple[int, str]] = []  # items with their indent, each below the last

    def add_item(content: str, indent: int) -> None:
        while above and above[-1][0] >= indent:
            above.pop()
        outer = [text for _, text in above]
        context = " ".join(filter(None, [heading, intro, *outer]))
        under = outer[-1] if outer else intro or heading
        units.append(Unit(content, context, len(units), item=True, under=under))
        above.append((indent, content))

    def add_row(cells: list[str]) -> None:
        pairs = tuple((h, c) for h, c in zip(head, cells, strict=False) if c)
        text, place = in_words(pairs), f"{heading} {intro}".strip()
        under = intro or heading
        units.append(Unit(text, place, len(units), True, under, pairs))

    def flush() -> None:
        nonlocal intro
        if not paragraph:
            return
        sentences = _with_run_in(" ".join(paragraph))
        paragraph.clear()
        above.clear()
        for sentence in sentences:
            units.append(Unit(sentence, heading, len(units)))
        intro = sentences[-1] if sentences and sentences[-1].endswith(":") else ""

    for line in text.splitlines():
        stripped = line.strip()
        if not stripped:
            flush()
            head = []
        elif _HEADING.match(stripped):
            flush()
            above.clear()
            heading, intro = plain(_HEADING.sub("", stripped)), ""
        elif stripped.startswith("|"):
            flush()
            cells = [plain(cell) for cell in stripped.strip("|").split("|")]
            if _TABLE_RULE.match(stripped):
                continue
            if not head:
                head = cells
                continue
            add_row(cells)
        elif _ITEM.match(line):
            flush()
            add_item(plain(_ITEM.sub("", line)), len(line) - len(line.lstrip()))
        elif units and units[-1].item and line.startswith((" ", "\t")):
            last = units.pop()
            joined = f"{last.text} {plain(stripped)}"
            units.append(replace(last, text=joined))
            above[-1:] = [(indent, joined) for indent, _ in above[-1:]]
        else:
            paragraph.append(stripped)
    flush()
    return [unit for unit in units if any(c.isalnum() for c in unit.text)]


def _with_run_in(paragraph: str) -> list[str]:
    """Sentences; a run-in heading ("**Late parcels.** We ...") stays with the first."""
    sentences = split_sentences(plain(paragraph))
    run_in = _RUN_IN.match(paragraph)
    if run_in and len(sentences) > 1 and sentences[0] == plain(run_in[1]):
        return [f"{sentences[0]} {sentences[1]}", *sentences[2:]]
    return sentences


def _ends_in_abbreviation(sentence: str) -> bool:
    if not sentence.endswith("."):
        return False
    word = sentence[:-1].rsplit(" ", 1)[-1].lower().lstrip("(\"'")
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())
