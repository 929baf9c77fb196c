"""`python -m frontdesk.generation` (and `frontdesk generate`): serve one model."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace

import uvicorn

from frontdesk.generation.errors import ModelLoadError
from frontdesk.generation.loading import LoadingEngine
from frontdesk.generation.requests import Engine
from frontdesk.generation.server import create_app
from frontdesk.generation.weights import load_model, served_name
from frontdesk.settings import Settings, SettingsError

STOP_S = 15  # longer than an engine takes to close

logger = logging.getLogger("frontdesk.generation")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until stopped; the exit status is 1 if the model cannot be loaded."""
    # Threads that wait for each other by spinning stop a machine that others use too:
    # measured beside ten busy processes on two cores, 1,780 against 142 ms a token.
    # Must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logger.setLevel(logging.INFO)
    try:
        settings = _read_arguments(argv, Settings.from_environ())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    failures: list[Exception] = []
    engine = LoadingEngine(
        served_name(settings.generation_model),
        lambda: _load_engine(settings),
        on_ready=lambda: logger.info("The model %s is ready.", engine.name),
        on_failure=lambda error: give_up(error),
    )

    def give_up(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    server = _Server(
        uvicorn.Config(
            create_app(engine, settings),
            host=settings.host,
            port=settings.generation_port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=STOP_S,
        ),
        engine,
    )
    logger.info(
        "Loading %s; serving on http://%s:%d/v1",
        engine.name,
        settings.host,
        settings.generation_port,
    )
    try:
        server.run()
    except KeyboardInterrupt:
        pass  # uvicorn raises it again after a clean stop
    for failure in failures:
        if not isinstance(failure, ModelLoadError):
            raise failure
        print(failure, file=sys.stderr)
    return 1 if failures else 0


class _Server(uvicorn.Server):
    """Lets the engine end its answers first: connections close with their last word."""

    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        closing = asyncio.create_task(asyncio.to_thread(self._engine.close))
        await super().shutdown(sockets)
        await closing


def _read_arguments(argv: Sequence[str] | None, settings: Settings) -> Settings:
    parser = argparse.ArgumentParser(
        prog="frontdesk generate",
        description="Serve a language model in OpenAI's wire format.",
    )
    parser.add_argument("--host", default=settings.host)
    parser.add_argument("--port", type=int, default=settings.generation_port)
    parser.add_argument(
        "--model",
        default=settings.generation_model,
        help="a model folder, a .gguf file or a hub id; default: the embedded model",
    )
    given = parser.parse_args(argv)
    return replace(
        settings,
        host=given.host,
        generation_port=given.port,
        generation_model=given.model,
    )


def _load_engine(settings: Settings) -> Engine:
    # Here, because importing torch takes seconds and the port should answer before.
    from frontdesk.generation.opening import open_engine

    folder = settings.var / "models" / "generator"
    loaded = load_model(settings.generation_model, embedded_folder=folder)
    return open_engine(loaded, settings.generation_queue)


if __name__ == "__main__":
    sys.exit(main())
