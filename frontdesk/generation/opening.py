"""The engine for a model: batching where its architecture allows, else one by one."""

from __future__ import annotations

import logging

from frontdesk.generation.decoders import CannotBatchError
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.requests import Engine
from frontdesk.generation.sequential import SequentialEngine
from frontdesk.generation.weights import LoadedModel

logger = logging.getLogger(__name__)


def open_engine(loaded: LoadedModel, queue_size: int = 16) -> Engine:
    """A BatchEngine if the model runs in one, else a SequentialEngine and a warning."""
    try:
        return BatchEngine(loaded, queue_size)
    except CannotBatchError as error:
        logger.warning(
            "The model %s is served one request at a time by model.generate: %s.",
            loaded.name,
            error,
        )
    return SequentialEngine(loaded, queue_size)
