"""A postal address in a customer's words, or a correction of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_POSTCODE = re.compile(
    r"\b(?P<out>[A-Z]{1,2}\d[A-Z\d]?)\s*(?P<in>\d[A-Z]{2})\b", re.IGNORECASE
)
_STREETS = (
    "street|st|road|rd|lane|ln|avenue|ave|drive|close|crescent|court|place|square|"
    "terrace|gardens|grove|way|walk|hill|row|mews|view|park|parade|rise|green|quay"
)
_START = re.compile(
    r"(?<![\w#-])(?:(?:flat|unit|apartment|apt|suite|room)\s*\w+|\d+[a-z]?)\b[,\s]",
    re.IGNORECASE,
)
_STREET_END = re.compile(rf"\b(?:{_STREETS})\b\.?", re.IGNORECASE)
_HOUSE = re.compile(r"\b(?:house\s+)?number\s+(?:is\s+|to\s+)?(?P<new>\d+[a-z]?)", re.I)
_CITY = re.compile(r"\b(?:city|town)\s+(?:is|should be)\s+(?P<new>[A-Za-z' -]+)", re.I)


@dataclass(frozen=True)
class PostalAddress:
    """What is known of an address; empty parts are still missing."""

    line1: str = ""
    city: str = ""
    postcode: str = ""

    @property
    def missing(self) -> str:
        """The first part that is missing, in words; empty if none is."""
        if not self.line1:
            return "street and house number"
        if not self.city:
            return "town"
        return "" if self.postcode else "postcode"


def read_address(text: str, known: PostalAddress, asked: bool) -> PostalAddress | None:
    """The address with what the text adds or corrects; None if it says nothing of one.

    Args:
        text: What the customer wrote.
        known: What was known before.
        asked: Whether an address was asked for just now, so that a line without a
            postcode counts too.
    """
    house = _HOUSE.search(text)
    if house and known.line1:
        line1 = _renumbered(known.line1, house["new"])
        return PostalAddress(line1, known.city, _postcode(text) or known.postcode)
    if city := _CITY.search(text):
        return PostalAddress(known.line1, city["new"].strip(), known.postcode)
    postcode = _postcode(text)
    street, town = _lines(text)
    if not postcode and not (asked and (street or known.line1)):
        return None
    if not street:
        return _completed(text, known, postcode)
    return PostalAddress(street, town or known.city, postcode or known.postcode)


def _renumbered(line1: str, number: str) -> str:
    """The street with another house number; the flat keeps its own."""
    *flat, street = line1.rsplit(", ", 1)
    return ", ".join([*flat, re.sub(r"\d+[a-z]?\b", number, street, count=1)])


def _completed(text: str, known: PostalAddress, postcode: str) -> PostalAddress | None:
    """The known address with a town or postcode given alone."""
    rest = _POSTCODE.sub("", text).strip(" ,.")
    short = 0 < len(rest) <= 30 and re.fullmatch(r"[A-Za-z' -]+", rest) is not None
    town = rest if short and known.missing == "town" else known.city
    if not postcode and town == known.city:
        return None
    return PostalAddress(known.line1, town, postcode or known.postcode)


def _postcode(text: str) -> str:
    match = _POSTCODE.search(text)
    return f"{match['out']} {match['in']}".upper() if match else ""


def _lines(text: str) -> tuple[str, str]:
    """Street with house number, and town; each may be empty."""
    match = _POSTCODE.search(text)
    body = text[: match.start()] if match else text
    start = _START.search(body)
    if start is None:
        return "", ""
    parts = [part.strip(" .") for part in re.split(r"[,\n]", body[start.start() :])]
    parts = [part for part in parts if part]
    if len(parts) > 1:
        last = parts[-1]
        if not _STREET_END.search(last) and not any(map(str.isdigit, last)):
            return ", ".join(parts[:-1]), last
    last = parts[-1]
    ends = list(_STREET_END.finditer(last))
    if ends and ends[-1].end() < len(last):  # "14 Mill Lane Leeds"
        cut = ends[-1].end()
        parts[-1] = last[:cut].strip()
        return ", ".join(parts), last[cut:].strip(" ,")
    return (", ".join(parts), "") if ends or match else ("", "")
