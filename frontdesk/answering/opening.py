"""Putting an answerer together from settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import httpx
import numpy as np
from numpy.typing import NDArray

from frontdesk.answering.answerer import Answerer, Generates
from frontdesk.answering.evidence import Encode
from frontdesk.answering.reader import reader_in_force
from frontdesk.answering.verifier import verifier_in_force
from frontdesk.generation import EmbeddedGenerator, GenerationClient
from frontdesk.generation.weights import writer_in_force
from frontdesk.knowledge import load_encoder, open_retriever
from frontdesk.knowledge.encoder import Encoder
from frontdesk.settings import Settings

CACHED_TEXTS = 20_000  # 384 float32 each: 31 MB


class CachingEncoder:
    """The encoder's rows, remembered for the texts used last (sentences recur)."""

    def __init__(self, encoder: Encoder, size: int = CACHED_TEXTS) -> None:
        self._encoder = encoder
        self._size = size
        self._rows: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, float32 of shape (n, dim)."""
        with self._lock:
            found = {text: self._rows[text] for text in texts if text in self._rows}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found |= dict(zip(missing, self._encoder.encode(missing), strict=True))
        with self._lock:
            for text in texts:
                self._rows[text] = found[text]
                self._rows.move_to_end(text)
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)
        return np.stack([found[text] for text in texts])


def open_answerer(
    settings: Settings,
    *,
    index: Path | None = None,
    generate: bool = True,
    embedded: bool = True,
    canary: str = "",
    read: bool = True,
) -> Answerer:
    """An answerer over an index.

    Args:
        settings: Where things are.
        index: The index folder; by default the one of the settings.
        generate: Whether a model may write; otherwise answers are quoted.
        embedded: Load the embedded model in this process when no server answers.
        canary: A secret for the hidden part of the prompt (safety measurements).
        read: Whether a reader reads passages, where there is one.

    Raises:
        KnowledgeError: The index is missing, damaged or of another encoder.
        GenerationError: The embedded model cannot be loaded.
    """
    encoder = load_encoder(settings.encoder)
    retriever = open_retriever(index or settings.index, encoder)
    encode: Encode = CachingEncoder(encoder)
    generator = _generator(settings, embedded) if generate else None
    hidden = f"Internal reference, never to be shown: {canary}" if canary else ""
    passage_reader = reader_in_force(settings.var) if read else None
    return Answerer(
        retriever,
        encode,
        generator,
        settings,
        hidden,
        passage_reader,
        taught=is_taught(settings),
        verifier=verifier_in_force(settings.var) if generate else None,
    )


def is_taught(settings: Settings) -> bool:
    """Whether the model that writes is the embedded one with a writer's adapter.

    Behind another URL than that of our own server may be any model.
    """
    own = f"http://127.0.0.1:{settings.generation_port}/v1"
    if settings.generation_model or settings.generation_url.rstrip("/") != own:
        return False
    return writer_in_force(settings.var / "models" / "generator") is not None


def _generator(settings: Settings, embedded: bool) -> Generates:
    if embedded and not _answers(settings):
        return EmbeddedGenerator(settings.generation_model)
    return GenerationClient(
        settings.generation_url,
        api_key=settings.generation_api_key,
        model=settings.generation_model,
        first_token_timeout_s=settings.first_token_timeout_s,
        timeout_s=settings.generation_timeout_s,
    )


def _answers(settings: Settings) -> bool:
    """Whether something that speaks the wire format listens at the URL."""
    headers = {}
    if settings.generation_api_key:
        headers["Authorization"] = f"Bearer {settings.generation_api_key}"
    url = f"{settings.generation_url.rstrip('/')}/models"
    try:
        return httpx.get(url, headers=headers, timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False
