"""Whether a write is well formed, before any rule looks at it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from frontdesk.commerce.errors import RefusedError
from frontdesk.commerce.values import Address, ReturnLine
from frontdesk.commerce.verification import normal_email
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    NotifyBackInStock,
    RequestData,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
)

METHODS = ("label", "shop", "collection")
_MAX_ADDRESS, _MAX_REASON, _MAX_PROBLEM, _MAX_LINES = 100, 200, 2000, 50
_ALLOWED_BREAKS = "\n\t"
_JOINER = "\u200d"  # holds an emoji together
_BRITISH = ("GB", "IM", "JE", "GG")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}")


def complaint(write: Write) -> str:
    """What is wrong with a write, in a sentence for the customer; empty if nothing."""
    return next(_complaints(write), "")


def _complaints(write: Write) -> Iterator[str]:
    match write:
        case CancelOrder(reason=reason):
            yield from _text("reason", reason, _MAX_REASON)
        case ChangeAddress(address=address):
            yield from _address(address)
        case RequestReturn(lines=lines) | RequestExchange(lines=lines):
            if write.method not in METHODS:
                yield "Please choose how you want to send it back."
            yield from _lines(lines, isinstance(write, RequestExchange))
        case ClaimWarranty(problem=problem):
            if not problem.strip():
                yield "Please describe what is wrong."
            yield from _text("description", problem, _MAX_PROBLEM)
        case NotifyBackInStock(email=email) | SetNewsletter(email=email):
            try:
                normal_email(email)
            except RefusedError:
                yield "This is no email address."
        case RequestData(kind=kind) if kind not in ("export", "deletion"):
            yield "Please say whether you want a copy or a deletion."


def _lines(lines: tuple[ReturnLine, ...], exchange: bool) -> Iterator[str]:
    if not lines or len(lines) > _MAX_LINES:
        yield "Please choose what you want to send back."
    if len({line.item_id for line in lines}) < len(lines):
        yield "Please name each item once."
    for line in lines:
        if line.quantity < 1:
            yield "Please say how many pieces you want to send back."
        if exchange != bool(line.variant_id):
            yield "Please choose what you want instead."
        yield from _text("reason", line.reason, _MAX_REASON)


def _address(address: Address) -> Iterator[str]:
    parts = vars(address)
    for name in ("name", "line1", "city", "postcode", "country"):
        if not parts[name].strip():
            yield f"The address has no {name.replace('line1', 'street')}."
    for value in parts.values():
        yield from _text("address", value, _MAX_ADDRESS)
        if any(mark in value for mark in _ALLOWED_BREAKS):
            yield "Please write each part of the address in one line."
    if not re.fullmatch("[A-Z]{2}", address.country):
        yield "I do not know that country."
    if address.country in _BRITISH and not _POSTCODE.fullmatch(address.postcode):
        yield f"{address.postcode} is no British postcode."


def _text(name: str, value: str, longest: int) -> Iterator[str]:
    if len(value) > longest:
        yield f"The {name} is longer than {longest} characters."
    for character in value:
        control = unicodedata.category(character) in ("Cc", "Cf", "Cs")
        if control and character not in _ALLOWED_BREAKS + _JOINER:
            yield f"The {name} holds a character that cannot be written."
