"""Documents into passages: by structure first, then by the encoder's tokens.

A document is read as Markdown-like blocks: headings, paragraphs, list items, tables
and code. Blocks below one heading are packed together up to a target size, a
question stays with its answer, a table stays whole where it fits and repeats its
header rows where it does not, and only a block that is too long by itself is cut,
between sentences. Each passage knows the headings above it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from frontdesk.knowledge.documents import Document, Passage

TARGET_TOKENS = 200
PATH_SHARE = 3  # the title path may take 1/3 of the encoder's tokens
OVERLAP_TOKENS = 32  # a longer last sentence is not repeated

Kind = Literal["paragraph", "item", "table", "code"]
CountTokens = Callable[[str], int]

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_FENCE = re.compile(r"^\s*(```|~~~)")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{3,}")
_QUESTION = re.compile(r"^(?:q(?:uestion)?\s*[:.)]\s*.+|.{3,200}\?)$", re.I | re.S)
_ANSWER = re.compile(r"^a(?:nswer)?\s*[:.)]\s", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]”’]*\s+(?=[\"'(\[“‘]?[A-Z0-9À-Þ])|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|mr|mrs|ms|dr|st|inc|ltd|u\.s|u\.k)|\b(?-i:[A-Z]))\.$",
    re.I,
)
_NUMBER = re.compile(r"\bno\.$", re.I)  # ends no sentence before a figure


@dataclass(frozen=True)
class _Block:
    kind: Kind
    text: str
    headings: tuple[str, ...]
    joined: bool = False  # belongs to the block before it: below it, same answer


@dataclass(frozen=True)
class _Piece:
    headings: tuple[str, ...]
    text: str
    tokens: int


def split_document(
    document: Document,
    count_tokens: CountTokens,
    max_tokens: int,
    target_tokens: int = TARGET_TOKENS,
) -> list[Passage]:
    """The document's passages in reading order; a document without text gives one.

    Args:
        document: What to split.
        count_tokens: Tokens of a text for the encoder.
        max_tokens: What the encoder reads at most, the title path included.
        target_tokens: Passages are packed up to this size.
    """
    budget = max_tokens - 4  # special tokens and the path's separator
    path_tokens = min(count_tokens(document.title), budget // PATH_SHARE)
    limit = max(16, min(target_tokens, budget - path_tokens))
    pieces = list(_pack(list(_blocks(document.text)), count_tokens, limit))
    return [
        Passage(
            id=f"{document.id}#{position}",
            document_id=document.id,
            title=document.title,
            title_path=_fitting_path(
                (document.title, *piece.headings),
                count_tokens,
                budget - piece.tokens,
            ),
            text=piece.text,
            position=position,
            url=document.url,
            locale=document.locale,
            valid_from=document.valid_from,
            valid_to=document.valid_to,
            products=document.products,
            audience=document.audience,
            kind=document.kind,
        )
        for position, piece in enumerate(pieces or [_Piece((), "", 0)])
    ]


def sentences(text: str) -> list[str]:
    """The sentences of a text; each line break ends one, abbreviations do not."""
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        candidate = text[start : match.start()].rstrip()
        goes_on = _ABBREVIATION.search(candidate) or (
            text[match.end() : match.end() + 1].isdigit() and _NUMBER.search(candidate)
        )
        if goes_on and "\n" not in match.group():
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _blocks(text: str) -> Iterator[_Block]:
    """Blocks of a Markdown-like text, each with the headings above it."""
    headings: list[tuple[int, str]] = []
    lines = text.split("\n")
    row = 0
    opened = False  # a question or a line with a colon: what follows belongs to it
    outer: int | None = None  # indent of the list item that deeper ones belong to
    while row < len(lines):
        line = lines[row]
        if not line.strip():
            row += 1
            continue
        heading = _HEADING.match(line)
        if heading:
            level = len(heading.group(1))
            headings = [entry for entry in headings if entry[0] < level]
            headings.append((level, heading.group(2)))
            opened, outer = False, None
            row += 1
            continue
        kind, end = _extent(lines, row)
        block = "\n".join(lines[row:end]).strip("\n").rstrip()
        path = tuple(title for _, title in headings if title)
        indent = len(line) - len(line.lstrip()) if kind == "item" else None
        below = indent is not None and outer is not None and indent > outer
        outer = outer if below else indent
        led = opened or bool(_ANSWER.match(block))
        yield _Block(kind, block, path, led or below)
        asks = kind == "paragraph" and bool(_QUESTION.match(block.strip("*_ ")))
        leads = kind == "paragraph" and block.endswith(":")
        opened = asks or leads or (kind == "item" and led)
        row = end


def _extent(lines: list[str], row: int) -> tuple[Kind, int]:
    """Kind of the block that starts at `row` and the row after its last line."""
    line = lines[row]
    end = row + 1
    if _FENCE.match(line):
        while end < len(lines) and not _FENCE.match(lines[end]):
            end += 1
        return "code", min(end + 1, len(lines))
    if line.lstrip().startswith("|"):
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        return "table", end
    if _ITEM.match(line):
        # Lines that follow, indented or not, belong to the item until the next one.
        while end < len(lines) and lines[end].strip() and not _starts(lines[end]):
            end += 1
        return "item", end
    while end < len(lines) and lines[end].strip() and not _starts(lines[end]):
        end += 1
    return "paragraph", end


def _starts(line: str) -> bool:
    return bool(
        _HEADING.match(line)
        or _ITEM.match(line)
        or _FENCE.match(line)
        or line.lstrip().startswith("|")
    )


def _pack(
    blocks: list[_Block], count_tokens: CountTokens, limit: int
) -> Iterator[_Piece]:
    """Blocks packed greedily into pieces of at most `limit` tokens.

    A piece never mixes two top-level sections unless both are whole and small; the
    headings below the piece's own path are written into its text.
    """
    held: list[_Block] = []
    held_tokens = 0
    for group in _groups(blocks):
        text = _render(group, group[0].headings)
        tokens = count_tokens(text)
        if held and held_tokens + tokens > limit:
            yield _piece(held, count_tokens)
            held, held_tokens = [], 0
        if tokens <= limit:
            held += group
            held_tokens += tokens + _heading_tokens(group[0], count_tokens)
            continue
        lead: list[_Block] = []
        for block in group:
            parts = list(_parts(block, count_tokens, limit))
            for part in parts:
                candidate = _render([*lead, part], part.headings)
                if lead and count_tokens(candidate) > limit:
                    yield _piece(lead, count_tokens)
                    lead = []
                lead.append(part)
        if lead:
            held = lead
            held_tokens = count_tokens(_render(lead, lead[0].headings))
    if held:
        yield _piece(held, count_tokens)


def _groups(blocks: list[_Block]) -> Iterator[list[_Block]]:
    """Blocks that must stay together: what asks or leads and what follows it.

    A question and its answer, a line and its list, a list item and what is indented
    below it. A group ends where the heading changes.
    """
    group: list[_Block] = []
    for block in blocks:
        if group and block.joined and block.headings == group[-1].headings:
            group.append(block)
            continue
        if group:
            yield group
        group = [block]
    if group:
        yield group


def _parts(block: _Block, count_tokens: CountTokens, limit: int) -> Iterator[_Block]:
    """The block itself if it fits, else pieces of it that do."""
    if count_tokens(block.text) <= limit:
        yield block
    elif block.kind == "table":
        for text in _table_parts(block.text, count_tokens, limit):
            yield _Block(block.kind, text, block.headings)
    else:
        for text in _text_parts(block.text, count_tokens, limit):
            yield _Block(block.kind, text, block.headings)


def _table_parts(text: str, count_tokens: CountTokens, limit: int) -> Iterator[str]:
    """Groups of rows, each below the table's header rows."""
    rows = text.split("\n")
    header = rows[:2] if len(rows) > 1 and _TABLE_RULE.match(rows[1]) else []
    held = list(header)
    for row in rows[len(header) :]:
        longer = "\n".join([*held, row])
        if len(held) > len(header) and count_tokens(longer) > limit:
            yield "\n".join(held)
            held = list(header)
        if count_tokens("\n".join([*held, row])) > limit:
            # One row is too long by itself: it is cut as text, cell by cell.
            yield from _text_parts(row, count_tokens, limit)
        else:
            held.append(row)
    if len(held) > len(header):
        yield "\n".join(held)


