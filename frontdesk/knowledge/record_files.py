"""CSV and JSONL files: one record, one document.

A CSV row is a product: the id column, the name as title, each other column as a
line `Label: value`, `specifications` one line each. Rows with a question and an
answer become an article. A JSONL line holds `id`, `title`, `text` and maybe `url`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

from frontdesk.knowledge.documents import Document, clean_line, clean_text
from frontdesk.knowledge.errors import DocumentError
from frontdesk.knowledge.markdown import plain_markdown
from frontdesk.knowledge.text_files import LeftOut, read_text

ID_COLUMNS = ("id", "sku", "product_id", "article_id", "code")
TITLE_COLUMNS = ("title", "name", "product_name", "product", "question")
TEXT_COLUMNS = ("text", "description", "answer", "summary", "body")
LIST_COLUMNS = ("specifications", "specs", "features")
CURRENCIES = {"gbp": "£", "eur": "€", "usd": "$"}


def read_csv(path: Path) -> tuple[list[Document], LeftOut]:
    """A document for each row; rows without a title are left out.

    Raises:
        DocumentError: There is no header with an id or title column.
    """
    text = read_text(path)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    columns = [name.strip().lower() for name in rows.fieldnames or [] if name]
    title_column = _first(columns, TITLE_COLUMNS)
    if not title_column:
        raise DocumentError(
            f"has no title column in {columns!r}; name one {TITLE_COLUMNS[0]!r}"
        )
    documents: list[Document] = []
    left_out: LeftOut = []
    try:
        for line, row in enumerate(rows, 2):
            values = {
                name.strip().lower(): clean_text(value).strip()
                for name, value in row.items()
                if name and isinstance(value, str)
            }
            if not values.get(title_column):
                left_out.append((str(line), f"has no {title_column}"))
                continue
            documents.append(_from_row(values, title_column, path.stem, line))
    except csv.Error as error:
        raise DocumentError(f"is no CSV ({error})") from error
    return documents, left_out


def read_jsonl(path: Path) -> tuple[list[Document], LeftOut]:
    """A document for each line; lines of another form are left out.

    Raises:
        DocumentError: No line has the form of a document.
    """
    documents: list[Document] = []
    left_out: LeftOut = []
    for row, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        reason, document = _from_line(line)
        if document:
            documents.append(document)
        else:
            left_out.append((str(row), reason))
    if left_out and not documents:
        number, reason = left_out[0]
        raise DocumentError(f"holds no documents (line {number} {reason})")
    return documents, left_out


def _from_line(line: str) -> tuple[str, Document | None]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return "is no JSON", None
    if not isinstance(values, dict):
        return "is no JSON object", None
    if "turns" in values:
        return "has 'turns': a conversation, no document", None
    for name in ("id", "title", "text"):
        if not isinstance(values.get(name), str) or not values[name].strip():
            return f"has no {name!r}", None
    document = Document(
        id=clean_line(values["id"]),
        title=clean_line(values["title"]),
        text=plain_markdown(clean_text(values["text"])),
        source="",
        url=clean_line(str(values.get("url") or "")),
    )
    return "", document


def _from_row(
    values: Mapping[str, str], title_column: str, stem: str, number: int
) -> Document:
    id_column = _first(list(values), ID_COLUMNS)
    row_id = values.get(id_column, "") if id_column else ""
    is_question = title_column == "question"
    written = [title_column, "id", "url", "locale", "audience"]
    lines: list[str] = []
    for name in TEXT_COLUMNS:
        if values.get(name):
            lines += [values[name], ""]
            written.append(name)
    for name, value in values.items():
        if value and name not in written:
            lines += _lines(name, value)
    return Document(
        id=clean_line(row_id) or f"{stem}/{number}",
        title=clean_line(values[title_column]),
        text=plain_markdown("\n".join(lines)),
        source="",
        url=values.get("url", ""),
        locale=values.get("locale") or "en",
        audience=values.get("audience") or "public",
        products=(clean_line(row_id),) if row_id and not is_question else (),
        kind="article" if is_question else "product",
    )


def _lines(name: str, value: str) -> list[str]:
    """List items for one column; lists of `key: value; ...` give one item each."""
    if name in LIST_COLUMNS:
        parts = [part.strip() for part in value.split(";")]
        return [f"- {part[:1].upper()}{part[1:]}" for part in parts if part]
    stem, _, unit = name.rpartition("_")
    if stem and unit in CURRENCIES and value[:1].isdigit():
        name, value = stem, f"{CURRENCIES[unit]}{value}"
    label = name.replace("_", " ").strip()
    label = label.upper() if len(label) <= 3 else f"{label[:1].upper()}{label[1:]}"
    return [f"- {label}: {clean_line(value)}"]


def _first(columns: list[str], wanted: tuple[str, ...]) -> str | None:
    return next((name for name in wanted if name in columns), None)
