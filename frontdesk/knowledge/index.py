"""Building an index version: documents, passages, vectors, words, manifest.

Vectors of passages that did not change are taken over from the current version; a
run over an unchanged folder encodes nothing and writes no version.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

import frontdesk
from frontdesk.knowledge import lexical, passages, versions
from frontdesk.knowledge.documents import Document, Passage
from frontdesk.knowledge.encoder import Encoder, Progress, Vectors, encode_words
from frontdesk.knowledge.errors import (
    EmptyKnowledgeError,
    EncoderMismatchError,
    IndexCorruptError,
    KnowledgeError,
)
from frontdesk.knowledge.lexical import LexicalIndex
from frontdesk.knowledge.loaders import load_documents
from frontdesk.knowledge.passages import split_document
from frontdesk.knowledge.versions import rollback
from frontdesk.knowledge.word_vectors import Bytes, Projection, WordVectors

__all__ = ["IndexReport", "StoredIndex", "build_index", "load_index", "rollback"]

CHUNK = 512  # passages whose words are held in full precision at a time

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexReport:
    """What a build did, counted in documents; `skipped` holds (path, reason)."""

    added: int
    changed: int
    removed: int
    unchanged: int
    encoded_passages: int
    passages: int
    skipped: list[tuple[str, str]]
    version: str


@dataclass(frozen=True)
class StoredIndex:
    """One version in memory.

    `vectors` has a row for each passage, `words` the vectors of each passage's words.
    """

    version: str
    manifest: dict[str, Any]
    passages: list[Passage]
    hashes: list[str]
    vectors: Any  # faiss.IndexFlatIP, (n_passages, dimension)
    words: WordVectors
    lexical: LexicalIndex


def build_index(
    kb: Path,
    index_dir: Path,
    encoder: Encoder,
    progress: Progress | None = None,
    target_tokens: int = passages.TARGET_TOKENS,
) -> IndexReport:
    """Index a knowledge folder as a new version and make it serve.

    Args:
        kb: Folder of documents.
        index_dir: Folder of the index; created when missing.
        encoder: Encodes passages; queries must use the same one.
        progress: Called with (texts encoded, texts to encode).
        target_tokens: Size up to which passages are packed.

    Raises:
        EmptyKnowledgeError: No document could be read; the old version keeps serving.
        IndexBusyError: Another process is building.
    """
    loaded = load_documents(kb)
    if not loaded.documents:
        reasons = "; ".join(f"{path}: {why}" for path, why in loaded.skipped[:3])
        raise EmptyKnowledgeError(
            f"There is no readable document in {str(kb)!r}"
            f"{f' ({reasons})' if reasons else ''}; put Markdown, HTML, text, PDF, "
            "DOCX, CSV or JSONL files there."
        )
    with versions.build_lock(index_dir):
        old = _current(index_dir)
        settings = _settings(encoder, target_tokens)
        hashes = {document.id: document.content_hash() for document in loaded.documents}
        before = dict(old.manifest["documents"]) if old else {}
        counts = _count_changes(before, hashes)
        same = counts["added"] == counts["changed"] == counts["removed"] == 0
        if old and same and old.manifest["settings"] == settings:
            return IndexReport(
                **counts,
                encoded_passages=0,
                passages=len(old.passages),
                skipped=loaded.skipped,
                version=old.version,
            )
        reusable = old if old and _may_reuse(old.manifest, encoder) else None
        with versions.new_version(index_dir) as (version, folder):
            written, encoded = _write_version(
                folder, loaded.documents, reusable, encoder, target_tokens, progress
            )
            versions.write_manifest(
                folder,
                {
                    "settings": settings,
                    "documents": hashes,
                    "passages": written,
                    "built_by": f"frontdesk {frontdesk.__version__}",
                    "built_at": datetime.now(timezone.utc).isoformat("T", "seconds"),
                },
            )
        versions.switch_to(index_dir, version)
        versions.forget_old_versions(index_dir)
    return IndexReport(
        **counts,
        encoded_passages=encoded,
        passages=written,
        skipped=loaded.skipped,
        version=version,
    )


def load_index(index_dir: Path, encoder: Encoder | None = None) -> StoredIndex:
    """The version that serves, checked against its hashes and the encoder.

    Raises:
        IndexMissingError: Nothing has been built here.
        IndexCorruptError: A file is missing or damaged.
        EncoderMismatchError: Another encoder built it.
    """
    import faiss

    version = versions.current_version(index_dir)
    folder = versions.version_folder(index_dir, version)
    manifest = versions.read_manifest(folder)
    if encoder:
        _check_encoder(index_dir, manifest, encoder)
    try:
        with (folder / "passages.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        hashes = [row.pop("hash") for row in rows]
        stored = StoredIndex(
            version=version,
            manifest=manifest,
            passages=[Passage.from_json(row) for row in rows],
            hashes=hashes,
            vectors=faiss.read_index(str(folder / "vectors.faiss")),
            words=WordVectors.load(folder),
            lexical=LexicalIndex.load(folder / "lexical", len(rows)),
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise IndexCorruptError(
            f"Index {str(folder)!r} cannot be read ({type(error).__name__}); run "
            "frontdesk index or roll back."
        ) from error
    if stored.vectors.ntotal != len(rows) or len(stored.words) != len(rows):
        raise IndexCorruptError(
            f"Index {str(folder)!r} holds {len(rows)} passages but "
            f"{stored.vectors.ntotal} vectors; run frontdesk index or roll back."
        )
    return stored


def _current(index_dir: Path) -> StoredIndex | None:
    """The current version, or None when there is none that can be read."""
    try:
        return load_index(index_dir)
    except KnowledgeError as error:
        if (index_dir / "CURRENT").exists():
            _log.warning("Building from nothing: %s", error)
        return None


def _settings(encoder: Encoder, target_tokens: int) -> dict[str, Any]:
    return {
        "encoder": encoder.name,
        "encoder_hash": encoder.fingerprint,
        "dimension": encoder.dimension,
        "max_tokens": encoder.max_tokens,
        "target_tokens": target_tokens,
        "lexical": {
            "k1": lexical.K1,
            "b": lexical.B,
            "title_weight": lexical.TITLE_WEIGHT,
        },
    }


def _may_reuse(manifest: dict[str, Any], encoder: Encoder) -> bool:
    settings = manifest["settings"]
    return bool(
        settings["encoder_hash"] == encoder.fingerprint
        and settings["dimension"] == encoder.dimension
        and settings["max_tokens"] == encoder.max_tokens
    )


def _check_encoder(index_dir: Path, manifest: dict[str, Any], encoder: Encoder) -> None:
    settings = manifest["settings"]
    if settings["encoder_hash"] != encoder.fingerprint:
        raise EncoderMismatchError(
            f"Index in {str(index_dir)!r} was built with encoder "
            f"{settings['encoder']!r}, but {encoder.name!r} is configured; run "
            "frontdesk index."
        )


def _count_changes(before: dict[str, str], after: dict[str, str]) -> dict[str, int]:
    kept = before.keys() & after.keys()
    unchanged = sum(before[name] == after[name] for name in kept)
    return {
        "added": len(after) - len(kept),
        "changed": len(kept) - unchanged,
        "removed": len(before) - len(kept),
        "unchanged": unchanged,
    }


def _write_version(
    folder: Path,
    documents: Sequence[Document],
    old: StoredIndex | None,
    encoder: Encoder,
    target_tokens: int,
    progress: Progress | None,
) -> tuple[int, int]:
    """Write all files but the manifest; gives passages written and encoded."""
    import faiss

    found = [
        passage
        for document in documents
        for passage in split_document(
            document, encoder.count_tokens, encoder.max_tokens, target_tokens
        )
    ]
    hashes = [_hash(passage.encoded_text) for passage in found]
    vectors, words, encoded = _encode(found, hashes, old, encoder, progress)
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as lines:
        for passage, digest in zip(found, hashes, strict=True):
            row = {**passage.to_json(), "hash": digest}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    index = faiss.IndexFlatIP(encoder.dimension)
    index.add(vectors)
    faiss.write_index(index, str(folder / "vectors.faiss"))
    words.save(folder)
    LexicalIndex.build(
        [(" ".join(passage.title_path), passage.text) for passage in found]
    ).save(folder / "lexical")
    return len(found), encoded


def _encode(
    found: Sequence[Passage],
    hashes: Sequence[str],
    old: StoredIndex | None,
    encoder: Encoder,
    progress: Progress | None,
) -> tuple[Vectors, WordVectors, int]:
    """Vectors of passages and of their words, known ones taken from `old`."""
    known = {digest: row for row, digest in enumerate(old.hashes)} if old else {}
    fresh = [row for row, digest in enumerate(hashes) if digest not in known]
    vectors = np.zeros((len(found), encoder.dimension), dtype=np.float32)
    parts: list[Bytes] = [np.zeros((0, 0), dtype=np.int8)] * len(found)
    projection = old.words.projection if old else None
    for start in range(0, len(fresh), CHUNK):
        rows = fresh[start : start + CHUNK]
        texts = [found[row].encoded_text for row in rows]
        later = _later(progress, start, len(fresh))
        vectors[rows], words = encode_words(encoder, texts, later)
        if projection is None:
            projection = Projection.learn(words, encoder.dimension)
        for row, rest in zip(rows, words, strict=True):
            parts[row] = projection.shorten(rest)
    for row, digest in enumerate(hashes):
        if old and digest in known:
            vectors[row] = old.vectors.reconstruct(known[digest])
            parts[row] = old.words.of(known[digest])
    assert projection is not None  # there is a passage, fresh or old
    return vectors, WordVectors.join(parts, projection), len(fresh)


def _later(progress: Progress | None, start: int, total: int) -> Progress | None:
    """The callback for a chunk that starts at text `start` of `total`."""
    if progress is None:
        return None
    return lambda done, _: progress(start + done, total)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
