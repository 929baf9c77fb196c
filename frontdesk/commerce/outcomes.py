"""What became of a write, as it is told to the customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from frontdesk.commerce.views import done_text
from frontdesk.commerce.writes import Done, Operation, Write, operation_of

OutcomeState = Literal[
    "done",  # the back end says so
    "in_progress",  # accepted; the back end or another confirmation still works on it
    "uncertain",  # no answer; it may have happened, and is looked up before any retry
    "refused",  # the back end or a rule will not have it; nothing changed
    "failed",  # the back end cannot be reached; nothing changed; may be confirmed again
    "expired",  # confirmed too late, or the order has changed: propose again
    "unknown",  # nothing of this visitor waits for this key
]

_REFUSALS = {
    "already_shipped": "It has been packed or sent in the meantime.",
    "already_cancelled": "The order has been cancelled already.",
    "already_returned": "These pieces are on their way back already.",
    "out_of_stock": "Something of it is sold out.",
    "in_stock": "It can be bought now.",
    "not_delivered": "It has not been delivered yet.",
}
_SAYS = {
    "in_progress": "It is being worked on, and the result is not there yet. Ask me "
    "again in a moment.",
    "uncertain": "I cannot say for certain whether that went through: the shop's "
    "system did not answer. I do not try again before I have looked it up; confirm "
    "once more in a minute or two, and I check first.",
    "failed": "The shop's system cannot be reached at the moment. Nothing has been "
    "changed. You can confirm it again in a moment.",
    "expired": "Too much time has passed, or something has changed since I showed you "
    "this. I have not done it; tell me once more what you want.",
    "unknown": "There is nothing that waits for your confirmation.",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a confirmed write.

    Attributes:
        text: The result in plain words for the customer.
        repeated: True when this had been confirmed before.
    """

    state: OutcomeState
    text: str
    operation: Operation | None = None
    done: Done | None = None
    repeated: bool = False


def finished(write: Write, done: Done, repeated: bool = False) -> Outcome:
    """The back end's own success."""
    text = done_text(write, done)
    state: OutcomeState = done.state
    if state == "in_progress":
        text = "The shop has accepted it and is working on it. You hear by email."
    if repeated:
        text = f"That has been done already, once. {text}"
    return Outcome(state, text, operation_of(write), done, repeated)


def not_done(write: Write, state: OutcomeState) -> Outcome:
    """Nothing, or nothing certain."""
    return Outcome(state, _SAYS[state], operation_of(write))


def not_wanted(write: Write, reason: str, repeated: bool = False) -> Outcome:
    """A refusal; `reason` is a back end's word or a rule's own sentence."""
    why = _REFUSALS.get(reason, reason if " " in reason else "The shop refused it.")
    text = f"{why} Nothing has been changed."
    return Outcome("refused", text, operation_of(write), None, repeated)


NOTHING_WAITS = Outcome("unknown", _SAYS["unknown"])
# Our own records do not answer, so nothing could be started.
UNREADABLE = Outcome("failed", _SAYS["failed"])
SHOW_AGAIN = Outcome(
    "unknown",
    "That was passed on to the shop. I can tell you what became of it once you have "
    "shown again who you are.",
)
