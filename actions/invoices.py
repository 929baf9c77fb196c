"""A copy of an invoice."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.cards import day
from actions.confirmations import FinishTask
from actions.forms import SkillForm
from actions.tasks import Task
from actions.turns import visitor_of
from actions.verification import own_order, read_identity
from frontdesk.commerce.service import Desk


class ValidateInvoiceForm(SkillForm):
    """Needs an own order."""

    form = "invoice_form"
    intent = "get_invoice"

    async def read(self, task: Task) -> dict[str, Any]:
        return read_identity(task)

    async def advance(self, task: Task) -> None:
        if await own_order(task) is not None:
            task.end()


class ActionGetInvoice(FinishTask):
    """Gives the link to the invoice, or says that it has not been written yet."""

    form = "invoice_form"

    def name(self) -> str:
        return "action_get_invoice"

    async def finish(
        self, desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        number = str(tracker.get_slot("order_number"))
        invoice = await desk.invoice(visitor_of(tracker), number)
        if invoice is None:
            text = (
                f"There is no invoice for order {number} yet; it comes with dispatch."
            )
        else:
            text = (
                f"Invoice {invoice.number} of {day(invoice.issued_at)} for order "
                f"{number}, {invoice.total}: {invoice.url}"
            )
        dispatcher.utter_message(text=text)
        return []
