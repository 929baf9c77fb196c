"""The engine: many answers at once, a token or more for each at every step.

Requests join and leave between any two steps. One step is one forward pass over a
single row of tokens: the next token (and guesses) of every answer being written, and
a chunk of the prompts being read. Read `_run`, `_plan` and `_forward` in that order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

import torch

from frontdesk.generation import slots
from frontdesk.generation.allocator import forget_old_shapes, keep_freed_memory
from frontdesk.generation.attention import Span, Step
from frontdesk.generation.constraints import Constraint, Constraints
from frontdesk.generation.decoders import open_decoder
from frontdesk.generation.errors import (
    GenerationError,
    GenerationRejectedError,
    GenerationUnavailableError,
    PromptTooLongError,
    QueueFullError,
)
from frontdesk.generation.metrics import Metrics
from frontdesk.generation.requests import DRAIN_S, Form, Piece, Request
from frontdesk.generation.sampling import TokenTexts
from frontdesk.generation.sequences import Sequence
from frontdesk.generation.text import encode_chat
from frontdesk.generation.weights import LoadedModel

logger = logging.getLogger(__name__)

CHUNK = 128  # prompt tokens a step while others wait for their next token
LONE_CHUNK = 512  # while nobody does
DRAFT_ROWS = 32  # rows of a step up to which guesses cost next to nothing
STUCK_S = 60.0  # no step takes that long
GIVE_UP_S = 2.0  # how long a closing engine waits for a step beyond its drain


class BatchEngine:
    """Continuous batching over a transformers model, in a thread of its own."""

    def __init__(
        self,
        loaded: LoadedModel,
        queue_size: int = 16,
        *,
        plan: slots.SlotPlan | None = None,
        speculate: bool = True,
    ) -> None:
        """Takes over the model and starts to serve.

        Args:
            loaded: The model; nothing else can run it afterwards.
            queue_size: Requests that may wait beside those in slots.
            plan: Slots and their length; None fits them to the device.
            speculate: Guess tokens by prompt lookup.

        Raises:
            CannotBatchError: The model cannot be run this way; it is as it was.
        """
        if loaded.device == "cpu":
            keep_freed_memory()
            forget_old_shapes()
        self.name = loaded.name
        self.metrics = Metrics()
        self._config = loaded.model.config
        self._tokenizer = loaded.tokenizer
        self._device = loaded.device
        self._end_ids = loaded.end_ids()
        self._texts = TokenTexts(loaded.tokenizer)
        self._vocabulary = loaded.model.get_input_embeddings().num_embeddings
        self._dtype: torch.dtype = getattr(torch, loaded.dtype)
        limit = slots.memory_limit(loaded.device)
        most = slots.CPU_SLOTS if loaded.device == "cpu" else slots.GPU_SLOTS
        self.plan = plan or slots.plan_slots(self._config, self._dtype, limit, most)
        self.max_context = self.plan.context
        self.metrics.slots = self.plan.slots
        self._cache = slots.SlotCache.allocate(
            self._config, self.plan, self._dtype, self._device
        )
        self._decoder = open_decoder(loaded)
        self._constraints: Constraints | None = None
        self._reading_vocabulary = threading.Lock()
        self._queue_size = queue_size
        self._speculate = speculate
        self._waiting: deque[Sequence] = deque()
        self._active: list[Sequence] = []
        self._compared: list[Sequence] = []
        self._common = 0
        self._wake = threading.Condition()
        self._state = "running"  # -> "draining" -> "stopped"; or "dead"
        self._step_began = 0.0  # 0 while no step is under way
        self._thread = threading.Thread(
            target=self._work, name="generation-engine", daemon=True
        )
        self._thread.start()

    def encode_chat(self, messages: list[dict[str, str]]) -> tuple[int, ...]:
        return encode_chat(self._tokenizer, messages)

    def encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text)["input_ids"])

    def constrain(self, form: Form) -> Constraint:
        with self._reading_vocabulary:
            if self._constraints is None:
                self._constraints = Constraints(
                    self._tokenizer, self._vocabulary, self._end_ids
                )
        return self._constraints.open(form)

    def submit(self, request: Request) -> None:
        self._check(request)
        sequence = Sequence(request, self._tokenizer, self._texts, self._end_ids)
        with self._wake:
            if self._state != "running":
                raise GenerationUnavailableError(f"The engine is {self._state}.")
            if self._is_stuck():
                raise GenerationUnavailableError("The engine is stuck.")
            if len(self._waiting) >= self._queue_size + self._cache.free:
                raise QueueFullError(
                    f"{len(self._waiting)} requests wait already; try again shortly."
                )
            self._waiting.append(sequence)
            self.metrics.requests += 1
            self.metrics.waiting = len(self._waiting)
            self._wake.notify()

    @property
    def free_slots(self) -> int:
        return self._cache.free

    def is_healthy(self) -> bool:
        return (
            self._thread.is_alive()
            and self._state == "running"
            and not self._is_stuck()
        )

    def _is_stuck(self) -> bool:
        began = self._step_began
        return bool(began) and time.monotonic() - began > STUCK_S

    def close(self) -> None:
        with self._wake:
            if self._state == "running":
                self._state = "draining"
            self._wake.notify()
        self._thread.join(DRAIN_S)
        with self._wake:
            self._state = "stopped"
            self._wake.notify()
        self._thread.join(GIVE_UP_S)
        if self._thread.is_alive():
            logger.error("The engine's worker hangs and is left behind.")
            self._fail_all("The engine is stuck.")

    def _check(self, request: Request) -> None:
        needed = len(request.prompt_ids) + request.sampling.max_tokens
        if needed > self.max_context:
            raise PromptTooLongError(
                f"Prompt and answer need {needed} tokens, but a slot of "
                f"{self.name!r} holds {self.max_context}; shorten the prompt or "
                "lower max_tokens."
            )
        if not request.prompt_ids:
            raise GenerationRejectedError("The prompt is empty; send some text.")
        if not all(0 <= token < self._vocabulary for token in request.prompt_ids):
            raise GenerationRejectedError(
                f"The prompt holds a token outside 0 to {self._vocabulary - 1}."
            )

    def _work(self) -> None:
        try:
            if self._runs_to_the_end():
                return
            self.metrics.restarts += 1
            self._step_began = 0.0
            self._cache.forget()
            logger.warning("The engine's worker was restarted.")
            if self._runs_to_the_end():
                return
            logger.error("The engine's worker died again and stays dead.")
        finally:
            with self._wake:
                self._state = "dead" if self._state == "running" else "stopped"
            self._fail_all("The engine is not running.")

    def _runs_to_the_end(self) -> bool:
        """True if the engine was closed, False if its worker died."""
        try:
            with torch.inference_mode():
                self._run()
        except Exception:
            # The thread's entry point: what _run does not handle ends it, once.
            logger.exception("The engine's worker died.")
            self._fail_all("The engine failed.")
            return False
        self._fail_all("The server is stopping.")
        return True

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._waiting or self._active or self._state != "running"):
                    self._wake.wait()
                if self._state == "stopped":
                    return
                if self._state == "draining" and not (self._waiting or self._active):
                    return
                self._admit()
            for sequence in [s for s in self._active if s.note_end()]:
                self._finish(sequence)
            planned = self._plan()
            if planned:
                self._step(planned)

    def _admit(self) -> None:
        """Move waiting requests into free slots; drop those nobody waits for."""
        kept: deque[Sequence] = deque()
        for sequence in self._waiting:
            if sequence.note_end():
                sequence.send_last()
                self.metrics.note_finish(str(sequence.reason))
            elif self._cache.free:
                sequence.slot = self._cache.acquire(sequence.tokens)
                self._active.append(sequence)
            else:
                kept.append(sequence)
        self._waiting = kept
        self.metrics.waiting, self.metrics.running = len(kept), len(self._active)

    def _plan(self) -> list[tuple[Sequence, int]]:
        """Who takes part in the next step with how many known tokens, by slot."""
        writing = [s for s in self._active if s.started and s.missing == 1]
        planned = [(sequence, 1) for sequence in writing]
        if self._speculate and writing:
            for sequence in writing:
                sequence.draft(DRAFT_ROWS // len(writing) - 1)
        left = CHUNK if writing else LONE_CHUNK
        for sequence in self._active:  # in order of arrival
            if left <= 0:
                break
            if sequence.started and sequence.missing == 1:
                continue
            if not sequence.started and not self._start(sequence, planned):
                continue
            count = min(left, sequence.missing)
            planned.append((sequence, count))
            left -= count
        return sorted(planned, key=lambda item: item[0].slot)

    def _start(self, sequence: Sequence, planned: list[tuple[Sequence, int]]) -> bool:
        """Fill in the known beginning of a prompt; False to wait a step for more."""
        source, known = self._cache.find_prefix(sequence.tokens)
        for other, count in planned:
            # What this very step computes can be copied in the next.
            coming = other.tokens[: other.computed + count]
            if slots.common_prefix(coming, sequence.tokens[:-1]) > known:
                return False
        sequence.computed, sequence.started = known, True
        self._cache.take_prefix(sequence.slot, source, sequence.tokens[:known])
        self.metrics.prompt_tokens += len(sequence.tokens)
        self.metrics.cached_tokens += known
        return True

    def _step(self, planned: list[tuple[Sequence, int]]) -> None:
        self._step_began = began = time.monotonic()
        try:
            self._forward(planned)
        except Exception as error:
            # The model failed before anything was noted, so the step can be taken
            # again: each request alone, to find the one that cannot be served.
            if len(planned) == 1:
                self._fail(planned[0][0], error)
                planned = []
            else:
                logger.warning("A step failed and is taken again: %s", error)
                self.metrics.retries += 1
                if isinstance(error, torch.OutOfMemoryError):
                    torch.cuda.empty_cache()
            for item in planned:
                try:
                    self._forward([item])
                except Exception as own:
                    self._fail(item[0], own)
        self.metrics.steps += 1
        self.metrics.step_seconds += time.monotonic() - began
        self.metrics.step_sequences += len(planned)
        self._step_began = 0.0

    def _forward(self, planned: list[tuple[Sequence, int]]) -> None:
        """Run the model over all planned tokens and hand out what it says."""
        spans: list[Span] = []
        ids: list[int] = []
        wanted: list[int] = []  # rows whose logits are needed
        ready: list[tuple[Sequence, int]] = []
        common = self._common_prefix([s for s, _ in planned if s.missing == 1])
        for sequence, count in planned:
            at = sequence.computed
            drafts = sequence.drafted if count == sequence.missing == 1 else []
            own = sequence.tokens[at : at + count] + drafts
            shared = common if sequence.missing == 1 else 0
            spans.append(Span(sequence.slot, at, len(own), shared))
            ids += own
            if count == sequence.missing:
                ready.append((sequence, len(drafts)))
                wanted += range(len(ids) - 1 - len(drafts), len(ids))
        logits = self._decoder(ids, Step(spans, self._cache.kv), wanted)
        likeliest = logits.argmax(-1).tolist()
        for sequence, count in planned:
            sequence.computed += count
            self._cache.note(sequence.slot, sequence.tokens[: sequence.computed])
        first = 0
        for sequence, drafted in ready:
            last = first + drafted + 1
            try:
                self._accept(sequence, logits[first:last], likeliest[first:last])
            except Exception as error:  # one request's settings, not the others'
                self._fail(sequence, error)
            first = last

    def _common_prefix(self, writing: list[Sequence]) -> int:
        """How many first tokens all of them share; computed when they change."""
        if writing != self._compared:
            self._compared, self._common = writing, 0
            if len(writing) > 1:
                first = writing[0].request.prompt_ids
                self._common = min(
                    slots.common_prefix(first, other.request.prompt_ids)
                    for other in writing[1:]
                )
        return self._common

    def _accept(
        self, sequence: Sequence, logits: torch.Tensor, likeliest: list[int]
    ) -> None:
        is_first = not sequence.first_token_at
        taken = sequence.accept(logits, likeliest)
        self.metrics.completion_tokens += taken
        self.metrics.drafted += len(likeliest) - 1
        self.metrics.accepted += taken - 1
        if is_first:
            waited = sequence.first_token_at - sequence.arrived
            self.metrics.note_first_token(waited)
        if sequence.reason is not None:
            self._finish(sequence)

    def _finish(self, sequence: Sequence) -> None:
        self._active.remove(sequence)
        if sequence.started:
            self._cache.note(sequence.slot, sequence.tokens[: sequence.computed])
        self._cache.release(sequence.slot)
        self.metrics.running = len(self._active)
        self.metrics.note_finish(str(sequence.reason))
        sequence.send_last()

    def _fail(self, sequence: Sequence, error: Exception) -> None:
        logger.error("A request failed in the engine.", exc_info=error)
        known = isinstance(error, GenerationError)
        why = str(error) if known else f"The engine failed: {error}"
        sequence.reason, sequence.error = "error", why[:300]
        self._cache.note(sequence.slot, ())
        sequence.started = False
        self._finish(sequence)

    def _fail_all(self, why: str) -> None:
        with self._wake:
            left = [*self._active, *self._waiting]
            self._active, self._waiting = [], deque()
        for sequence in left:
            self.metrics.note_finish("error")
            sequence.request.listener(Piece("", "error", 0, why))
