"""The objects that travel between a browser and the web channel, checked and shaped."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Union

from addons.channels.base import PASSED_ON
from addons.channels.guard import guard_text

MAX_TITLE = 80
MAX_COMMENT = 1000
PAGE = 50
MAX_PAGE = 100
REASONS = ("wrong", "incomplete", "unclear", "not_helpful", "other")

_MESSAGE_ID = re.compile(r"[\w-]{8,64}", re.ASCII)
_CONTEXT = {
    "product_id": re.compile(r"[\w.:-]{1,64}", re.ASCII),
    "locale": re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}"),
}
_INTERNAL = {"timings", "recipient_id"}
_RICH = ("custom", "image", "attachment", "elements")


class BadRequestError(ValueError):
    """An object of another form than documented; a sentence for the developer."""


@dataclass(frozen=True)
class Incoming:
    """What a customer sent.

    Attributes:
        id: The client's name for it.
        text: What Rasa is given: readable, or a payload that has to be accepted.
        title: The label of a pressed button; empty for typed text.
        context: `product_id` and `locale`, where given.
    """

    id: str
    text: str
    title: str
    context: Dict[str, str]


@dataclass(frozen=True)
class Feedback:
    """A verdict on one message (`seq`) or, with seq 0, on the whole conversation."""

    seq: int
    value: Union[str, int]
    reason: str
    comment: str


def as_object(data: object) -> Dict[str, Any]:
    """The object of an event.

    Raises:
        BadRequestError: It is something else.
    """
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadRequestError(f"The event carries {_short(data)}; send one object.")
    return data


def read_message(data: Dict[str, Any]) -> Incoming:
    """The message of a `user_uttered` event.

    Raises:
        BadRequestError: The id is missing or has another form.
        RefusedMessageError: There is no text that can be read.
    """
    name = data.get("message_id")
    if not isinstance(name, str) or not _MESSAGE_ID.fullmatch(name):
        raise BadRequestError(
            f"'message_id' is {_short(name)}; send 8 to 64 letters, digits, _ or -."
        )
    given = data.get("metadata")
    context = {
        key: given[key]
        for key, form in _CONTEXT.items()
        if isinstance(given, dict)
        and isinstance(given.get(key), str)
        and form.fullmatch(given[key])
    }
    text = guard_text(data.get("message"))
    return Incoming(name, text, _line(data.get("title"), MAX_TITLE), context)


def read_feedback(data: Dict[str, Any]) -> Feedback:
    """The content of a `feedback` event.

    Raises:
        BadRequestError: A field has another form.
    """
    value, reason = data.get("value"), data.get("reason")
    if value not in ("up", "down", "none"):
        raise BadRequestError(f"'value' is {_short(value)}; send up, down or none.")
    if reason is not None and reason not in REASONS:
        raise BadRequestError(
            f"'reason' is {_short(reason)}; send one of {', '.join(REASONS)}."
        )
    seq = read_number(data, "seq")
    if not seq:
        raise BadRequestError("'seq' is missing; name the message that is meant.")
    return Feedback(seq, value, reason or "", _line(data.get("comment"), MAX_COMMENT))


def read_rating(data: Dict[str, Any]) -> Feedback:
    """The content of a `rating` event.

    Raises:
        BadRequestError: The value is no whole number from 1 to 5.
    """
    value = data.get("value")
    if isinstance(value, bool) or value not in (1, 2, 3, 4, 5):
        raise BadRequestError(f"'value' is {_short(value)}; send 1, 2, 3, 4 or 5.")
    return Feedback(0, int(value), "", _line(data.get("comment"), MAX_COMMENT))


def read_number(data: Dict[str, Any], key: str) -> Optional[int]:
    """A whole number from 0, or None when it is not there.

    Raises:
        BadRequestError: It is something else.
    """
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise BadRequestError(f"{key!r} is {_short(value)}; send a whole number.")
    return value


def bot_message(reply: Dict[str, Any]) -> Dict[str, Any]:
    """What the browser gets of a message that Rasa sends; without its `seq`."""
    role = "agent" if reply.get("sender") == "agent" else "bot"
    message: Dict[str, Any] = {"role": role, "at": now()}
    message["text"] = (reply.get("text") or "").strip()
    buttons = reply.get("buttons") or reply.get("quick_replies") or []
    if buttons:
        message["buttons"] = [_button(button) for button in buttons]
    for key in (*_RICH, *PASSED_ON):
        if reply.get(key) and key not in _INTERNAL:
            message[key] = reply[key]
    if role == "agent" and reply.get("agent_name"):
        message["agent_name"] = str(reply["agent_name"])
    return message


def is_visible(message: Dict[str, Any]) -> bool:
    """Whether a customer sees anything of a message."""
    return any(message.get(key) for key in ("text", "buttons", *_RICH))


def user_message(incoming: Incoming) -> Dict[str, Any]:
    """What history shows of a customer's message; without its `seq`."""
    return {
        "role": "user",
        "at": now(),
        "text": incoming.title or incoming.text,
        "message_id": incoming.id,
    }


def transcript(messages: List[Dict[str, Any]], names: Dict[str, str]) -> str:
    """A conversation as plain text, a paragraph a message, with times and sources."""
    paragraphs = []
    for message in messages:
        moment = message["at"][:16].replace("T", " ")
        who = message.get("agent_name") or names[message["role"]]
        lines = [f"[{moment} UTC] {who}:", message["text"]]
        lines += [f"  ({button['title']})" for button in message.get("buttons", ())]
        for source in message.get("citations", ()):
            lines.append(f"  Source: {source['title']} {source['url']}".rstrip())
        paragraphs.append("\n".join(line for line in lines if line))
    return "\n\n".join(paragraphs) + "\n"


def now() -> str:
    """The time in UTC, to the millisecond, as in 2026-11-22T10:00:03.120+00:00."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def age_s(message: Dict[str, Any]) -> float:
    """Seconds since a message was stored."""
    stored = datetime.fromisoformat(message["at"])
    return (datetime.now(timezone.utc) - stored).total_seconds()


def _button(button: Dict[str, Any]) -> Dict[str, str]:
    title = str(button.get("title") or "")
    return {"title": title, "payload": str(button.get("payload") or title)}


def _line(value: object, limit: int) -> str:
    """Text as a person may have written it; empty for anything else."""
    if not isinstance(value, str):
        return ""
    readable = "".join(c if c.isprintable() else " " for c in value[: 4 * limit])
    return " ".join(readable.split())[:limit]


def _short(value: object) -> str:
    return ascii(value)[:60] if isinstance(value, (str, int, float)) else _kind(value)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
