"""Transformers' continuous batching behind our engine's interface, to compare with.

Only what a benchmark asks for: greedy answers of a fixed length.
"""

from __future__ import annotations

import itertools
import threading

from transformers import ContinuousBatchingConfig, GenerationConfig

from frontdesk.generation.constraints import Constraint
from frontdesk.generation.errors import GenerationRejectedError
from frontdesk.generation.metrics import Metrics
from frontdesk.generation.requests import FinishReason, Form, Piece, Request
from frontdesk.generation.text import encode_chat
from frontdesk.generation.weights import LoadedModel

_CPU_BLOCKS = 64  # of 256 tokens, what our engine's 16 slots hold too


class ContinuousEngine:
    """Hands requests to transformers' manager and its results to listeners."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.name = f"{loaded.name} in transformers' continuous batching"
        self.max_context = int(loaded.model.config.max_position_embeddings)
        self.metrics = Metrics()
        self._tokenizer = loaded.tokenizer
        self._requests: dict[str, Request] = {}
        self._numbers = itertools.count()
        # -1: no end. Never fetch an attention kernel from a hub while measuring.
        self._manager = loaded.model.init_continuous_batching(
            generation_config=GenerationConfig(do_sample=False, eos_token_id=-1),
            continuous_batching_config=ContinuousBatchingConfig(
                auto_switch_to_flash=False,
                # Left alone it takes nine tenths of a machine's memory.
                num_blocks=_CPU_BLOCKS if loaded.device == "cpu" else None,
            ),
        )
        self._manager.start()
        self._thread = threading.Thread(target=self._hand_on, daemon=True)
        self._thread.start()

    def encode_chat(self, messages: list[dict[str, str]]) -> tuple[int, ...]:
        return encode_chat(self._tokenizer, messages)

    def encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text)["input_ids"])

    def constrain(self, form: Form) -> Constraint:
        raise GenerationRejectedError(f"{self.name} follows no forms.")

    def submit(self, request: Request) -> None:
        number = f"r{next(self._numbers)}"
        self._requests[number] = request
        self._manager.add_request(
            list(request.prompt_ids),
            request_id=number,
            max_new_tokens=request.sampling.max_tokens,
            streaming=True,
        )

    def is_healthy(self) -> bool:
        return bool(self._manager.is_running())

    def close(self) -> None:
        self._manager.stop(block=True)
        self._thread.join()

    def _hand_on(self) -> None:
        for output in self._manager:
            reason: FinishReason | None = None
            if output.error:
                reason = "error"
            elif output.is_finished():
                reason = "length"
            text = self._tokenizer.decode(output.generated_tokens[-1:])
            count = len(output.generated_tokens)
            self._requests[output.request_id].listener(
                Piece(text, reason, count, output.error or "")
            )
