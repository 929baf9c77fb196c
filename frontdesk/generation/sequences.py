"""One request while the engine works on it."""

from __future__ import annotations

import time
from typing import Any

import torch

from frontdesk.generation.requests import FinishReason, Piece, Request, TokenLogprob
from frontdesk.generation.sampling import Chooser, TokenTexts
from frontdesk.generation.speculation import PromptLookup
from frontdesk.generation.text import TextAssembler


class Sequence:
    """Prompt and answer of a request, and how far the model has come.

    `tokens` is prompt plus answer; of the first `computed` the slot holds keys and
    values. One token missing: decoding. More: the prompt is still being read.
    """

    def __init__(
        self,
        request: Request,
        tokenizer: Any,
        texts: TokenTexts,
        end_ids: frozenset[int],
    ) -> None:
        self.request = request
        self.slot = -1
        self.tokens = list(request.prompt_ids)
        self.computed = 0
        self.started = False  # reading the prompt has begun
        self.arrived = time.monotonic()
        self.first_token_at = 0.0
        self.drafted: list[int] = []  # in the current step
        self.reason: FinishReason | None = None
        self.error = ""
        self._end_ids = end_ids
        self._chooser = Chooser(
            request.sampling, texts, end_ids, request.evidence, request.constraint
        )
        self._text = TextAssembler(tokenizer, request.sampling.stop)
        self._lookup = PromptLookup(self.tokens)
        self._logprobs: list[TokenLogprob] = []
        self._unsent = ""
        self._told = len(self.tokens)  # tokens that the listener knows

    @property
    def missing(self) -> int:
        """Known tokens that the model has not read."""
        return len(self.tokens) - self.computed

    @property
    def completion_tokens(self) -> int:
        return len(self.tokens) - len(self.request.prompt_ids)

    @property
    def is_plain(self) -> bool:
        return self._chooser.is_plain

    def draft(self, limit: int) -> None:
        """Guess up to `limit` tokens for the next step, never past the answer's end."""
        left = self.request.sampling.max_tokens - self.completion_tokens - 1
        self.drafted = self._lookup.draft(min(limit, left))

    def note_end(self) -> bool:
        """True if the request has been given up or has taken too long."""
        if self.request.is_cancelled:
            self.reason = "cancelled"
        elif time.monotonic() > self.request.deadline:
            self.reason = "timeout"
        return self.reason is not None

    def accept(self, logits: torch.Tensor, likeliest: list[int]) -> int:
        """Take the tokens that one step gives and send their text; how many.

        Args:
            logits: (1 + drafted, vocabulary), of the last known token and the drafts.
            likeliest: Their argmax, used when nothing else is asked for.
        """
        drafted, self.drafted = self.drafted, []
        texts: list[str] = []
        for index in range(len(drafted) + 1):
            if self.is_plain:
                token_id = likeliest[index]
            else:
                token_id = self._chooser.choose(logits[index], self.tokens)
                noted = self._chooser.logprobs(logits[index], token_id)
                self._logprobs += [noted] if noted else []
            self.tokens.append(token_id)
            texts.append(self._take(token_id))
            if self.reason is not None:
                break
            if index == len(drafted) or drafted[index] != token_id:
                break
            self.computed += 1  # the draft's keys and values are right
        if drafted:
            self._lookup.learn(len(drafted), len(texts) - 1)
        if not self.first_token_at:
            self.first_token_at = time.monotonic()
        text = "".join(texts)
        if text and self.reason is None:
            self._send(text)
        elif text:
            self._unsent = text  # goes out with the reason
        return len(texts)

    def send_last(self) -> None:
        """Tell the listener that and why the answer ends."""
        text = self._unsent + ("" if self.reason == "error" else self._text.finish())
        self._send(text)

    def _take(self, token_id: int) -> str:
        if token_id in self._end_ids:
            self.reason = "stop"
            return ""
        text = self._text.push(token_id)
        if self._text.stopped or self._chooser.is_complete:
            self.reason = "stop"
        elif self.completion_tokens >= self.request.sampling.max_tokens:
            self.reason = "length"
        return text

    def _send(self, text: str) -> None:
        noted, self._logprobs = tuple(self._logprobs), []
        new, self._told = tuple(self.tokens[self._told :]), len(self.tokens)
        self.request.listener(
            Piece(text, self.reason, self.completion_tokens, self.error, noted, new)
        )
