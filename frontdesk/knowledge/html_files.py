"""HTML pages: headings, paragraphs, lists and tables; scripts and navigation gone."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import NavigableString
from bs4.exceptions import ParserRejectedMarkup

from frontdesk.knowledge.documents import Document, clean_line
from frontdesk.knowledge.errors import DocumentError
from frontdesk.knowledge.text_files import LeftOut, read_text

_DROPPED = (
    "script style nav header footer aside form noscript template iframe svg button "
    "select input object embed canvas video audio head title meta link"
).split()
_BLOCKS = frozenset(
    "address article blockquote body dd details div dl dt fieldset figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr html li main ol p pre section summary table ul".split()
)


def read_html(path: Path) -> tuple[list[Document], LeftOut]:
    """The page as one document; its canonical address is the url.

    Raises:
        DocumentError: It cannot be parsed or is nested too deeply.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # markup that looks like a path or XML
            page = BeautifulSoup(read_text(path), "html.parser")
        return [_document(page)], []
    except (ParserRejectedMarkup, RecursionError, AssertionError) as error:
        raise DocumentError(
            f"is no HTML that can be parsed ({type(error).__name__})"
        ) from error


def _document(page: BeautifulSoup) -> Document:
    title = clean_line(page.title.get_text()) if page.title else ""
    canonical = page.find("link", rel="canonical", href=True)
    url = clean_line(str(canonical["href"])) if canonical else ""
    language = page.find("html", lang=True)
    locale = clean_line(str(language["lang"])) if language else "en"
    for tag in page.find_all(_DROPPED):
        # A page's own heading often stands in the header of its article.
        if tag.name != "header" or not tag.find_parent(["article", "main"]):
            tag.decompose()
    for tag in page.select("[hidden], [aria-hidden=true]"):
        tag.decompose()
    body = page.find("main") or page.find("article") or page.body or page
    heading = body.find("h1")
    if heading:
        title = clean_line(heading.get_text(" ")) or title
        heading.decompose()
    lines: list[str] = []
    _write(body, lines)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return Document(
        id="",
        title=title,
        text=text,
        source="",
        url=url,
        locale=locale,
    )


def _write(tag: Tag, lines: list[str], depth: int = 0) -> None:
    """Append the blocks of a tag to `lines`, blank lines between them."""
    inline: list[str] = []
    for child in tag.children:
        if isinstance(child, Comment):
            continue
        if isinstance(child, NavigableString):
            inline.append(str(child))
        elif isinstance(child, Tag):
            if child.name == "br":
                inline.append("\0")
            elif child.name in _BLOCKS or child.find(list(_BLOCKS)):
                _flush(inline, lines)
                _write_block(child, lines, depth)
            else:
                inline.append(_inline(child))
    _flush(inline, lines)


def _write_block(tag: Tag, lines: list[str], depth: int) -> None:
    name = tag.name
    if re.fullmatch(r"h[1-6]", name):
        text = clean_line(tag.get_text(" "))
        lines += ["", f"{'#' * int(name[1])} {text}", ""] if text else []
    elif name in ("ul", "ol"):
        for number, item in enumerate(tag.find_all("li", recursive=False), 1):
            _write_item(item, f"{number}." if name == "ol" else "-", lines, depth)
        lines.append("")
    elif name == "table":
        lines += ["", *_table(tag), ""]
    elif name == "pre":
        lines += ["", tag.get_text().strip("\n"), ""]
    elif name == "dt":
        lines += ["", clean_line(tag.get_text(" ")).rstrip(":") + ":"]
    elif name == "dd":
        _write(tag, lines, depth)
    else:
        lines.append("")
        _write(tag, lines, depth)
        lines.append("")


def _write_item(item: Tag, mark: str, lines: list[str], depth: int) -> None:
    inner: list[str] = []
    _write(item, inner, depth + 1)
    inner = [line for line in inner if line.strip()] or [""]
    indent = "  " * depth
    lines.append(f"{indent}{mark} {inner[0].strip()}")
    lines += [f"{indent}  {line.strip()}" for line in inner[1:]]


def _table(table: Tag) -> list[str]:
    """The table as Markdown rows; the first row is its header."""
    rows = []
    for row in table.find_all("tr"):
        cells = row.find_all(["th", "td"], recursive=False)
        texts = [clean_line(cell.get_text(" ")).replace("|", "/") for cell in cells]
        if any(texts):
            rows.append(f"| {' | '.join(texts)} |")
    if len(rows) > 1:
        rows.insert(1, "|" + " --- |" * (rows[0].count("|") - 1))
    return rows


def _inline(tag: Tag) -> str:
    for line_break in tag.find_all("br"):
        line_break.replace_with("\0")
    return tag.get_text()


def _flush(inline: list[str], lines: list[str]) -> None:
    text = re.sub(r"\s+", " ", "".join(inline))
    inline.clear()
    if text.strip(" \0"):
        lines += [part.strip() for part in text.split("\0") if part.strip()]
