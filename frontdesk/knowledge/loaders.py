"""A folder of files into documents; what cannot be read is reported, not fatal.

Each format is read by a module of its own, see `READERS`. Nothing in a document is
ever executed or fetched, and links of the file system that lead out of the folder are
not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from frontdesk.knowledge import html_files, office_files, record_files, text_files
from frontdesk.knowledge.documents import Document
from frontdesk.knowledge.errors import DocumentError, EmptyKnowledgeError

MAX_BYTES = 64 * 1024 * 1024

# Reads one file into documents and (line, reason) for records left out. An id or a
# source that is empty is filled in from the file's path.
Reader = Callable[[Path], tuple[list[Document], list[tuple[str, str]]]]


@dataclass(frozen=True)
class Loaded:
    """Documents in the order of their paths; `skipped` holds (path, reason)."""

    documents: list[Document]
    skipped: list[tuple[str, str]]


def load_documents(kb: Path) -> Loaded:
    """All readable documents below a folder, ids unique, texts clean.

    Raises:
        EmptyKnowledgeError: The folder does not exist.
    """
    if not kb.is_dir():
        raise EmptyKnowledgeError(
            f"There is no folder {str(kb)!r}; name the folder of the knowledge base."
        )
    documents: dict[str, Document] = {}
    skipped: list[tuple[str, str]] = []
    root = kb.resolve()
    for path in sorted(kb.rglob("*")):
        name = path.relative_to(kb)
        if any(part.startswith(".") for part in name.parts) or path.is_dir():
            continue
        try:
            found, left_out = _read(path, root)
        except DocumentError as error:
            skipped.append((name.as_posix(), str(error)))
            continue
        skipped += [(f"{name.as_posix()}:{row}", reason) for row, reason in left_out]
        for document in found:
            document = _named(document, name)
            first = documents.setdefault(document.id, document)
            if first is not document:
                skipped.append(
                    (
                        name.as_posix(),
                        f"id {document.id!r} is already used by {first.source}",
                    )
                )
    return Loaded(list(documents.values()), skipped)


READERS: Mapping[str, Reader] = {
    ".md": text_files.read_markdown,
    ".markdown": text_files.read_markdown,
    ".txt": text_files.read_plain_text,
    ".html": html_files.read_html,
    ".htm": html_files.read_html,
    ".pdf": office_files.read_pdf,
    ".docx": office_files.read_docx,
    ".csv": record_files.read_csv,
    ".jsonl": record_files.read_jsonl,
}


def _read(path: Path, root: Path) -> tuple[list[Document], list[tuple[str, str]]]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = " ".join(sorted(READERS))
        raise DocumentError(f"{path.suffix or 'no suffix'} is not read; use {known}")
    try:
        if not path.resolve().is_relative_to(root):
            raise DocumentError("is a link that leads out of the knowledge folder")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentError(f"has {size} bytes; the limit is {MAX_BYTES}")
        documents, left_out = reader(path)
    except OSError as error:
        raise DocumentError(f"cannot be opened ({error.strerror})") from error
    if not any(document.text.strip() for document in documents) and not left_out:
        raise DocumentError("holds no text")
    return documents, left_out


def _named(document: Document, name: Path) -> Document:
    stem = re.sub(r"[-_]+", " ", name.stem).strip()
    return replace(
        document,
        id=document.id or name.with_suffix("").as_posix(),
        title=document.title or stem[:1].upper() + stem[1:],
        source=name.as_posix(),
    )
