"""Search over the version that serves, following new versions while it runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from frontdesk.knowledge.documents import Filters, Hit, Passage
from frontdesk.knowledge.encoder import Encoder
from frontdesk.knowledge.errors import KnowledgeError
from frontdesk.knowledge.index import load_index
from frontdesk.knowledge.searcher import Searcher

CHECK_EVERY_S = 0.5

_log = logging.getLogger(__name__)


class Retriever:
    """Answers searches from memory; a new version is loaded beside and swapped in."""

    def __init__(self, index_dir: Path, encoder: Encoder) -> None:
        self._index_dir = index_dir
        self._encoder = encoder
        self._mark = self._current_mark()
        self._searcher = Searcher(load_index(index_dir, encoder), encoder)
        self._checked_at = time.monotonic()
        self._loading = threading.Lock()

    @property
    def version(self) -> str:
        """The number of the version that answers now."""
        self._follow()
        return self._searcher.index.version

    @property
    def passages(self) -> Sequence[Passage]:
        """All passages of the current version."""
        self._follow()
        return self._searcher.index.passages

    def search(
        self,
        query: str | Sequence[str],
        top_k: int = 10,
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The best passages for a question, or for a customer's messages, newest last.

        Args:
            query: One text, or the texts of a conversation.
            top_k: How many passages at most.
            filters: Which passages may be found; by default the public, valid ones.
        """
        texts = [query] if isinstance(query, str) else query
        turns = [{"role": "user", "text": text} for text in texts]
        return self.search_turns(turns, top_k, filters)

    def search_turns(
        self,
        turns: Sequence[Mapping[str, str]],
        top_k: int = 10,
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The best passages for the last turn of a conversation.

        Args:
            turns: `{"role": "user" or "bot", "text"}`, oldest first.
            top_k: How many passages at most.
            filters: Which passages may be found; by default the public, valid ones.
        """
        self._follow()
        return self._searcher.search(turns, top_k, filters or Filters())

    def neighbours(self, hit: Hit, distance: int = 1) -> list[Passage]:
        """Passages of the same document next to a hit, in reading order."""
        return self._searcher.neighbours(hit.passage, distance)

    def _follow(self) -> None:
        """Start loading a new version in the background when there is one."""
        now = time.monotonic()
        if now - self._checked_at < CHECK_EVERY_S:
            return
        self._checked_at = now
        if self._current_mark() == self._mark or not self._loading.acquire(False):
            return
        try:
            threading.Thread(
                target=self._load, name="frontdesk-index", daemon=True
            ).start()
        except RuntimeError:  # the interpreter is shutting down
            self._loading.release()

    def _load(self) -> None:
        mark = self._current_mark()
        try:
            self._searcher = Searcher(
                load_index(self._index_dir, self._encoder), self._encoder
            )
            _log.info("Serving index version %s.", self._searcher.index.version)
        except KnowledgeError as error:
            _log.error("Keeping version %s: %s", self._searcher.index.version, error)
        finally:
            self._mark = mark  # a broken version is reported once
            self._loading.release()

    def _current_mark(self) -> tuple[int, int]:
        try:
            found = (self._index_dir / "CURRENT").stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)


def open_retriever(index_dir: Path, encoder: Encoder) -> Retriever:
    """A retriever over the index that serves.

    Raises:
        IndexMissingError: Nothing has been built here.
        IndexCorruptError: The index is damaged.
        EncoderMismatchError: Another encoder built the index.
    """
    return Retriever(index_dir, encoder)
