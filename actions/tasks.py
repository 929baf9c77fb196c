"""A task in one turn: what is known, what changes, and what is asked next.

A task is the business of one form: cancelling an order, finding a refund. It holds no
rule of the shop and nothing of who the customer is; both are asked of the `Desk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import Turn
from frontdesk.commerce.service import Desk
from frontdesk.commerce.trust import Visitor

# How a task ended: everything is known, the customer stopped it, or it was settled
# with a sentence that has been said already.
End = Literal["done", "stopped", "settled"]

# What each form is about, for "back to ...".
TITLES = {
    "tracking_form": "where your order is",
    "cancellation_form": "cancelling your order",
    "address_form": "the new delivery address",
    "return_form": "your return",
    "refund_form": "your refund",
    "invoice_form": "your invoice",
    "search_form": "finding you a product",
    "stock_form": "the stock notice",
    "reorder_form": "ordering again",
    "warranty_form": "your warranty claim",
    "newsletter_form": "the newsletter",
    "privacy_form": "your data request",
}
# The wishes that open a form.
SKILL_INTENTS = frozenset(
    "track_order cancel_order change_address start_return refund_status get_invoice "
    "search_products check_stock reorder claim_warranty newsletter data_request".split()
)


@dataclass
class Task:
    """What one turn of a form knows and decides.

    Attributes:
        slots: The task's slots as they were before this turn.
        earlier: Order numbers the customer named before, newest first.
        page: Id of the product whose page the customer is on, or empty.
        changes: What this turn sets.
        next_slot: What is asked next; None once the task has ended.
    """

    turn: Turn
    visitor: Visitor
    desk: Desk
    dispatcher: CollectingDispatcher
    slots: Mapping[str, Any]
    earlier: list[str] = field(default_factory=list)
    page: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    next_slot: str | None = None

    def __getitem__(self, slot: str) -> Any:
        """The slot's value, with what this turn changed."""
        return self.changes.get(slot, self.slots.get(slot))

    def set(self, **values: Any) -> None:
        """Set slots; None forgets one."""
        self.changes.update(values)

    def ask(self, slot: str) -> None:
        """Let this slot be asked for next."""
        self.next_slot = slot

    def end(self, how: End = "done") -> None:
        """Let the form close; its finishing action then does the rest."""
        self.next_slot = None
        self.set(task_end=how)

    def settle(
        self, response: str = "", *, person: bool = False, text: str = ""
    ) -> None:
        """Say why the task ends here, and end it; `person`: offer one."""
        if text:
            self.dispatcher.utter_message(text=text)
        else:
            self.dispatcher.utter_message(response=response)
        self.end("settled")
        if person:
            self.set(offer="person")

    def events(self) -> list[EventType]:
        """What the form gets: the changed slots, and the slot to ask for."""
        changed = [SlotSet(slot, value) for slot, value in self.changes.items()]
        return [*changed, SlotSet("requested_slot", self.next_slot)]


def says_wish(task: Task, slot: str) -> bool:
    """Whether a message may choose or change what is wanted (in or out, this or that).

    "Cancel" and "no" under a summary stop the task; they choose nothing.
    """
    turn = task.turn
    if turn.opens or turn.requested == slot:
        return True
    return turn.requested == "confirmed" and turn.intent not in (
        "stop",
        "affirm",
        "deny",
    )
