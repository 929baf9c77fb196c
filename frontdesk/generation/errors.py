"""What can go wrong when text is generated.

GenerationError
├── GenerationUnavailableError   the server refuses, fails, is full or breaks off
├── GenerationTimeoutError       no first token, or no end, within its limit
├── GenerationRejectedError      the request itself cannot be served as it stands
│   └── PromptTooLongError       prompt and answer do not fit the model's memory
├── ConstraintError              (engine) no token fits what the request demands
├── QueueFullError               (engine) more requests wait than the queue allows
└── ModelLoadError               (engine) the model cannot be loaded
"""

from __future__ import annotations


class GenerationError(Exception):
    """Base of everything this room raises on purpose."""


class GenerationUnavailableError(GenerationError):
    """The server cannot answer now; the same request may succeed later."""


class GenerationTimeoutError(GenerationError):
    """The first token or the end of the answer did not come in time."""


class GenerationRejectedError(GenerationError):
    """The request is wrong; sending it again will not help."""


class PromptTooLongError(GenerationRejectedError):
    """Prompt plus answer exceed the tokens that one request may hold."""


class ConstraintError(GenerationError):
    """An answer cannot go on within the form or evidence that it is held to."""


class QueueFullError(GenerationError):
    """The engine has as many waiting requests as it accepts."""


class ModelLoadError(GenerationError):
    """No model could be loaded; the message says which and why."""
