"""Guessing the next tokens by looking them up: grounded answers copy their evidence.

The last few tokens are searched for earlier in prompt and answer; what followed there
is guessed to follow here. The model checks all guesses in one step, so a wrong guess
costs little and never changes the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_MATCH = 4
SHORTEST_MATCH = 2
MAX_DRAFT = 8


class PromptLookup:
    """Guesses for one sequence; grows with it."""

    def __init__(self, tokens: Sequence[int]) -> None:
        """Looks things up in `tokens`, which its owner extends."""
        self._tokens = tokens
        self._seen = 0
        self._after: list[dict[tuple[int, ...], int]] = [
            {} for _ in range(LONGEST_MATCH + 1)
        ]
        self._length = 4  # of the next draft: grows and shrinks with success

    def draft(self, limit: int) -> list[int]:
        """At most `limit` tokens that may come next; often none."""
        limit = min(limit, self._length)
        if limit < 1:
            return []
        self._index()
        tokens = self._tokens
        for n in range(LONGEST_MATCH, SHORTEST_MATCH - 1, -1):
            start = self._after[n].get(tuple(tokens[-n:]))
            if start is not None:
                return list(tokens[start : start + limit])
        return []

    def learn(self, drafted: int, accepted: int) -> None:
        """Note how a draft went."""
        if accepted == drafted:
            self._length = min(MAX_DRAFT, self._length * 2)
        elif accepted * 2 < drafted:
            self._length = max(1, self._length // 2)

    def _index(self) -> None:
        # The end itself is left out: it would only ever find itself.
        tokens = self._tokens
        for end in range(max(1, self._seen), len(tokens)):
            for n in range(SHORTEST_MATCH, LONGEST_MATCH + 1):
                if end >= n:
                    self._after[n][tuple(tokens[end - n : end])] = end
        self._seen = len(tokens)
