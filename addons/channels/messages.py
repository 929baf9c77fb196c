"""What travels between a messaging vendor and a conversation, and what can go wrong.

Inbound      one thing a customer did, as the connector read it from a webhook
Outgoing     one call to the vendor's API that is due
Option       a setting of a connector
SendError    the call did not go through
  Refused    the vendor will never take it: it becomes a dead letter
  Busy       the vendor asks to come back later
  Unreachable  nobody knows whether the vendor took it, or it was never reached
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional


@dataclass(frozen=True)
class Attachment:
    """A file the customer sent; `url` or the vendor's `id` says where it lies."""

    kind: str  # image, audio, video, file
    id: str = ""
    url: str = ""
    name: str = ""
    mime: str = ""


@dataclass(frozen=True)
class Inbound:
    """One thing a customer did.

    Args:
        event_id: The vendor's id of it; the same for every redelivery.
        sender: Who said it, in the vendor's words and without the channel's name; two
            senders never share a conversation.
        text: What was typed, or the caption of an attachment; empty for none.
        payload: What a pressed button carries. It is followed only if this
            conversation was offered it; otherwise `text`, the button's title, is said.
        attachments: Files that came with it.
        sent_at: The vendor's time in seconds since 1970; orders what waits.
        reply_to: What sending an answer needs to know (a chat, a thread, a number).
        metadata: Data for the action server; never trusted there.
    """

    event_id: str
    sender: str
    text: str = ""
    payload: str = ""
    attachments: List[Attachment] = field(default_factory=list)
    sent_at: float = 0.0
    reply_to: Dict[str, Any] = field(default_factory=dict)
    metadata: Dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Inbound":
        values = json.loads(text)
        values["attachments"] = [Attachment(**one) for one in values["attachments"]]
        return cls(**values)


@dataclass(frozen=True)
class Outgoing:
    """One API call that is due.

    Args:
        id: Its number in the outbox.
        key: The same for every try of the same call: the vendor's idempotency key,
            where it has one.
        conversation: Whom it goes to, with the channel's name
            ("whatsapp:447700900123").
        call: What the connector's `render` returned.
        reply_to: What the customer's last message said about where answers go.
        heard_at: When the customer was last heard, in seconds since 1970; 0 for never.
        uncertain: A try was begun and nobody knows how it ended.
        tries: How many tries there were before.
        begun_at: When the first of the tries of unknown outcome began.
    """

    id: int
    key: str
    conversation: str
    call: Dict[str, Any]
    reply_to: Dict[str, Any]
    heard_at: float
    uncertain: bool
    tries: int
    begun_at: float = 0.0

    @property
    def recipient(self) -> str:
        """The customer in the vendor's words."""
        return self.conversation.split(":", 1)[1]


@dataclass(frozen=True)
class Option:
    """A setting of a connector: FRONTDESK_<CHANNEL>_<NAME> in the environment."""

    name: str
    meaning: str
    default: Optional[str] = None  # None: the channel is off without it


class SendError(Exception):
    """A call that did not go through; the message is one sentence without secrets."""


class Refused(SendError):
    """The vendor will not take it, now or later."""


class Busy(SendError):
    """The vendor takes nothing for `retry_after_s` seconds; None where it said none."""

    def __init__(self, reason: str, retry_after_s: Optional[float] = None) -> None:
        """The reason, and how long the vendor asked to wait."""
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Unreachable(SendError):
    """No usable answer; with `uncertain` the vendor may have done it all the same."""

    def __init__(self, reason: str, uncertain: bool) -> None:
        """The reason, and whether the message may have been sent."""
        super().__init__(reason)
        self.uncertain = uncertain
