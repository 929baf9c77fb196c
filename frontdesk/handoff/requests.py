"""Requests for a person, kept as JSON lines in one file.

A request is one line; an email address that comes later is a second line with the
same reference, so nothing is ever rewritten. One writer at a time holds a lock on the
file, a line is on the disk before its reference is told to anyone, and a line cut
short by a crash costs only itself.

Errors:
    HandoffError
        HandoffWriteError: the file cannot be written
        InvalidEmailError: this is no email address
        UnknownReferenceError: no request has this reference
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

# No 0 and O, 1, I and L: a reference is read out on the telephone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_REFERENCE = re.compile(rb'"reference": "(H-[0-9A-Z]{4})"')
_MAX_EMAIL = 254


class HandoffError(Exception):
    """A request for a person could not be kept."""


class HandoffWriteError(HandoffError):
    """The file of requests cannot be written."""


class InvalidEmailError(HandoffError):
    """What was given as an email address is none."""


class UnknownReferenceError(HandoffError):
    """No request has the reference given."""


@dataclass(frozen=True)
class Said:
    """One message of the conversation, by the customer or by the assistant."""

    role: Literal["user", "bot"]
    text: str


@dataclass(frozen=True)
class HandoffRequest:
    """A customer who wants a person; `time` is UTC in ISO 8601, `email` or empty."""

    reference: str
    time: str
    sender_id: str
    channel: str
    reason: str
    email: str
    messages: tuple[Said, ...]


def record_request(
    path: Path,
    *,
    sender_id: str,
    channel: str,
    reason: str,
    email: str = "",
    messages: Sequence[Said] = (),
) -> HandoffRequest:
    """The request as kept, on the disk, with a reference like `H-7K3Q` of its own.

    Raises:
        InvalidEmailError: `email` is given and is no email address.
        HandoffWriteError: The file cannot be written.
    """
    with _locked(path) as file:
        request = HandoffRequest(
            reference=_new_reference(file),
            time=_now(),
            sender_id=sender_id,
            channel=channel,
            reason=reason,
            email=_checked(email) if email else "",
            messages=tuple(messages),
        )
        _append(file, asdict(request))
    return request


def record_email(path: Path, reference: str, email: str) -> None:
    """Keep the address to which the answer to a request should go.

    Raises:
        UnknownReferenceError: No request has this reference.
        InvalidEmailError: This is no email address.
        HandoffWriteError: The file cannot be written.
    """
    with _locked(path) as file:
        if reference not in _references(file):
            raise UnknownReferenceError(
                f"No request in {str(path)!r} has the reference {reference!r}. "
                "Record the request first."
            )
        _append(
            file, {"reference": reference, "time": _now(), "email": _checked(email)}
        )


def read_requests(path: Path) -> list[HandoffRequest]:
    """All requests, oldest first, each with the last email address given for it.

    Lines that cannot be read, such as one cut short by a crash, are left out.
    """
    if not path.is_file():
        return []
    found: dict[str, HandoffRequest] = {}
    for line in path.read_bytes().splitlines():
        try:
            fields = json.loads(line)
            reference = fields["reference"]
            if "sender_id" not in fields:
                found[reference] = replace(found[reference], email=fields["email"])
                continue
            messages = tuple(Said(**said) for said in fields.pop("messages"))
            found[reference] = HandoffRequest(**fields, messages=messages)
        except (ValueError, TypeError, KeyError):
            continue
    return list(found.values())


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, open to read and append, with no other writer; only we may read it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise HandoffWriteError(
            f"Requests for a person cannot be written to {str(path)!r} ({error}). "
            "Make the file writable or set FRONTDESK_VAR to another folder."
        ) from error


def _append(file: BinaryIO, fields: dict[str, object]) -> None:
    line = json.dumps(fields).encode() + b"\n"
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":  # the last writer died in the middle of its line
            line = b"\n" + line
    file.write(line)
    file.flush()
    os.fsync(file.fileno())


def _new_reference(file: BinaryIO) -> str:
    taken = _references(file)
    while True:
        reference = "H-" + "".join(secrets.choice(_ALPHABET) for _ in range(4))
        if reference not in taken:
            return reference


def _references(file: BinaryIO) -> set[str]:
    file.seek(0)
    return {found.decode() for found in _REFERENCE.findall(file.read())}


def _checked(email: str) -> str:
    name, separator, host = email.strip().rpartition("@")
    if not (name and separator and "." in host) or len(email) > _MAX_EMAIL:
        raise InvalidEmailError(
            f"{email[:_MAX_EMAIL]!r} is no email address. Ask for one like "
            "name@example.com."
        )
    return email.strip()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
