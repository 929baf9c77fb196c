"""Changing one fact of a sentence, to teach what a changed fact looks like.

A number, a name, a unit, a day or a word gives way to another one, as often as can be
to one that stands in the same passage, so that no word of the result is foreign to it;
a word that limits a statement to its opposite, or Yes to No. That made-up changes teach
a small model to find real ones follows FactCC (Kryscinski et al., 2020, "Evaluating the
Factual Consistency of Abstractive Text Summarization").
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FROM_PASSAGE = 0.6  # of the new numbers
MIN_LETTERS = 4  # of a word that may be changed

_NUMBER = re.compile(r"\d[\d.,:]*\d|\d")
_NAME = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)*\b")
_NAME_INSIDE = re.compile(r"(?<=[a-z,|*;:] )[A-Z][a-z]+(?: [A-Z][a-z]+)*\b")
_WORD = re.compile(rf"\b[a-z]{{{MIN_LETTERS},}}\b")
YES_OR_NO = re.compile(r"(?:Yes|No)(?=[,.;:!]| [–—-])")
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = (
    "January February March April May June July August September October November "
    "December"
).split()
_CALENDAR = re.compile(rf"\b(?:{'|'.join([*_DAYS, *_MONTHS])})\b")
_UNITS = (
    ("minutes", "hours", "days", "weeks", "months", "years", "working days", "nights"),
    ("minute", "hour", "day", "week", "month", "year", "working day", "night"),
    ("per day", "per week", "per month", "per year", "per person", "per night"),
    ("a day", "a week", "a month", "a year", "each time"),
    ("km", "metres", "cm", "miles", "kg", "litres", "grams"),
    ("euros", "pounds", "dollars", "per cent"),
)
_OPPOSITES = (
    ("before", "after"),
    ("at least", "at most"),
    ("up to", "at least"),
    ("more than", "less than"),
    ("with", "without"),
    ("if", "unless"),
    ("always", "never"),
    ("can", "cannot"),
    ("may", "may not"),
    ("must", "need not"),
    ("will", "will not"),
    ("is", "is not"),
    ("are", "are not"),
    ("do", "do not"),
    ("does", "does not"),
    ("have", "do not have"),
    ("included", "not included"),
    ("free", "charged"),
    ("all", "some"),
    ("every", "some"),
    ("first", "last"),
    ("within", "after"),
    ("until", "from"),
    ("earlier", "later"),
    ("higher", "lower"),
    ("minimum", "maximum"),
    ("except", "including"),
    ("and", "or"),
    ("no", "a"),
    ("only", "also"),
    ("online", "in person"),
    ("by phone", "by email"),
    ("working days", "days"),
)
_DROPPED = ("not ", "only ", "n't")


@dataclass(frozen=True)
class Altered:
    """A sentence with one fact changed; `span` is [begin, end) of what is new."""

    text: str
    span: tuple[int, int]


def alter(sentence: str, passage: str, chance: random.Random) -> Altered | None:
    """The sentence with one fact changed, None where nothing can be.

    Args:
        sentence: What the passage states.
        passage: Where other numbers, names and words are taken from.
        chance: Draws what is changed and to what.
    """
    ways: list[Callable[[str, str, random.Random], Altered | None]] = [
        *[_number, _name, _word, _opposite] * 2,
        _unit,
        _day,
    ]
    chance.shuffle(ways)
    if chance.random() < 0.5:
        ways.insert(0, _yes_or_no)
    found = (way(sentence, passage, chance) for way in ways)
    return next((altered for altered in found if altered), None)


def _number(sentence: str, passage: str, chance: random.Random) -> Altered | None:
    match = _draw(_NUMBER.finditer(sentence), chance)
    if match is None:
        return None
    others = [n for n in _NUMBER.findall(passage) if n != match.group()]
    if others and chance.random() < FROM_PASSAGE:
        return _put(sentence, match, chance.choice(others))
    digits = list(match.group())
    place = chance.choice([n for n, digit in enumerate(digits) if digit.isdigit()])
    digits[place] = chance.choice([d for d in "123456789" if d != digits[place]])
    return _put(sentence, match, "".join(digits))


def _name(sentence: str, passage: str, chance: random.Random) -> Altered | None:
    matches = (m for m in _NAME.finditer(sentence) if m.start() > 0)
    match = _draw(matches, chance)
    if match is None:
        return None
    old = match.group()
    found = _NAME_INSIDE.findall(passage)
    others = [name for name in found if name not in old and old not in name]
    return _put(sentence, match, chance.choice(others)) if others else None


def _word(sentence: str, passage: str, chance: random.Random) -> Altered | None:
    """A word gives way to one of the passage that ends alike: often the same form."""
    match = _draw(_WORD.finditer(sentence), chance)
    if match is None:
        return None
    old = match.group()
    others = [
        word
        for word in _WORD.findall(passage)
        if word[-1] == old[-1] and word[:MIN_LETTERS] != old[:MIN_LETTERS]
    ]
    return _put(sentence, match, chance.choice(others)) if others else None


def _opposite(sentence: str, _: str, chance: random.Random) -> Altered | None:
    found = []
    for one, other in _OPPOSITES:
        for old, new in ((one, other), (other, one)):
            found += [(match, new) for match in _whole(old, sentence)]
    for old in _DROPPED:
        found += [(match, "") for match in re.finditer(re.escape(old), sentence)]
    if not found:
        return None
    match, new = chance.choice(found)
    return _put(sentence, match, new)


def _unit(sentence: str, _: str, chance: random.Random) -> Altered | None:
    found = [
        (match, units, unit)
        for units in _UNITS
        for unit in units
        for match in _whole(unit, sentence)
    ]
    if not found:
        return None
    match, units, old = chance.choice(found)
    return _put(sentence, match, chance.choice([u for u in units if u not in old]))


def _day(sentence: str, _: str, chance: random.Random) -> Altered | None:
    match = _draw(_CALENDAR.finditer(sentence), chance)
    if match is None:
        return None
    kind = _DAYS if match.group() in _DAYS else _MONTHS
    new = chance.choice([day for day in kind if day != match.group()])
    return _put(sentence, match, new)


def _yes_or_no(sentence: str, _: str, __: random.Random) -> Altered | None:
    match = YES_OR_NO.match(sentence)
    if match is None:
        return None
    return _put(sentence, match, "No" if match.group() == "Yes" else "Yes")


def _whole(words: str, sentence: str) -> Iterator[re.Match[str]]:
    return re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", sentence)


def _draw(
    matches: Iterator[re.Match[str]], chance: random.Random
) -> re.Match[str] | None:
    found = list(matches)
    return chance.choice(found) if found else None


def _put(sentence: str, match: re.Match[str], new: str) -> Altered:
    """The sentence with `new` in place of the match.

    Where nothing is put, the span is what stands around the gap.
    """
    begin, end = match.start(), match.start() + len(new)
    text = sentence[:begin] + new + sentence[match.end() :]
    if not new:
        begin, end = max(0, begin - 1), min(len(text), begin + 6)
    return Altered(text, (begin, end))
