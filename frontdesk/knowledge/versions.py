"""Versions of an index on disk: built beside the old one, switched in one step.

    <index>/CURRENT            the number of the version that serves
    <index>/versions/<n>/      files of version n; manifest.json holds their hashes
    <index>/.lock              held by the process that builds

A version is complete once its folder has its number: it is written under another
name, flushed to disk and renamed. CURRENT is replaced atomically after that.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from frontdesk.knowledge.errors import (
    IndexBusyError,
    IndexCorruptError,
    IndexMissingError,
    KnowledgeError,
)

FORMAT = 3
KEPT_VERSIONS = 3
MANIFEST = "manifest.json"


def current_version(index_dir: Path) -> str:
    """The number of the version that serves.

    Raises:
        IndexMissingError: Nothing has been built here.
        IndexCorruptError: CURRENT names no version that exists.
    """
    try:
        version = (index_dir / "CURRENT").read_text("ascii").strip()
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"There is no index in {str(index_dir)!r}; run frontdesk index."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexCorruptError(
            f"{str(index_dir / 'CURRENT')!r} cannot be read ({error}); run frontdesk "
            "index."
        ) from error
    if not version.isdigit() or not version_folder(index_dir, version).is_dir():
        raise IndexCorruptError(
            f"{str(index_dir / 'CURRENT')!r} names version {version!r}, which does not "
            "exist; run frontdesk index."
        )
    return version


def version_folder(index_dir: Path, version: str) -> Path:
    return index_dir / "versions" / version


def stored_versions(index_dir: Path) -> list[str]:
    """Numbers of the versions on disk, oldest first."""
    folder = index_dir / "versions"
    if not folder.is_dir():
        return []
    names = [entry.name for entry in folder.iterdir() if entry.name.isdigit()]
    return sorted(names, key=int)


def rollback(index_dir: Path) -> str:
    """Make the version before the current one serve again; gives its number.

    Raises:
        KnowledgeError: There is no version to go back to.
    """
    with build_lock(index_dir):
        current = current_version(index_dir)
        older = [v for v in stored_versions(index_dir) if int(v) < int(current)]
        if not older:
            raise KnowledgeError(
                f"Version {current} is the oldest in {str(index_dir)!r}; there is "
                "nothing to go back to."
            )
        switch_to(index_dir, older[-1])
        return older[-1]


def switch_to(index_dir: Path, version: str) -> None:
    """Replace CURRENT in one step."""
    waiting = index_dir / "CURRENT.new"
    waiting.write_text(f"{version}\n", "ascii")
    _flush(waiting)
    os.replace(waiting, index_dir / "CURRENT")
    _flush(index_dir)


@contextlib.contextmanager
def new_version(index_dir: Path) -> Iterator[tuple[str, Path]]:
    """A number and an empty folder; kept as that version if the block succeeds."""
    stored = stored_versions(index_dir)
    version = str(int(stored[-1]) + 1 if stored else 1)
    folder = version_folder(index_dir, version)
    unfinished = folder.with_name(f".building-{version}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield version, unfinished
        for path in sorted(unfinished.rglob("*")):
            _flush(path)
        _flush(unfinished)
        os.replace(unfinished, folder)
        _flush(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def forget_old_versions(index_dir: Path) -> None:
    """Delete all but the newest few versions; the current one always stays."""
    current = current_version(index_dir)
    for version in stored_versions(index_dir)[:-KEPT_VERSIONS]:
        if version != current:
            shutil.rmtree(version_folder(index_dir, version), ignore_errors=True)


@contextlib.contextmanager
def build_lock(index_dir: Path) -> Iterator[None]:
    """Hold the index's lock; it is released when the process ends, however it ends.

    Raises:
        IndexBusyError: Another process holds it.
    """
    index_dir.mkdir(parents=True, exist_ok=True)
    with (index_dir / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IndexBusyError(
                f"Another process is building the index in {str(index_dir)!r}; wait "
                "until it has finished."
            ) from error
        yield


def write_manifest(folder: Path, values: dict[str, Any]) -> None:
    """Write the manifest with the hash of every other file of the folder."""
    files = {
        str(path.relative_to(folder)): _file_hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    text = json.dumps({"format": FORMAT, **values, "files": files}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")


def read_manifest(folder: Path, check_files: bool = True) -> dict[str, Any]:
    """The manifest of a version, its files compared with their hashes.

    Raises:
        IndexCorruptError: A file is missing, damaged or of another format.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["format"] != FORMAT:
            raise IndexCorruptError(
                f"Index {str(folder)!r} has format {manifest['format']}, but this "
                f"release reads format {FORMAT}; run frontdesk index."
            )
        files = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexCorruptError(
            f"The manifest of index {str(folder)!r} cannot be read "
            f"({type(error).__name__}); run frontdesk index or roll back."
        ) from error
    for name, expected in files.items() if check_files else ():
        path = folder / name
        if not path.is_file() or _file_hash(path) != expected:
            raise IndexCorruptError(
                f"Index file {str(path)!r} is missing or damaged; run frontdesk index "
                "or roll back."
            )
    return manifest


def _file_hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
