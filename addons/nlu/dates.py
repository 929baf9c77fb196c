"""Dates in a customer's message, resolved against a given day.

Day comes before month, as in the United Kingdom. A date without a year is the one
nearest to today. A bare weekday lies in the past when the sentence does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from addons.nlu.patterns import Found

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan", "february feb", "march mar", "april apr", "may", "june jun",
            "july jul", "august aug", "september sept sep", "october oct",
            "november nov", "december dec",
        ],
        1,
    )
    for name in names.split()
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday mon", "tuesday tues tue", "wednesday weds wed",
            "thursday thurs thur thu", "friday fri", "saturday sat", "sunday sun",
        ]
    )
    for name in names.split()
}  # fmt: skip
_NEAR = {
    "today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1, "tomorow": 1, "yesterday": -1,
    "day before yesterday": -2, "day after tomorrow": 2,
}  # fmt: skip
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "couple of": 2, "a couple of": 2,
}  # fmt: skip
_UNITS = {"day": 1, "week": 7, "fortnight": 14}
_PAST = re.compile(
    r"\b(?:ordered|bought|placed|paid|arrived|came|received|got|delivered|was|were|"
    r"sent|returned|since|did|had|went)\b",
    re.IGNORECASE,
)


def _one_of(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_MONTH = _one_of(_MONTHS)
_COUNT = rf"\d{{1,3}}|{_one_of(_COUNTS)}"
_UNIT = rf"(?:{_one_of(_UNITS)})s?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"

_Resolve = Callable[[re.Match[str], date], "date | None"]


def find_dates(text: str, today: date) -> list[Found]:
    """Values are ISO dates, e.g. `2026-05-03`; impossible dates are left out."""
    found: list[Found] = []
    for pattern, resolve in _RULES:
        for match in pattern.finditer(text):
            start, end = match.span("date")
            if any(start < other.end and other.start < end for other in found):
                continue
            day = resolve(match, today)
            if day is not None:
                found.append(Found("date", day.isoformat(), start, end))
    return sorted(found, key=lambda each: each.start)


def _iso(match: re.Match[str], today: date) -> date | None:
    return _day(int(match["y"]), int(match["m"]), int(match["d"]))


def _numeric(match: re.Match[str], today: date) -> date | None:
    first, second = int(match["d"]), int(match["m"])
    # 05/23/2026 can only have been written month first.
    day, month = (second, first) if second > 12 >= first else (first, second)
    return _with_year(match["y"], month, day, today)


def _named(match: re.Match[str], today: date) -> date | None:
    month = _MONTHS[match["m"].lower()]
    return _with_year(match["y"], month, int(re.sub(r"\D", "", match["d"])), today)


def _near(match: re.Match[str], today: date) -> date | None:
    return today + timedelta(days=_NEAR[re.sub(r"\s+", " ", match["date"].lower())])


def _ago(match: re.Match[str], today: date) -> date | None:
    return today - _span(match)


def _ahead(match: re.Match[str], today: date) -> date | None:
    return today + _span(match)


def _weekday(match: re.Match[str], today: date) -> date | None:
    word = (match["which"] or "").lower()
    wanted = _WEEKDAYS[match["day"].lower()]
    monday = today - timedelta(days=today.weekday())
    if word == "next":  # the one of next week
        return monday + timedelta(days=7 + wanted)
    ahead = (wanted - today.weekday()) % 7
    if word == "last" or (not word and _PAST.search(match.string)):
        return today - timedelta(days=7 - ahead)
    return today + timedelta(days=ahead)


def _span(match: re.Match[str]) -> timedelta:
    count = re.sub(r"\s+", " ", match["count"].lower())
    unit = match["unit"].lower().rstrip("s")
    number = int(count) if count.isdigit() else _COUNTS[count]
    return timedelta(days=number * _UNITS[unit])


def _with_year(year: str | None, month: int, day: int, today: date) -> date | None:
    if year:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day)
    days = (_day(today.year + shift, month, day) for shift in (-1, 0, 1))
    return min(
        (each for each in days if each is not None),
        key=lambda each: abs(each - today),
        default=None,
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _rule(pattern: str, resolve: _Resolve) -> tuple[re.Pattern[str], _Resolve]:
    return re.compile(pattern, re.IGNORECASE), resolve


# In this order: a longer form must claim its characters before a shorter one.
_RULES = (
    _rule(r"(?P<date>(?<!\d)(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?!\d))", _iso),
    _rule(
        r"(?P<date>(?<![\d/.-])(?P<d>\d{1,2})(?P<s>[/.-])(?P<m>\d{1,2})(?P=s)"
        r"(?P<y>20\d\d|\d\d)(?![\d/-]))",
        _numeric,
    ),
    # Without a year only after a word that asks for a date: 24/7 and 4/5 are none.
    _rule(
        r"\b(?:on|by|since|from|until|till|before|after)\s+(?:the\s+)?"
        r"(?P<date>(?P<d>\d{1,2})/(?P<m>\d{1,2})(?P<y>)(?![\d/]))",
        _numeric,
    ),
    _rule(
        rf"\b(?P<date>(?P<d>{_DAY})\s*(?:of\s+)?(?P<m>{_MONTH})\b\.?"
        r"(?:,?\s+(?P<y>20\d\d)\b)?)",
        _named,
    ),
    _rule(
        rf"\b(?P<date>(?P<m>{_MONTH})\.?\s+(?:the\s+)?(?P<d>{_DAY})\b(?![.:]\d)"
        r"(?:,?\s+(?P<y>20\d\d)\b)?)",
        _named,
    ),
    _rule(
        r"\b(?P<date>day\s+(?:before\s+yesterday|after\s+tomorrow)|today|tonight|"
        r"tomorr?ow|tmrw|yesterday)\b",
        _near,
    ),
    _rule(rf"\b(?P<date>(?P<count>{_COUNT})\s+(?P<unit>{_UNIT})\s+ago)\b", _ago),
    _rule(rf"\b(?P<date>in\s+(?P<count>{_COUNT})\s+(?P<unit>{_UNIT}))\b", _ahead),
    _rule(
        rf"\b(?P<date>(?P<which>next|last|this)\s+(?P<day>{_one_of(_WEEKDAYS)}))\b",
        _weekday,
    ),
    # Bare short forms would catch "sat" and "sun"; plurals are habits, not dates.
    _rule(
        r"\b(?P<which>)(?P<date>(?P<day>(?:mon|tues|wednes|thurs|fri|satur|sun)day))\b",
        _weekday,
    ),
)
