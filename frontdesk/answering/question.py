"""The question of a turn, standing alone: what is asked, about what, in context."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from frontdesk.answering import facts

MAX_CHARACTERS = 2000
SHORT = 3  # content words of a message that may say too little alone
# From so many content words on, "it" and "that" are mostly explained by the message
# itself: of follow-ups written for the corpus 2 % are as long, of first messages with
# such a word 13 %.
LONG = 8
_DEPENDENT = re.compile(
    r"^\s*(?:and|but|so|or|what about|how about|then|also|ok(?:ay)?)\b|"
    r"\b(?:it|its|that|this|they|them|those|these|one|ones|same|instead|either|"
    r"she|he|her|him|then|(?<!is )(?<!are )(?<!was )there(?! (?:is|are|was)\b))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok(?:ay)?|thanks|great|please|pls)\b\W*)*"
    r"(?:do|does|did|can|could|will|would|should|is|are|may|has|have|"
    r"what|how|when|where|which|who|why)\b",
    re.IGNORECASE,
)
_WANTS = (
    ("time", r"\bhow (?:long|soon|quick(?:ly)?|fast)\b|\bwhen\b|\bwhat time\b|\btil\b"),
    ("time", r"\b(?:deadline|notice|opening hours|wait(?:ing)?|delay)\b"),
    ("amount", r"\bhow (?:much|many|big|far|high|wide|loud|heavy|tall|deep|old)\b"),
    ("amount", r"\b(?:fee|price|cost|costs|rate|limit|maximum|max|minimum|minumum)\b"),
    ("amount", r"\b(?:percent|percentage|discount|number of|what size|cap|ceiling)\b"),
)
_POLAR = re.compile(
    r"^(?:\W*(?:so|and|but|hi|hello|hey|ok|um)\b)*\W*"
    r"(?:is|are|was|were|do|does|did|can|could|will|would|should|may|am|has|have)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        text: The customer's last message.
        standalone: It with what it depends on from earlier turns.
        turns: The conversation, oldest first, ending with the last message.
        wants: Kind of fact asked for: "time", "amount" or "".
        polar: Whether it can be answered by yes or no.
        dependent: Whether it leans on earlier turns.
        topic: Whether what was spoken of before belongs to it.
    """

    text: str
    standalone: str
    turns: tuple[Mapping[str, str], ...]
    wants: str
    polar: bool
    dependent: bool
    topic: bool = True


def read_question(
    turns: Sequence[Mapping[str, str]], names: Callable[[str], bool] | None = None
) -> Question:
    """The question that the last turn asks.

    A message that points back (a pronoun, "and ...", hardly a content word) is joined
    with the customer's message before it, also a short one when that names a thing;
    others stand alone. No model is called.

    Args:
        turns: `{"role": "user" or "bot", "text"}`, oldest first.
        names: Whether a text names a product, an account or the like.

    Raises:
        ValueError: There is no turn, or the last one is not the customer's.
    """
    if not turns or turns[-1].get("role") != "user":
        raise ValueError("The last turn of the conversation must be the customer's.")
    text = turns[-1]["text"][:MAX_CHARACTERS].strip()
    earlier = [turn["text"] for turn in turns[:-1] if turn.get("role") == "user"]
    words = facts.content_stems(text)
    spoken_of = names is not None and not names(text) and any(map(names, earlier))
    complete = len(words) > 1 and _ASKS.match(text) and not spoken_of
    short = len(words) <= SHORT and not complete
    leans = points_back(text) and (len(words) < LONG or _goes_on(text))
    dependent = bool(earlier) and (short or leans)
    standalone = f"{earlier[-1].strip()} {text}" if dependent else text
    if dependent and len(facts.content_stems(standalone)) < 4 and len(earlier) > 1:
        standalone = f"{earlier[-2].strip()} {standalone}"
    return Question(
        text=text,
        standalone=standalone[-MAX_CHARACTERS:],
        turns=tuple(turns),
        wants=_wanted(text) or _wanted(standalone),
        polar=bool(_POLAR.search(_last_sentence(text))),
        dependent=dependent,
        topic=dependent or spoken_of,
    )


def points_back(text: str) -> bool:
    """Whether a message leans on what was said or is seen: "and in blue?", "this"."""
    return _DEPENDENT.search(text) is not None


def _goes_on(text: str) -> bool:
    """Whether a message begins as one that continues the one before."""
    found = _DEPENDENT.search(text)
    return found is not None and not text[: found.start()].strip(" ,.!?")


def _wanted(text: str) -> str:
    for kind, pattern in _WANTS:
        if re.search(pattern, text, re.IGNORECASE):
            return kind
    return ""


def _last_sentence(text: str) -> str:
    parts = [part for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()]
    asked = [part for part in parts if part.rstrip().endswith("?")]
    return (asked or parts or [text])[-1]
