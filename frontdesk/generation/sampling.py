"""Choosing the next token for one request from the model's logits."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch

from frontdesk.generation.constraints import Constraint
from frontdesk.generation.errors import ConstraintError
from frontdesk.generation.evidence import EvidenceLock
from frontdesk.generation.requests import Sampling, TokenLogprob

_NOTHING_LEFT = "No token is left that the answer's form and evidence allow."


class TokenTexts:
    """The text of single tokens, decoded when first asked for."""

    def __init__(self, tokenizer: Any) -> None:
        self.get = functools.lru_cache(maxsize=100_000)(
            lambda token_id: str(tokenizer.decode([token_id]))
        )


class Chooser:
    """Picks tokens by the settings of one request; holds its random numbers."""

    def __init__(
        self,
        sampling: Sampling,
        texts: TokenTexts,
        end_ids: frozenset[int],
        evidence: Sequence[str] = (),
        constraint: Constraint | None = None,
    ) -> None:
        """A chooser.

        Args:
            sampling: The request's settings.
            texts: Text of each token.
            end_ids: Tokens that end the answer; evidence never refuses them.
            evidence: What figures and names must come from; empty: no lock.
            constraint: The form of the answer; None: free.
        """
        self._sampling = sampling
        self._texts = texts
        self._end_ids = end_ids
        self._lock = EvidenceLock(evidence) if evidence else None
        self._constraint = constraint
        self._text = ""  # of the answer so far, kept for the lock alone
        self._random = torch.Generator()
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed)

    @property
    def is_plain(self) -> bool:
        """True if the likeliest token is always the one: no row need be looked at."""
        wanted = self._sampling
        return (
            wanted.temperature == 0
            and wanted.repetition_penalty == 1
            and wanted.logprobs is None
            and self._lock is None
            and self._constraint is None
        )

    @property
    def is_complete(self) -> bool:
        """True once the form of the answer leaves nothing more to say."""
        return self._constraint is not None and self._constraint.is_complete

    def choose(self, logits: torch.Tensor, tokens: Sequence[int]) -> int:
        """The next token's id.

        Args:
            logits: (vocabulary,) of the model.
            tokens: Prompt and answer so far.

        Raises:
            ConstraintError: No token is left that form and evidence allow.
        """
        scores = self._penalise(logits.float().cpu(), tokens)
        if self._constraint is not None:
            mask = self._constraint.mask(len(scores))
            scores = scores.masked_fill(~mask, float("-inf"))
        if self._sampling.temperature == 0:
            chosen = self._likeliest(scores)
        else:
            chosen = self._draw(scores / self._sampling.temperature)
        if self._lock is not None:
            self._text += self._texts.get(chosen)
        if self._constraint is not None:
            self._constraint.take(chosen)
        return chosen

    def logprobs(self, logits: torch.Tensor, chosen: int) -> TokenLogprob | None:
        """Log probabilities under the model itself; None if not asked for."""
        if self._sampling.logprobs is None:
            return None
        scores = logits.float().log_softmax(-1)
        top = scores.topk(self._sampling.logprobs) if self._sampling.logprobs else None
        others = [] if top is None else zip(*(t.tolist() for t in top), strict=True)
        return TokenLogprob(
            self._texts.get(chosen),
            float(scores[chosen]),
            tuple((self._texts.get(token), score) for score, token in others),
        )

    def _penalise(self, scores: torch.Tensor, tokens: Sequence[int]) -> torch.Tensor:
        penalty = self._sampling.repetition_penalty
        if penalty == 1:
            return scores
        seen = torch.tensor(sorted(set(tokens)))
        own = scores[seen]
        scores[seen] = torch.where(own < 0, own * penalty, own / penalty)
        return scores

    def _likeliest(self, scores: torch.Tensor) -> int:
        best = int(scores.argmax())
        if self._allows(best):
            return best
        order = scores.argsort(descending=True)[: int(scores.isfinite().sum())]
        for token_id in order.tolist():
            if self._allows(token_id):
                return int(token_id)
        raise ConstraintError(_NOTHING_LEFT)

    def _draw(self, scores: torch.Tensor) -> int:
        while bool(scores.isfinite().any()):
            chosen = self._draw_once(scores)
            if self._allows(chosen):
                return chosen
            scores[chosen] = float("-inf")
        raise ConstraintError(_NOTHING_LEFT)

    def _draw_once(self, scores: torch.Tensor) -> int:
        wanted = self._sampling
        order: torch.Tensor | None = None
        if wanted.top_k or wanted.top_p < 1:
            limit = min(wanted.top_k or len(scores), len(scores))
            scores, order = scores.topk(limit)  # best first
        shares = scores.softmax(-1)
        if wanted.top_p < 1:
            before = shares.cumsum(-1) - shares
            shares = shares.masked_fill(before >= wanted.top_p, 0.0)  # keeps the best
        # One uniform number a token, whatever the limits: seeds stay comparable.
        point = torch.rand((), generator=self._random) * shares.sum()
        index = int(torch.searchsorted(shares.cumsum(-1), point, right=True))
        index = min(index, int(shares.nonzero()[-1]))
        return index if order is None else int(order[index])

    def _allows(self, token_id: int) -> bool:
        if self._lock is None:
            return True
        piece = "." if token_id in self._end_ids else self._texts.get(token_id)
        return self._lock.allows(self._text, piece)
