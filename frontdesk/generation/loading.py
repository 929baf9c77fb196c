"""An engine that is still loading: the server starts at once and says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from frontdesk.generation.errors import GenerationUnavailableError
from frontdesk.generation.metrics import Metrics
from frontdesk.generation.requests import Engine, Form, Request

if TYPE_CHECKING:  # it needs torch
    from frontdesk.generation.constraints import Constraint


class LoadingEngine:
    """Loads an engine in a thread and stands in for it from the first moment on."""

    def __init__(
        self,
        name: str,
        load: Callable[[], Engine],
        on_ready: Callable[[], None] = lambda: None,
        on_failure: Callable[[Exception], None] = lambda error: None,
    ) -> None:
        """Starts to load.

        Args:
            name: The model's id, known before it is loaded.
            load: Returns the engine; runs in a thread.
            on_ready: Called once the engine serves.
            on_failure: Called with what `load` raised; the engine stays unhealthy.
        """
        self.name = name
        self._load = load
        self._on_ready = on_ready
        self._on_failure = on_failure
        self._engine: Engine | None = None
        self._thread = threading.Thread(
            target=self._run, name="generation-loading", daemon=True
        )
        self._thread.start()

    @property
    def max_context(self) -> int:
        return self._loaded().max_context

    def encode_chat(self, messages: list[dict[str, str]]) -> tuple[int, ...]:
        return self._loaded().encode_chat(messages)

    def encode_text(self, text: str) -> tuple[int, ...]:
        return self._loaded().encode_text(text)

    def constrain(self, form: Form) -> Constraint:
        return self._loaded().constrain(form)

    @property
    def metrics(self) -> Metrics:
        return Metrics() if self._engine is None else self._engine.metrics

    def submit(self, request: Request) -> None:
        self._loaded().submit(request)

    def is_healthy(self) -> bool:
        return self._engine is not None and self._engine.is_healthy()

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise GenerationUnavailableError(f"The model {self.name!r} is not loaded.")
        return self._engine

    def _run(self) -> None:
        try:
            self._engine = self._load()
        except Exception as error:  # handed on: a thread's exception would be lost
            self._on_failure(error)
        else:
            self._on_ready()
