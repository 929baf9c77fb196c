"""Misspelt words of a question, put right by the words of the knowledge base.

Only a word that neither the passages nor the encoder know is changed, and only to a
word of the passages one slip away: two letters swapped, one left out, one too many,
or, in longer words, one wrong. The first letter is taken as right.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable

MIN_LETTERS = 5
MIN_LETTERS_WRONG = 8  # of a word with a wrong letter: `trucker` is no `tracker`
MIN_COUNT = 2  # times the passages hold the right word

_WORD = re.compile(r"[^\W\d_]+")


class Spelling:
    """Corrects texts by the vocabulary of one index version."""

    def __init__(
        self, texts: Iterable[str], count_tokens: Callable[[str], int]
    ) -> None:
        self._counts: Counter[str] = Counter()
        for text in texts:
            self._counts.update(_WORD.findall(text.lower()))
        self._letters = "".join(sorted(set("".join(self._counts))))
        self._count_tokens = count_tokens
        self._corrected = functools.lru_cache(maxsize=4096)(self._correct_word)

    def correct(self, text: str) -> str:
        """The text with its misspelt words put right; all else stays."""
        return _WORD.sub(lambda match: self._corrected(match.group()), text)

    def _correct_word(self, word: str) -> str:
        lower = word.lower()
        if len(lower) < MIN_LETTERS or lower in self._counts:
            return word
        # One piece for the encoder is a word of the language, not a misspelt one.
        if self._count_tokens(lower) == 1:
            return word
        near = [
            other for other in self._slips(lower) if self._counts[other] >= MIN_COUNT
        ]
        return max(near, key=lambda other: (self._counts[other], other), default=word)

    def _slips(self, word: str) -> set[str]:
        """Words one slip away that begin with the same letter."""
        splits = [(word[:cut], word[cut:]) for cut in range(1, len(word) + 1)]
        found = {left + right[1:] for left, right in splits if right}
        found |= {
            left + right[1] + right[0] + right[2:]
            for left, right in splits
            if len(right) > 1
        }
        found |= {
            left + letter + right for left, right in splits for letter in self._letters
        }
        if len(word) >= MIN_LETTERS_WRONG:
            found |= {
                left + letter + right[1:]
                for left, right in splits
                if right
                for letter in self._letters
            }
        return found
