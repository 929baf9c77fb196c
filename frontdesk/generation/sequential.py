"""The plain engine: transformers' own `generate`, one request after the other.

Runs every model the library loads.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from frontdesk.generation.constraints import Constraint
from frontdesk.generation.errors import (
    GenerationRejectedError,
    GenerationUnavailableError,
    PromptTooLongError,
    QueueFullError,
)
from frontdesk.generation.metrics import Metrics
from frontdesk.generation.requests import (
    DRAIN_S,
    FinishReason,
    Form,
    Piece,
    Request,
    Sampling,
)
from frontdesk.generation.text import TextAssembler, encode_chat
from frontdesk.generation.weights import LoadedModel

logger = logging.getLogger(__name__)

_LONGEST_CONTEXT = 8_192
STUCK_S = 120.0  # no prompt takes that long, and no token


class SequentialEngine:
    """Answers one request at a time in its own thread; a few more may wait."""

    def __init__(self, loaded: LoadedModel, queue_size: int = 16) -> None:
        self.name = loaded.name
        self._loaded = loaded
        positions = getattr(loaded.model.config, "max_position_embeddings", None)
        self.max_context = min(positions or _LONGEST_CONTEXT, _LONGEST_CONTEXT)
        self._waiting: queue.Queue[Request | None] = queue.Queue(queue_size)
        self._thread = threading.Thread(
            target=self._work, name="generation-engine", daemon=True
        )
        self._closing = False
        self._current: Request | None = None
        self._last_sign = 0.0  # of life, while there is a request
        self.metrics = Metrics(slots=1)
        self._thread.start()

    def encode_chat(self, messages: list[dict[str, str]]) -> tuple[int, ...]:
        return encode_chat(self._loaded.tokenizer, messages)

    def encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(self._loaded.tokenizer(text)["input_ids"])

    def constrain(self, form: Form) -> Constraint:
        raise GenerationRejectedError(
            f"Forms of answers are not available for {self.name!r}, which runs in the "
            "plain engine; leave response_format and structured_outputs out."
        )

    def submit(self, request: Request) -> None:
        if request.evidence or request.sampling.logprobs is not None:
            raise GenerationRejectedError(
                f"evidence and logprobs are not available for {self.name!r}, which "
                "runs in the plain engine; leave them out."
            )
        needed = len(request.prompt_ids) + request.sampling.max_tokens
        if needed > self.max_context:
            raise PromptTooLongError(
                f"Prompt and answer need {needed} tokens, but the model "
                f"{self.name!r} holds {self.max_context}; shorten the prompt or "
                "lower max_tokens."
            )
        if self._closing:
            raise GenerationUnavailableError("The server is stopping.")
        try:
            self._waiting.put_nowait(request)
        except queue.Full as error:
            raise QueueFullError(
                f"{self._waiting.maxsize} requests wait already; try again shortly."
            ) from error

    def is_healthy(self) -> bool:
        busy = self._current is not None
        is_stuck = busy and time.monotonic() - self._last_sign > STUCK_S
        return self._thread.is_alive() and not self._closing and not is_stuck

    def close(self) -> None:
        self._closing = True
        while True:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            if waiting is not None:
                waiting.listener(Piece("", "error", 0, "The server is stopping."))
        self._waiting.put(None)
        self._thread.join(DRAIN_S)
        if (current := self._current) is not None:
            current.cancel()
        self._thread.join()

    def _work(self) -> None:
        while (request := self._waiting.get()) is not None:
            self._last_sign = time.monotonic()
            self._current = request
            self.metrics.requests += 1
            self.metrics.waiting = self._waiting.qsize()
            try:
                self._answer(request)
            except Exception:
                # The thread's entry point: one bad request must not end the engine.
                logger.exception("A request failed in the engine.")
                request.listener(Piece("", "error", 0, "The engine failed."))
            self._current = None

    def _note_life(self) -> None:
        self._last_sign = time.monotonic()

    def _answer(self, request: Request) -> None:
        answer = _Answer(self._loaded, request, self._note_life)
        if not answer.must_end():
            device = self._loaded.device
            ids = torch.tensor([request.prompt_ids], device=device)
            with (
                torch.inference_mode(),
                torch.random.fork_rng([device] if device != "cpu" else []),
            ):
                seed = request.sampling.seed
                if seed is None:
                    torch.seed()
                else:
                    torch.manual_seed(seed)
                self._loaded.model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    generation_config=self._configure(request.sampling),
                    streamer=answer,
                    stopping_criteria=StoppingCriteriaList([_Ends(answer)]),
                )
        self.metrics.prompt_tokens += len(request.prompt_ids)
        self.metrics.completion_tokens += answer.tokens
        self.metrics.note_finish(answer.reason)
        answer.send_last()

    def _configure(self, sampling: Sampling) -> GenerationConfig:
        ends = sorted(self._loaded.end_ids())
        chosen: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            chosen = {
                "do_sample": True,
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "top_k": sampling.top_k,
            }
        return GenerationConfig(
            max_new_tokens=sampling.max_tokens,
            repetition_penalty=sampling.repetition_penalty,
            eos_token_id=ends or None,
            pad_token_id=self._loaded.tokenizer.pad_token_id or (ends or [0])[0],
            **chosen,
        )


class _Answer:
    """A streamer for `generate`: hands on text and knows why the answer ends."""

    def __init__(
        self, loaded: LoadedModel, request: Request, on_token: Callable[[], None]
    ) -> None:
        self._ends = loaded.end_ids()
        self._on_token = on_token
        self._request = request
        self._text = TextAssembler(loaded.tokenizer, request.sampling.stop)
        self._prompt_seen = False
        self.tokens = 0
        self.reason: FinishReason = "length"

    def put(self, value: torch.Tensor) -> None:
        if not self._prompt_seen:  # generate shows the prompt first
            self._prompt_seen = True
            return
        self._on_token()
        for token_id in value.flatten().tolist():
            self.tokens += 1
            if token_id in self._ends:
                self.reason = "stop"
                return
            text = self._text.push(token_id)
            if text:
                self._request.listener(Piece(text, None, self.tokens))

    def end(self) -> None:
        pass  # send_last does it, after a failure too

    def must_end(self) -> bool:
        """True once nothing more is wanted; notes the reason."""
        if self._request.is_cancelled:
            self.reason = "cancelled"
        elif time.monotonic() > self._request.deadline:
            self.reason = "timeout"
        elif self._text.stopped:
            self.reason = "stop"
        else:
            return False
        return True

    def send_last(self) -> None:
        rest = self._text.finish()
        self._request.listener(Piece(rest, self.reason, self.tokens))


class _Ends(StoppingCriteria):  # type: ignore[misc]
    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    def __call__(
        self, input_ids: torch.Tensor, scores: object, **kwargs: object
    ) -> torch.Tensor:
        ends = self._answer.must_end()
        return torch.full((len(input_ids),), ends, device=input_ids.device)
