"""What a customer's words mean as an answer: pure functions of the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_YES = re.compile(
    r"\W*(?:yes|yep|yeah|yup|ya|sure|ok|okay|correct|confirm|go ahead|please do|"
    r"do it)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\W*(?:no|nope|nah|not|don'?t|do not|never)\b",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(?:but|except|instead|actually|wait|only)\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"\W*(?:and |but |so |sorry,? )?(?:how|what|what's|when|where|why|who|which|can|"
    r"could|do|does|did|is|are|am|will|would|should|may|has|have)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:the |my )?(?:other|second|previous|older)\s+(?:order|one|purchase)\b"
    r"|\bnot (?:that|this) (?:order|one)\b|\bwrong order\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:again|resend|re-send|another|new code|no code|didn'?t (?:get|come|arrive)|"
    r"not (?:got|arrived|received)|haven'?t (?:got|received))\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w-])\+?\d[\d\s().-]{7,16}\d(?!\w)")
_CODE = re.compile(r"(?<![\w-])\d{3}[\s-]?\d{3}(?!\w)")
_NUMBER = re.compile(r"(?<!\w)#?(?:[A-Za-z]{1,4}-?)?\d{4,12}(?!\w)")
_COUNTS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "couple": 2,
}  # fmt: skip
# "one" counts only where it cannot mean "the black one".
_QUANTITY = re.compile(
    r"(?<![\w.-])(?P<digits>\d{1,2})(?![\w.-]|\s*(?:cm|mm|kg|l|w|%))"
    rf"|\b(?P<word>{'|'.join(_COUNTS)})\b"
    r"|(?P<one>\A\W*one\W*\Z|\b(?:only|just) one\b|\bone of\b)",
    re.IGNORECASE,
)
_ALL = re.compile(r"\b(?:all|everything|both|the whole order|complete)\b", re.I)


def is_yes(text: str, intent: str) -> bool:
    """A plain yes; "yes, but ..." is none, since something is to change."""
    if _BUT.search(text) or is_no(text, intent) or text.rstrip().endswith("?"):
        return False
    return intent == "affirm" or _YES.match(text) is not None


def is_no(text: str, intent: str) -> bool:
    """A no, with or without what is wanted instead."""
    return intent == "deny" or _NO.match(text) is not None


def is_question(text: str) -> bool:
    """Whether somebody wants to know something, by the form of the sentence."""
    return text.rstrip().endswith("?") or _QUESTION.match(text) is not None


def wants_other_order(text: str) -> bool:
    """Whether another order than the one under discussion is meant."""
    return _OTHER.search(text) is not None


def wants_code_again(text: str) -> bool:
    """Whether the one-time code should be sent once more."""
    return _AGAIN.search(text) is not None


def find_phone(text: str) -> str | None:
    """A telephone number as it was typed; nine digits at least."""
    match = _PHONE.search(text)
    if match is None or sum(map(str.isdigit, match[0])) < 9:
        return None
    return match[0].strip()


def find_code(text: str) -> str | None:
    """A one-time code: six digits in a row, or three and three."""
    match = _CODE.search(text)
    return re.sub(r"\D", "", match[0]) if match else None


def find_number(text: str) -> str | None:
    """Something that can be an order number in any shop, upper case."""
    match = _NUMBER.search(text)
    return match[0].upper() if match else None


def find_quantity(text: str) -> int | None:
    """How many are meant; None when no number is named."""
    match = _QUANTITY.search(text)
    if match is None:
        return None
    if match["one"]:
        return 1
    return int(match["digits"] or _COUNTS[match["word"].lower()])


def means_all(text: str) -> bool:
    """Whether everything is meant."""
    return _ALL.search(text) is not None


def find_choice(text: str, choices: Mapping[str, Sequence[str]]) -> str | None:
    """The choice one of whose phrases stands in the text; the longest phrase wins.

    Args:
        text: What the customer wrote.
        choices: Per choice the phrases that mean it, as regular expressions.
    """
    best: tuple[int, str] | None = None
    for choice, phrases in choices.items():
        for phrase in phrases:
            match = re.search(rf"\b(?:{phrase})\b", text, re.IGNORECASE)
            if match and (best is None or len(match[0]) > best[0]):
                best = len(match[0]), choice
    return best[1] if best else None


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, plurals cut to the singular."""
    return [
        _singular(word) for word in re.findall(r"[a-z]+|\d+(?:\.\d+)?", text.lower())
    ]


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
