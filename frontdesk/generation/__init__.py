"""The generation server, its client, and the same model in this process."""

from frontdesk.generation.client import GenerationClient
from frontdesk.generation.embedded import EmbeddedGenerator
from frontdesk.generation.errors import (
    GenerationError,
    GenerationRejectedError,
    GenerationTimeoutError,
    GenerationUnavailableError,
    ModelLoadError,
)

__all__ = [
    "EmbeddedGenerator",
    "GenerationClient",
    "GenerationError",
    "GenerationRejectedError",
    "GenerationTimeoutError",
    "GenerationUnavailableError",
    "ModelLoadError",
]
