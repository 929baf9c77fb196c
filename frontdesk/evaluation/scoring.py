r"""The one scoring function of answers; every command judges with it.

A string of `facts` or `wrong` matches where it begins a word; the rest of the word
may follow, so `declin` matches `declined`. Behind a final digit no further digits
may follow except an amount's `.00`: `$25` matches `$25.00`, not `$250` or `$25.50`.
Both sides are compared in lower case with straight quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MAX_ANSWER_CHARACTERS = 700  # a customer reads it; pasting everything is no answer
MIN_CHOICES = 2

# Offers that name nothing: they are no real choice, even if a document says so.
EMPTY_CHOICES = frozenset(
    {"yes", "no", "other", "others", "none", "neither", "both", "either", "all"}
    | {"none of these", "none of them", "something else", "another one", "not sure"}
)

_STRAIGHT = str.maketrans(
    "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", "''''\"\"\"\""
)
_BEFORE = r"(?<!\w)(?<!\d[.,])"
_AFTER_DIGIT = r"(?!\d|,\d|\.(?!00(?!\d))\d)"


def plain(text: str) -> str:
    """The text in lower case with straight quotes, as it is compared."""
    return text.translate(_STRAIGHT).lower()


def matches(string: str, text: str) -> bool:
    """Whether the string occurs in the text, beginning a word."""
    wanted = plain(string)
    after = _AFTER_DIGIT if wanted[-1:].isdigit() else ""
    return re.search(_BEFORE + re.escape(wanted) + after, plain(text)) is not None


def mentions(facts: Sequence[Sequence[str]], text: str) -> bool:
    """Whether the text holds at least one string of every group."""
    return all(any(matches(string, text) for string in group) for group in facts)


def is_right(
    decision: str, text: str, facts: Sequence[Sequence[str]], wrong: Sequence[str]
) -> bool:
    """Whether the assistant answered, with every fact, no wrong one, and briefly."""
    return (
        decision == "answer"
        and len(text) <= MAX_ANSWER_CHARACTERS
        and mentions(facts, text)
        and not any(matches(string, text) for string in wrong)
    )


def is_good_question(
    decision: str,
    text: str,
    choices: Iterable[str],
    facts: Sequence[Sequence[str]],
    documents: Sequence[str],
) -> bool:
    """Whether the assistant asked back and offered two or more real choices.

    Args:
        decision: What the assistant decided.
        text: The question it asked; it must mention what `facts` names.
        choices: What it offered to choose from.
        facts: Groups of strings, one of each must be mentioned.
        documents: Title and text of the knowledge documents; a choice is real when
            it occurs in one of them.
    """
    if decision != "ask" or not mentions(facts, text):
        return False
    return len(real_choices(choices, documents)) >= MIN_CHOICES


def real_choices(choices: Iterable[str], documents: Sequence[str]) -> set[str]:
    """The distinct choices, in plain form, that a knowledge document names."""
    offered = {plain(choice).strip() for choice in choices} - EMPTY_CHOICES - {""}
    return {
        choice
        for choice in offered
        if any(matches(choice, document) for document in documents)
    }
