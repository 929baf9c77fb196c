"""Showing a reply while it is written, a sentence at a time.

A sentence is shown once it is complete and passed the check of its own; what can only
be said of the whole reply is checked at the end. A sentence that fails ends the
writing: the rest would not be shown either.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from frontdesk.answering.check import claims_of
from frontdesk.answering.sentences import split_sentences

Stage = Literal["looking_up", "writing", "checking"]
OnDelta = Callable[[str], Awaitable[None]]
OnStage = Callable[[Stage], Awaitable[None]]


async def _nobody(what: str) -> None:
    """Hears nothing."""


@dataclass(frozen=True)
class Reader:
    """Someone who reads along while a reply is written.

    Attributes:
        on_delta: Called with sentences that may be shown, in order.
        on_stage: Called when another stage begins.
        stopped: Set when nobody wants to read on.
    """

    on_delta: OnDelta = _nobody
    on_stage: OnStage = _nobody
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class SentenceStream:
    """Collects a reply and lets its sentences through, one by one."""

    def __init__(self, passes: Callable[[str], bool]) -> None:
        """An empty reply.

        Args:
            passes: Whether a sentence may be shown.
        """
        self._passes = passes
        self._passed = 0
        self.text = ""
        self.released = ""
        self.failed = False

    def feed(self, piece: str) -> str:
        """Add a piece; returns what may be shown now in addition, mostly nothing."""
        self.text += piece
        prefix = finished(self.text)
        if self.failed or len(prefix) <= len(self.released):
            return ""
        # The last claim may still grow: a list item goes on, a line was wrapped.
        claims = claims_of(self.text)[:-1]
        if not all(map(self._passes, claims[self._passed :])):
            self.failed = True
            return ""
        self._passed = len(claims)
        if claims_of(prefix) != claims:
            return ""
        fresh, self.released = prefix[len(self.released) :], prefix
        return fresh


async def read_along(
    pieces: AsyncIterator[str], sentences: SentenceStream, reader: Reader
) -> bool:
    """Feed a reply to the sentences and show what they let through.

    Returns:
        False if the reader stopped it. Either way nothing is generated any more.
    """
    reading = asyncio.create_task(_read(pieces, sentences, reader))
    stopping = asyncio.create_task(reader.stopped.wait())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            return False
        await reading  # raises what went wrong
        return True
    finally:
        for task in (reading, stopping):
            task.cancel()
        await asyncio.gather(reading, stopping, return_exceptions=True)


def finished(text: str) -> str:
    """The beginning of the text that consists of whole sentences and whole lines."""
    cut = text.rfind("\n") + 1
    sentences = split_sentences(text[cut:])
    if len(sentences) > 1:
        cut = max(cut, text.rfind(sentences[-1]))
    return text[:cut]


async def _read(
    pieces: AsyncIterator[str], sentences: SentenceStream, reader: Reader
) -> None:
    try:
        async for piece in pieces:
            fresh = sentences.feed(piece)
            if fresh:
                await reader.on_delta(fresh)
            if sentences.failed:
                return
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
