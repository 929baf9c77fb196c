"""What `frontdesk index` and `frontdesk search` do."""

from __future__ import annotations

import sys
import time
from json import dumps
from pathlib import Path
from typing import Any

from tqdm import tqdm

from frontdesk.knowledge.encoder import load_encoder
from frontdesk.knowledge.errors import KnowledgeError
from frontdesk.knowledge.index import IndexReport, build_index
from frontdesk.knowledge.retriever import open_retriever
from frontdesk.knowledge.versions import rollback as roll_back

INDEX_THREADS = 2
PASSAGES_PER_DOCUMENT = 6  # searched so that top_k documents are found


def index_command(
    kb: Path,
    index: Path,
    json: bool = False,
    rollback: bool = False,
    encoder: str = "",
) -> int:
    """Build or update an index, or go back one version; gives the exit status."""
    try:
        if rollback:
            version = roll_back(index)
            _print({"version": version}, f"Version {version} serves.", json)
            return 0
        start = time.monotonic()
        with _Bar("Encoding") as bar:
            report = build_index(
                kb, index, load_encoder(encoder, INDEX_THREADS), bar.update
            )
    except (KnowledgeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for path, reason in report.skipped:
        print(f"Left out {path}: {reason}.", file=sys.stderr)
    seconds = time.monotonic() - start
    values = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "passages": report.passages,
        "encoded_passages": report.encoded_passages,
        "skipped": [
            {"path": path, "reason": reason} for path, reason in report.skipped
        ],
        "version": report.version,
        "seconds": round(seconds, 2),
    }
    _print(values, _sentence(report, seconds), json)
    return 0


def search_command(
    query: str, index: Path, top_k: int = 5, json: bool = False, encoder: str = ""
) -> int:
    """Print the best documents, each once with its best passage; gives the status."""
    try:
        retriever = open_retriever(index, load_encoder(encoder))
        hits = retriever.search(query, top_k * PASSAGES_PER_DOCUMENT)
    except (KnowledgeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    best: dict[str, dict[str, Any]] = {}
    for hit in hits:
        best.setdefault(
            hit.passage.document_id,
            {
                "id": hit.passage.document_id,
                "title": hit.passage.title,
                "text": hit.passage.text,
                "score": round(hit.score, 4),
            },
        )
    found = list(best.values())[:top_k]
    lines = [
        f"{rank}. {entry['title']}  [{entry['id']}, {entry['score']:.3f}]\n"
        + "\n".join(f"   {line}" for line in entry["text"].split("\n"))
        for rank, entry in enumerate(found, 1)
    ]
    _print(found, "\n\n".join(lines) or "Nothing was found.", json)
    return 0


class _Bar:
    """A progress bar on a terminal, shown once the work has taken two seconds."""

    def __init__(self, name: str) -> None:
        self._bar: Any = tqdm(
            desc=name, unit="text", delay=2, disable=None, file=sys.stderr
        )

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *unused: object) -> None:
        self._bar.close()

    def update(self, done: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)


def _sentence(report: IndexReport, seconds: float) -> str:
    return (
        f"{report.added} added, {report.changed} changed, {report.removed} removed, "
        f"{report.unchanged} unchanged; {report.encoded_passages} of "
        f"{report.passages} passages encoded in {seconds:.1f} s; version "
        f"{report.version} serves."
    )


def _print(value: object, text: str, as_json: bool) -> None:
    print(dumps(value, ensure_ascii=False) if as_json else text)
