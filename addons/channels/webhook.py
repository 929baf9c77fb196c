"""What a webhook call may be, and what lies in it."""

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from sanic.request import Request
from sanic.response import HTTPResponse

from addons.channels.messages import Inbound


class WebhookError(Exception):
    """A webhook call that is refused with an HTTP status and one sentence."""

    status = 400


class NotVerified(WebhookError):
    """Whoever sent this could not show that they are the vendor."""

    status = 403


class Malformed(WebhookError):
    """The vendor's own form is not kept."""


class TooLarge(WebhookError):
    """More bytes than the vendor ever sends."""

    status = 413


@dataclass(frozen=True)
class Receipt:
    """The vendor's report that a call (by its key) went through, or why it did not."""

    key: str
    vendor_id: str = ""
    error: str = ""


@dataclass(frozen=True)
class Received:
    """What a webhook call held, and what the vendor wants to be answered."""

    events: Sequence[Inbound] = ()
    receipts: Sequence[Receipt] = ()
    response: Optional[HTTPResponse] = None


async def read_body(request: Request, most: int) -> bytes:
    """The raw body.

    Raises:
        TooLarge: It has more than `most` bytes.
    """
    body = bytearray()
    while True:
        part = await request.stream.read()
        if part is None:
            return bytes(body)
        body += part
        if len(body) > most:
            raise TooLarge(f"The body has more than {most} bytes.")


def parse_object(body: bytes) -> Dict[str, Any]:
    """The JSON object of a body.

    Raises:
        Malformed: It is something else.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("The body is no JSON.") from None
    if not isinstance(value, dict):
        raise Malformed("The body is no JSON object.")
    return value


def at(value: Any, *path: Any) -> Any:
    """What lies at a path of keys and positions; None where the path ends early."""
    for step in path:
        if isinstance(step, int) and isinstance(value, list):
            value = value[step] if -len(value) <= step < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def text_at(value: Any, *path: Any) -> str:
    """The text at a path; numbers become text, anything else is empty."""
    found = at(value, *path)
    if isinstance(found, (str, int)) and not isinstance(found, bool):
        return str(found)
    return ""


def objects_at(value: Any, *path: Any) -> List[Dict[str, Any]]:
    """The objects of the list at a path; anything else is left out."""
    found = at(value, *path)
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, dict)]
