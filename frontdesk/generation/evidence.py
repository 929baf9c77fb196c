"""Evidence-locked decoding: figures and names only as they stand in the evidence.

While an answer grows, every token that would begin or continue a number or a name that
the evidence does not hold is refused, and the next likely token is taken instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# A number with its inner points, commas and colons: 12, 29.99, 1,200, 8:30.
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?:^|[.!?:;\n\u2022*\"\u201c(-])\s*$")
_FREE_WORDS = {"I", "I'm", "I'd", "I'll", "I've"}
_JOINTS = ".,:"


class EvidenceLock:
    """Says whether a text may go on with a piece, given what the evidence holds."""

    def __init__(self, evidence: Iterable[str]) -> None:
        """A lock over the numbers and words of all `evidence` texts together."""
        texts = list(evidence)
        self._numbers = {n for text in texts for n in _NUMBER.findall(text)}
        self._words = {w.casefold() for text in texts for w in _WORD.findall(text)}

    def allows(self, text: str, piece: str) -> bool:
        """True if `text + piece` can still become an answer that holds the rule.

        Only what `piece` changes is looked at: all before it was allowed.
        """
        whole = text + piece
        changed = len(text)
        for match in _NUMBER.finditer(whole, _token_start(text)):
            if match.end() >= changed and not self._number(
                match[0], match.end(), whole
            ):
                return False
        for match in _WORD.finditer(whole, _token_start(text)):
            if match.end() >= changed and not self._word(match, whole):
                return False
        return True

    def _number(self, number: str, end: int, whole: str) -> bool:
        if number in self._numbers:
            return True
        # Unfinished: more digits, or a joint and digits, may still come.
        tail = whole[end:]
        open_ended = not tail or (len(tail) == 1 and tail in _JOINTS)
        return open_ended and any(
            known.startswith(number + tail) for known in self._numbers
        )

    def _word(self, match: re.Match[str], whole: str) -> bool:
        word = match[0]
        if not word[0].isupper() or word in _FREE_WORDS:
            return True
        if _SENTENCE_END.search(whole, 0, match.start()):
            return True  # any word may begin a sentence
        folded = word.casefold()
        if match.end() < len(whole):
            return folded in self._words
        return any(known.startswith(folded) for known in self._words)


def _token_start(text: str) -> int:
    """Where the number or word at the end of `text` begins."""
    start = len(text)
    while start and not text[start - 1].isspace():
        start -= 1
    return start
