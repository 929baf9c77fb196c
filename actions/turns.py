"""What the tracker says about the turn that a form is in: pure reading, no decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker

from frontdesk.commerce.trust import Visitor

Event = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One message as a form sees it.

    Attributes:
        requested: The slot that was asked for; None when the form opens.
        opens: Whether this message opened the form.
        interrupted: The form that was open before this one opened.
        digressed: Whether another rule answered the message; there is nothing to read.
        entities: As Rasa gives them; `value` is what counts.
    """

    text: str
    intent: str
    entities: tuple[Event, ...]
    requested: str | None
    opens: bool
    interrupted: str | None
    digressed: bool

    def values(self, entity: str) -> tuple[str, ...]:
        """The values of an entity, in the order of the message."""
        return tuple(
            str(each["value"]) for each in self.entities if each["entity"] == entity
        )


def read_turn(tracker: Tracker, form: str) -> Turn:
    """The turn that the form is in."""
    message = tracker.latest_message
    session = _since(tracker.events, "session_started")
    current = _since(session, "user")
    loops = [each.get("name") for each in session if each["event"] == "active_loop"]
    opens = any(e["event"] == "active_loop" and e.get("name") == form for e in current)
    return Turn(
        text=str(message.get("text") or ""),
        intent=str((message.get("intent") or {}).get("name") or ""),
        entities=tuple(message.get("entities") or ()),
        requested=None if opens else tracker.get_slot("requested_slot"),
        opens=opens,
        interrupted=loops[-2] if opens and len(loops) > 1 else None,
        digressed=not opens and _rejected(current, form),
    )


def last_form(tracker: Tracker) -> str:
    """The form that is open, or was last in this session; empty if there was none."""
    for event in reversed(_since(tracker.events, "session_started")):
        if event["event"] == "active_loop" and event.get("name"):
            return str(event["name"])
    return ""


def visitor_of(tracker: Tracker) -> Visitor:
    """Who speaks: the conversation, and the token that came with this message."""
    metadata = tracker.latest_message.get("metadata") or {}
    token = metadata.get("identity_token")
    return Visitor(tracker.sender_id, token if isinstance(token, str) else "")


def page_product(tracker: Tracker) -> str:
    """The id of the product on whose page the customer is, if the channel says so."""
    product = (tracker.latest_message.get("metadata") or {}).get("product_id")
    return product if isinstance(product, str) else ""


def said_before(events: Sequence[Event], top_k: int = 8) -> list[str]:
    """The assistant's last texts, newest first."""
    texts = [str(e["text"]) for e in events if e["event"] == "bot" and e.get("text")]
    return texts[: -top_k - 1 : -1]


def numbers_before(events: Sequence[Event]) -> list[str]:
    """The order numbers that the customer named, newest first, each once."""
    numbers: dict[str, None] = {}
    for event in reversed(_since(events, "session_started")):
        if event["event"] == "user":
            for entity in (event.get("parse_data") or {}).get("entities") or ():
                if entity.get("entity") == "order_number":
                    numbers[str(entity["value"])] = None
    return list(numbers)


def in_digression(tracker: Tracker) -> bool:
    """Whether something else was answered since the customer spoke."""
    current = _since(tracker.events, "user")
    return any(each["event"] == "action_execution_rejected" for each in current)


def _since(events: Sequence[Event], kind: str) -> Sequence[Event]:
    for index in range(len(events) - 1, -1, -1):
        if events[index]["event"] == kind:
            return events[index:]
    return events


def _rejected(events: Sequence[Event], form: str) -> bool:
    return any(
        each["event"] == "action_execution_rejected" and each.get("name") == form
        for each in events
    )
