"""Order numbers, e-mail addresses and amounts of money in a customer's message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_ORDER = re.compile(
    r"(?<![A-Za-z0-9])LO[\s_-]{0,2}(?P<a>\d{6})(?!\d)"
    r"|\#\s?(?P<b>\d{6})(?!\d)"
    r"|\border\s*(?:number|num|no\.?|nr\.?|id|ref(?:erence)?)?\s*(?:is|was|:|=)?\s*#?"
    r"(?P<c>\d{6})(?!\d)"
    r"|\A\W*(?P<d>\d{6})\W*\Z",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Z0-9][A-Z0-9._%+-]*@(?:[A-Z0-9](?:[A-Z0-9-]*[A-Z0-9])?\.)+[A-Z]{2,}",
    re.IGNORECASE,
)
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?"
_WORDS = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7},
    **{"eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15},
    **{"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60},
    **{"seventy": 70, "eighty": 80, "ninety": 90, "a hundred": 100},
}
_NOTES = {"fiver": 5, "tenner": 10}
_AMOUNT = re.compile(
    rf"(?:£|\bGBP)\s?(?P<a>{_NUMBER})(?![\d.,]*\d)"
    rf"|(?<![\d.,])(?P<b>{_NUMBER})(?:£|\s?(?:GBP|pounds?|quid)\b)"
    rf"|\b(?P<w>{'|'.join(_WORDS)})\s+(?:pounds?|quid)\b"
    rf"|\ba\s+(?P<n>{'|'.join(_NOTES)})\b"
    r"|(?<![\d.,])(?P<p>\d{1,2})\s?(?:p|pence)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """One entity: where it stands in the text and what it means.

    `start` and `end` are character offsets; `key` identifies a product (its id in the
    catalogue) and is empty for everything else.
    """

    entity: str
    value: str
    start: int
    end: int
    confidence: float = 1.0
    key: str = ""


def find_order_numbers(text: str) -> list[Found]:
    """Values have the form `LO-104233`, however they were typed."""
    found = []
    for match in _ORDER.finditer(text):
        group = match.lastgroup or ""
        # "order 104233" marks the digits only; "LO 104233" the whole number.
        start = match.start() if group in "ab" else match.start(group)
        value = f"LO-{match[group]}"
        found.append(Found("order_number", value, start, match.end(group)))
    return found


def find_emails(text: str) -> list[Found]:
    """Values are in lower case."""
    return [
        Found("email", match[0].lower(), match.start(), match.end())
        for match in _EMAIL.finditer(text)
    ]


def find_amounts(text: str) -> list[Found]:
    """Values are pounds with two decimals, e.g. `1299.00`."""
    found = []
    for match in _AMOUNT.finditer(text):
        value = f"{_pounds(match):.2f}"
        found.append(Found("amount", value, match.start(), match.end()))
    return found


def _pounds(match: re.Match[str]) -> Decimal:
    group = match.lastgroup or ""
    raw = match[group].lower()
    if group == "w":
        return Decimal(_WORDS[raw])
    if group == "n":
        return Decimal(_NOTES[raw])
    number = Decimal(raw.replace(",", ""))
    return number / 100 if group == "p" else number
