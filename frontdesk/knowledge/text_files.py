"""Markdown and plain text files: one file, one document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from frontdesk.knowledge.documents import Document, clean_line, clean_text
from frontdesk.knowledge.errors import DocumentError
from frontdesk.knowledge.markdown import plain_markdown

LeftOut = list[tuple[str, str]]  # (line, reason) of records that are left out


def read_markdown(path: Path) -> tuple[list[Document], LeftOut]:
    """The document of a Markdown file, its front matter read as YAML."""
    fields, body = _front_matter(read_text(path))
    title = clean_line(str(fields.get("title") or ""))
    if not title:
        heading = re.match(r"\s*#\s+(.+?)\s*#*\s*(?:\n|$)", body)
        title = clean_line(heading.group(1)) if heading else ""
        body = body[heading.end() :] if heading else body
    document = Document(
        id=clean_line(str(fields.get("id") or "")),
        title=title,
        text=plain_markdown(body),
        source="",
        url=clean_line(str(fields.get("url") or "")),
        locale=clean_line(str(fields.get("locale") or "en")),
        valid_from=_date(fields, "valid_from"),
        valid_to=_date(fields, "valid_to"),
        products=_strings(fields.get("products")),
        audience=clean_line(str(fields.get("audience") or "public")),
        related=_strings(fields.get("related")),
    )
    return [document], []


def read_plain_text(path: Path) -> tuple[list[Document], LeftOut]:
    """The document of a text file; a short first line set apart is its title."""
    text = read_text(path).strip()
    first, _, rest = text.partition("\n")
    titled = len(first) <= 120 and rest.startswith("\n") and rest.strip()
    document = Document(
        id="",
        title=clean_line(first) if titled else "",
        text=rest.strip() if titled else text,
        source="",
    )
    return [document], []


def read_text(path: Path) -> str:
    """The cleaned text of a file in UTF-8 or UTF-16 with a byte-order mark.

    Raises:
        DocumentError: It is neither.
    """
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return clean_text(content.decode(encoding))
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"is no {encoding[:5].upper()} text (byte {error.start}); save it as UTF-8"
        ) from error


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = re.match(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", text, re.S)
    if not match:
        return {}, text
    try:
        fields = yaml.safe_load(match.group(1))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise DocumentError(f"has front matter that is no YAML ({reason})") from error
    if fields is None:
        fields = {}
    if not isinstance(fields, dict):
        raise DocumentError("has front matter that is no list of `name: value` lines")
    return fields, text[match.end() :]


def _date(fields: Mapping[str, Any], name: str) -> date | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise DocumentError(f"has {name} {value!r}; write YYYY-MM-DD") from error


def _strings(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    entries = value if isinstance(value, list) else str(value).split(",")
    return tuple(text for entry in entries if (text := clean_line(str(entry))))
