"""Sending an order to another address before it ships."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.postal import PostalAddress, read_address
from actions.tasks import Task
from actions.verification import own_order, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Address
from frontdesk.commerce.writes import ChangeAddress


class ValidateAddressForm(SkillForm):
    """Needs an own order, a complete address and a yes."""

    form = "address_form"
    intent = "change_address"

    async def read(self, task: Task) -> dict[str, Any]:
        found = read_identity(task)
        known = _known(task["new_address"])
        asked = task.turn.requested == "new_address"
        address = read_address(task.turn.text, known, asked)
        if address is not None and address != known:
            found["new_address"] = asdict(address)
        return found

    async def advance(self, task: Task) -> None:
        order = await own_order(task)
        if order is None:
            return
        known = _known(task["new_address"])
        if known.missing:
            task.ask("new_address")
            return
        await confirm(
            task, ChangeAddress(order.number, new_address(order.address, known))
        )


class ActionChangeAddress(FinishWrite):
    """Changes the address to the one that was shown and confirmed."""

    form = "address_form"

    def name(self) -> str:
        return "action_change_address"


class AskNewAddress(AskSlot):
    """Asks for the address, or for the part of it that is missing."""

    slot = "new_address"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        known = _known(tracker.get_slot("new_address"))
        number = tracker.get_slot("order_number")
        if known == PostalAddress():
            return Question(
                (
                    f"What is the new address for {number}? Please send street and "
                    "house number, town and postcode.",
                    "Where should it go? I need street and house number, town and "
                    "postcode.",
                    "Please type the whole address, for instance 14 Mill Lane, Leeds "
                    "LS1 4AB.",
                )
            )
        return Question(
            (
                f"And what is the {known.missing}?",
                f"I still need the {known.missing} of the new address.",
                f"Which {known.missing} belongs to {known.line1 or known.postcode}?",
            )
        )


def new_address(old: Address, given: PostalAddress) -> Address:
    """The address on file with another street, town and postcode; same person."""
    return replace(
        old,
        line1=given.line1,
        line2="",
        city=given.city,
        postcode=given.postcode,
        region="",
    )


def _known(slot: dict[str, str] | None) -> PostalAddress:
    return PostalAddress(**slot) if slot else PostalAddress()
