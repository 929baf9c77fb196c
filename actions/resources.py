"""What the actions share, built at first use and never at import.

Actions are pickled into workers, so none of this may be an attribute of one.
"""

from __future__ import annotations

import asyncio
import atexit
from functools import lru_cache
from threading import Lock

from opentelemetry.trace import Tracer

from frontdesk.answering import Answerer, open_answerer
from frontdesk.answering.telemetry import open_tracer
from frontdesk.commerce.open import open_desk
from frontdesk.commerce.service import Desk
from frontdesk.settings import Settings

_opening = Lock()


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings.from_environ()


def get_answerer() -> Answerer:
    """The process's answerer; blocking at first use (it loads encoder and index).

    Raises:
        KnowledgeError: There is no usable index; the next call tries again.
    """
    with _opening:
        return _open()


@lru_cache(maxsize=1)
def _open() -> Answerer:
    return open_answerer(get_settings(), embedded=False)


@lru_cache(maxsize=1)
def get_tracer() -> Tracer | None:
    """What ships turns to a collector; None where no collector is set."""
    endpoint = get_settings().otlp_endpoint
    if not endpoint:
        return None
    tracer, provider = open_tracer(endpoint)
    atexit.register(provider.shutdown)
    return tracer


def get_desk() -> Desk:
    """The process's desk in the shop; blocking at first use (it opens databases).

    Raises:
        ShopSettingsError: The shop cannot be opened as it is configured.
    """
    with _opening:
        return _open_desk()


@lru_cache(maxsize=1)
def _open_desk() -> Desk:
    return open_desk(get_settings())


async def desk_of(given: Desk | None) -> Desk:
    """The desk an action was made with, or the process's, opened off the event loop."""
    if given is not None:
        return given
    return await asyncio.to_thread(get_desk)
