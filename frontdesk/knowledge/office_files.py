"""PDF and DOCX files: text, headings where the file marks them, tables."""

from __future__ import annotations

import logging
import re
import zipfile
from pathlib import Path
from typing import Any

from frontdesk.knowledge.documents import Document, clean_line, clean_text
from frontdesk.knowledge.errors import DocumentError
from frontdesk.knowledge.text_files import LeftOut

MAX_PAGES = 2000
MAX_UNPACKED_BYTES = 256 * 1024 * 1024


def read_pdf(path: Path) -> tuple[list[Document], LeftOut]:
    """The text of all pages as one document; hyphens at line ends are joined.

    Raises:
        DocumentError: It is damaged, encrypted or holds only pictures.
    """
    import pypdf
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError("is encrypted; save it without a password")
        if len(reader.pages) > MAX_PAGES:
            raise DocumentError(
                f"has {len(reader.pages)} pages; the limit is {MAX_PAGES}"
            )
        pages = [page.extract_text() or "" for page in reader.pages]
        title = clean_line((reader.metadata and reader.metadata.title) or "")
    except DocumentError:
        raise
    except (PyPdfError, OSError, RecursionError, *_PARSER_ERRORS) as error:
        raise DocumentError(
            f"is no PDF that can be read ({type(error).__name__})"
        ) from error
    text = _flowing("\n\n".join(clean_text(page).strip() for page in pages))
    if not text:
        raise DocumentError("holds no text, only pictures perhaps; add a text layer")
    if not title:
        first, _, rest = text.partition("\n")
        if len(first) <= 120 and rest.strip():
            title, text = clean_line(first), rest.strip()
    return [Document(id="", title=title, text=text, source="")], []


def read_docx(path: Path) -> tuple[list[Document], LeftOut]:
    """Paragraphs, headings, lists and tables in their order.

    Raises:
        DocumentError: It is damaged or no DOCX.
    """
    import docx
    from docx.opc.exceptions import OpcError
    from docx.table import Table

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise DocumentError(
                f"unpacks to {size} bytes; the limit is {MAX_UNPACKED_BYTES}"
            )
        document = docx.Document(str(path))
        title = clean_line(document.core_properties.title or "")
        lines: list[str] = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                lines += ["", *_table(block), ""]
            elif block.style is not None and block.style.name == "Title":
                title = clean_line(block.text) or title
            else:
                lines += _paragraph(block)
    except (OpcError, zipfile.BadZipFile, SyntaxError, *_PARSER_ERRORS) as error:
        raise DocumentError(
            f"is no DOCX that can be read ({type(error).__name__})"
        ) from error
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    heading = re.match(r"# (.+)\n", text)
    if heading and not title:
        title, text = heading.group(1), text[heading.end() :].strip()
    return [Document(id="", title=title, text=text, source="")], []


# What the parsers raise on damaged input beside their own errors.
_PARSER_ERRORS = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    NotImplementedError,
)


def _paragraph(paragraph: Any) -> list[str]:
    text = clean_text(paragraph.text).strip()
    if not text:
        return []
    style = paragraph.style.name if paragraph.style is not None else ""
    heading = re.fullmatch(r"[Hh]eading (\d)", style or "")
    if heading:
        return ["", f"{'#' * min(6, int(heading.group(1)))} {clean_line(text)}", ""]
    if (style or "").startswith("List"):
        return [f"- {text}"]
    return [text, ""]


def _table(table: Any) -> list[str]:
    rows = []
    for row in table.rows:
        texts = [clean_line(cell.text).replace("|", "/") for cell in row.cells]
        rows.append(f"| {' | '.join(texts)} |")
    if len(rows) > 1:
        rows.insert(1, "|" + " --- |" * (rows[0].count("|") - 1))
    return rows


def _flowing(text: str) -> str:
    """Lines of a page joined to paragraphs; short lines and list items stay apart."""
    text = re.sub(r"(\w)-\n(?=[a-z])", r"\1", text)
    lines = [line.strip() for line in text.split("\n")]
    full = 0.6 * max((len(line) for line in lines), default=0)
    written: list[str] = []
    before = ""
    for line in lines:
        is_item = re.match(r"(?:[-*•▪]|\d{1,3}[.)])\s", line)
        if line and not is_item and len(before) > full:
            written[-1] = f"{written[-1]} {line}"
        else:
            written.append(re.sub(r"^[•▪]\s*", "- ", line))
        before = line
    return re.sub(r"\n{3,}", "\n\n", "\n".join(written)).strip()
