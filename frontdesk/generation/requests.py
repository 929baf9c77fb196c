"""What an engine is asked for and what it hands back, free of HTTP and of torch."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from frontdesk.generation.metrics import Metrics

if TYPE_CHECKING:  # it needs torch
    from frontdesk.generation.constraints import Constraint

DRAIN_S = 8.0  # how long answers under way may take when an engine closes

FinishReason = Literal["stop", "length", "cancelled", "timeout", "error"]


@dataclass(frozen=True)
class Sampling:
    """How one answer is chosen; each request has its own."""

    max_tokens: int = 160
    temperature: float = 0.0  # 0: always the likeliest token
    top_p: float = 1.0
    top_k: int = 0  # 0: no limit
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None  # how many alternatives beside the token chosen


@dataclass(frozen=True)
class Form:
    """What an answer must be: JSON of a schema, one of some texts, or a pattern.

    `content` is a JSON schema, a JSON list of texts or a regular expression.
    """

    kind: Literal["json", "choice", "regex"]
    content: str

    @classmethod
    def json(cls, schema: Mapping[str, Any]) -> Form:
        return cls("json", json.dumps(schema))

    @classmethod
    def choice(cls, texts: Sequence[str]) -> Form:
        return cls("choice", json.dumps(list(texts)))


@dataclass(frozen=True)
class TokenLogprob:
    """One token chosen and, best first, what else was likely; natural logarithms."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Piece:
    """The next text of an answer; the last piece carries `finish_reason`."""

    text: str = ""
    finish_reason: FinishReason | None = None
    completion_tokens: int = 0  # so far
    error: str = ""  # why, when finish_reason is "error"
    logprobs: tuple[TokenLogprob, ...] = ()  # of the tokens since the last piece
    token_ids: tuple[int, ...] = ()  # the same tokens; not every engine names them


Listener = Callable[[Piece], None]


@dataclass(eq=False)
class Request:
    """One answer in the making. The engine calls `listener` from its own thread."""

    prompt_ids: tuple[int, ...]
    sampling: Sampling
    listener: Listener
    deadline: float = float("inf")  # time.monotonic()
    evidence: tuple[str, ...] = ()  # figures and names must stand in it; empty: free
    constraint: Constraint | None = None  # the form of the answer, from `constrain`
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask the engine to drop the request at its next step."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()


class Engine(Protocol):
    """What the server and `EmbeddedGenerator` need of an engine."""

    @property
    def name(self) -> str:
        """The model's id."""

    @property
    def max_context(self) -> int:
        """Tokens that prompt and answer may have together."""

    def encode_chat(self, messages: list[dict[str, str]]) -> tuple[int, ...]:
        """Token ids of the conversation, ready for the assistant's turn."""

    def encode_text(self, text: str) -> tuple[int, ...]:
        """Token ids of a text as it stands."""

    def constrain(self, form: Form) -> Constraint:
        """What holds one answer to a form; takes up to a second the first time.

        Raises:
            GenerationRejectedError: The form is invalid, or not for this engine.
        """

    @property
    def metrics(self) -> Metrics:
        """What the engine has counted."""

    def submit(self, request: Request) -> None:
        """Queue a request.

        Raises:
            QueueFullError: Too many requests wait.
            PromptTooLongError: Prompt and answer do not fit.
            GenerationRejectedError: The engine cannot do what is asked for.
            GenerationUnavailableError: The engine is starting or stopping.
        """

    def is_healthy(self) -> bool:
        """True while the engine takes and finishes requests."""

    def close(self) -> None:
        """Take nothing new, finish within `DRAIN_S`, end the rest with an error."""
