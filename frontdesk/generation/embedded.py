"""The model in this process, for commands that run without a generation server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from frontdesk.generation.errors import (
    GenerationUnavailableError,
    QueueFullError,
)
from frontdesk.generation.generator import Generator, clean_messages
from frontdesk.generation.requests import Engine, Piece, Request, Sampling


class EmbeddedGenerator(Generator):
    """The interface of GenerationClient over an engine that lives here.

    The model is loaded at the first request, in a thread; without limits of time,
    because whoever calls it has nothing else to fall back on.
    """

    def __init__(
        self, name_or_path: str = "", *, load: Callable[[], Engine] | None = None
    ) -> None:
        """A generator; nothing is loaded yet.

        Args:
            name_or_path: As in `load_model`; empty is the embedded model.
            load: Returns the engine; the default one if None.
        """
        self._load = load or (lambda: _load_engine(name_or_path))
        self._engine: Engine | None = None
        self._loading = asyncio.Lock()

    async def stream(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: int = 160,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> AsyncIterator[str]:
        """Pieces of the reply; joined they are the reply.

        Raises:
            ModelLoadError: The model cannot be loaded.
            GenerationUnavailableError: The engine failed or is full.
            PromptTooLongError: Prompt and answer do not fit the model.
        """
        async with self._loading:
            if self._engine is None:
                self._engine = await asyncio.to_thread(self._load)
            engine = self._engine
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Piece] = asyncio.Queue()

        def listen(piece: Piece) -> None:
            with contextlib.suppress(RuntimeError):  # the loop ended before us
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        turns = clean_messages(messages)
        prompt = await asyncio.to_thread(engine.encode_chat, turns)
        sampling = Sampling(max_tokens, temperature, stop=tuple(stop))
        request = Request(prompt, sampling, listen)
        try:
            engine.submit(request)
            while True:
                piece = await pieces.get()
                if piece.finish_reason == "error":
                    raise GenerationUnavailableError(piece.error)
                if piece.text:
                    yield piece.text
                if piece.finish_reason:
                    return
        except QueueFullError as error:
            raise GenerationUnavailableError(str(error)) from error
        finally:
            request.cancel()

    async def is_healthy(self) -> bool:
        """True unless a loaded engine has died."""
        return self._engine is None or self._engine.is_healthy()

    async def aclose(self) -> None:
        """Give the model's memory back."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await asyncio.to_thread(engine.close)


def _load_engine(name_or_path: str) -> Engine:
    # Here, because importing torch takes seconds that a client need not pay.
    from frontdesk.generation.opening import open_engine
    from frontdesk.generation.weights import load_model

    return open_engine(load_model(name_or_path))