def _text_parts(text: str, count_tokens: CountTokens, limit: int) -> Iterator[str]:
    """Runs of sentences; a short last sentence is repeated at the next start."""
    held: list[str] = []
    tokens = 0
    for sentence in sentences(text):
        for part in _word_parts(sentence, count_tokens, limit):
            size = count_tokens(part)
            if held and tokens + size > limit:
                yield " ".join(held)
                last = count_tokens(held[-1])
                keep = last <= OVERLAP_TOKENS and last + size <= limit
                held = held[-1:] if keep else []
                tokens = last if keep else 0
            held.append(part)
            tokens += size
    if held:
        yield " ".join(held)


def _word_parts(sentence: str, count_tokens: CountTokens, limit: int) -> Iterator[str]:
    """The sentence, or runs of its words, or of characters, that fit."""
    if count_tokens(sentence) <= limit:
        yield sentence
        return
    words = sentence.split(" ")
    if len(words) == 1:
        middle = len(sentence) // 2
        halves = [sentence[:middle], sentence[middle:]]
    else:
        middle = len(words) // 2
        halves = [" ".join(words[:middle]), " ".join(words[middle:])]
    for half in halves:
        if half and len(half) < len(sentence):
            yield from _word_parts(half, count_tokens, limit)


def _piece(blocks: list[_Block], count_tokens: CountTokens) -> _Piece:
    path = _common_path([block.headings for block in blocks])
    text = _render(blocks, path)
    return _Piece(path, text, count_tokens(text))


def _render(blocks: list[_Block], path: tuple[str, ...]) -> str:
    """The blocks as text; headings below `path` stand before their blocks."""
    lines: list[str] = []
    shown = path
    last: _Block | None = None
    for block in blocks:
        if block.headings != shown:
            same = len(_common_path([shown, block.headings]))
            lines += [
                f"{'#' * (depth + 2)} {title}"
                for depth, title in enumerate(block.headings)
                if depth >= max(same, len(path))
            ]
            shown = block.headings
        elif last and not (last.kind == block.kind == "item"):
            lines.append("")
        lines.append(block.text)
        last = block
    return "\n".join(lines)


def _common_path(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    common = paths[0]
    for path in paths[1:]:
        same = 0
        while same < min(len(common), len(path)) and common[same] == path[same]:
            same += 1
        common = common[:same]
    return common


def _heading_tokens(block: _Block, count_tokens: CountTokens) -> int:
    return count_tokens(block.headings[-1]) + 2 if block.headings else 1


def _fitting_path(
    path: tuple[str, ...], count_tokens: CountTokens, limit: int
) -> tuple[str, ...]:
    """The path, without its inner headings where it would not fit.

    The document's title and the innermost heading say most, so they stay longest.
    """
    if len(path) > 1 and path[1] == path[0]:
        path = path[:1] + path[2:]
    while len(path) > 1 and count_tokens(" - ".join(path)) > limit:
        path = path[:1] + path[2:]
    return path
