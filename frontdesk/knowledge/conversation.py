"""What a conversation asks for: texts to encode, weighted words, mentioned names.

No rewriting model is called. The last message is looked at alone and, newest first,
together with the two messages before it: the encoder weighs the start of a text most.
Words and names of older messages count less with every message since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from frontdesk.knowledge import lexical
from frontdesk.knowledge.documents import clean_text

CONTEXT_TURNS = 3
CONTEXT_CHARACTERS = 240  # of an older message: what it is about stands first
WORD_TURNS = 6
WORD_DECAY = 0.5  # per message; 0.7 was worse on follow-ups, 0 lost the topic
NAME_TURNS = 8
NAME_DECAY = 0.85  # per message; 0.7 to 1 differ by less than .01 in MRR
MAX_CHARACTERS = 2000  # of one message; the encoder reads about 1000


@dataclass(frozen=True)
class Conversation:
    """Cleaned messages, oldest first; `last` is never empty."""

    messages: tuple[str, ...]

    @classmethod
    def from_turns(cls, turns: Sequence[Mapping[str, str]]) -> Conversation | None:
        """The conversation, or None when its last message says nothing."""
        texts = [clean_text(turn["text"][:MAX_CHARACTERS]).strip() for turn in turns]
        if not texts or not texts[-1]:
            return None
        return cls(tuple(text for text in texts[-NAME_TURNS:] if text))

    @property
    def last(self) -> str:
        return self.messages[-1]

    @property
    def context(self) -> str:
        """The last messages, newest first, a line each; older ones are cut."""
        older = self.messages[-CONTEXT_TURNS:-1]
        cut = [message[:CONTEXT_CHARACTERS] for message in reversed(older)]
        return "\n".join([self.last, *cut])

    def corrected(self, correct: Callable[[str], str]) -> Conversation:
        """The conversation with each message put right."""
        return Conversation(tuple(correct(message) for message in self.messages))

    def words(self) -> dict[str, float]:
        """Weight of each word in (0, 1], by the newest message that holds it."""
        weights: dict[str, float] = {}
        for age, text in enumerate(reversed(self.messages[-WORD_TURNS:])):
            for word in lexical.tokens(text):
                weights.setdefault(word, WORD_DECAY**age)
        return weights
