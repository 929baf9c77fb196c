"""The sub-dialogue that every task on an order shares: which order, and whose.

Nothing here decides who may see what: the `Desk` does, each time anew. These steps
only ask for what it says is missing.
"""

from __future__ import annotations

from typing import Any, Literal

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.reading import (
    find_code,
    find_number,
    find_phone,
    wants_code_again,
    wants_other_order,
)
from actions.tasks import Task
from actions.turns import Turn, visitor_of
from frontdesk.commerce.errors import CommerceError
from frontdesk.commerce.service import Desk, OrderStatusView
from frontdesk.commerce.trust import NeedsLevelError
from frontdesk.commerce.values import Order

MOST_OFFERED = 5


def read_identity(task: Task) -> dict[str, Any]:
    """Order number, contact and code as the message gives or corrects them."""
    turn, found = task.turn, dict[str, Any]()
    if turn.requested == "code":
        if code := _code(turn):
            return {"code": code}
        if wants_code_again(turn.text):
            return {"code": "again"}
    number = _number(task)
    if number is not None:
        found["order_number"] = number or None
        if number != task["order_number"]:
            # Another order may belong to the same contact: it is tried once more.
            found["contact"] = _plain(task["contact"])
    contact = _contact(turn)
    if contact:
        found["contact"] = contact
    return found


def _code(turn: Turn) -> str | None:
    if "lo-" in turn.text.lower():
        return None
    return find_code(turn.text)


def _number(task: Task) -> str | None:
    """The order meant; empty if another one is meant but not which."""
    turn, known = task.turn, task["order_number"]
    numbers = [n for n in turn.values("order_number") if n != known]
    if numbers:
        return numbers[-1]
    if turn.requested == "order_number":
        if turn.values("order_number"):
            return str(known)
        phone = find_phone(turn.text)
        number = find_number(turn.text.replace(phone, "") if phone else turn.text)
        if number:
            return number
    if wants_other_order(turn.text) and (known or turn.requested):
        return next((n for n in task.earlier if n != known), "")
    return None


def _contact(turn: Turn) -> str | None:
    emails = turn.values("email")
    if emails:
        return emails[-1]
    if turn.requested == "contact" or turn.opens:
        return find_phone(turn.text)
    return None


def _plain(contact: Any) -> str | None:
    """The contact as the customer gave it, whether it was tried already or not."""
    given = contact["given"] if isinstance(contact, dict) else contact
    return given if given is None else str(given)


async def order_of(
    task: Task, needs: Literal["identified", "verified"]
) -> Order | OrderStatusView | None:
    """The order, seen at the level the task needs; None while something is asked."""
    number = task["order_number"]
    if not number:
        task.ask("order_number")
        return None
    try:
        order = await task.desk.order(task.visitor, number)
    except NeedsLevelError:
        if not await _identified(task, number):
            return None
        order = await task.desk.order(task.visitor, number)
    if needs == "verified" and isinstance(order, OrderStatusView):
        if not await _verified(task, number):
            return None
        order = await task.desk.order(task.visitor, number)
    return order


async def own_order(task: Task) -> Order | None:
    """The order of a customer who has shown that it is theirs; None while asking."""
    order = await order_of(task, "verified")
    return order if isinstance(order, Order) else None


async def own_email(task: Task) -> str | None:
    """An email address that the customer reads; None while something is asked."""
    trust = await task.desk.trust(task.visitor)
    contact = _plain(task["contact"]) or trust.account_email
    contact = contact or min(trust.emails, default="")
    if trust.reads_mail_of(contact):
        return contact.casefold()
    if "@" not in contact:
        task.set(contact=None)
        task.ask("contact")
        return None
    if task["code"] in (None, "again"):
        await task.desk.send_code(task.visitor, contact)
        task.set(contact={"given": contact, "sent_to": contact}, code=None)
        task.ask("code")
        return None
    return contact.casefold() if await _checked(task) else None


async def _identified(task: Task, number: str) -> bool:
    contact = task["contact"]
    if contact is None or isinstance(contact, dict):
        task.ask("contact")
        return False
    if await task.desk.identify(task.visitor, number, contact):
        return True
    task.dispatcher.utter_message(response="utter_not_found_together")
    task.set(contact={"given": contact})
    task.ask("contact")
    return False


async def _verified(task: Task, number: str) -> bool:
    if task["code"] in (None, "again"):
        masked = await task.desk.send_code_for_order(task.visitor, number)
        given = _plain(task["contact"])
        task.set(contact={"given": given, "sent_to": masked}, code=None)
        task.ask("code")
        return False
    return await _checked(task)


async def _checked(task: Task) -> bool:
    if await task.desk.check_code(task.visitor, str(task["code"])):
        task.set(code=None)
        return True
    task.dispatcher.utter_message(response="utter_wrong_code")
    task.set(code=None)
    task.ask("code")
    return False


class AskOrderNumber(AskSlot):
    """Asks which order, with the customer's own as buttons once they are known."""

    slot = "order_number"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        buttons = await own_orders(tracker, desk)
        if buttons:
            return Question(
                (
                    "Which order is it?",
                    "Please choose the order, or type its number.",
                    "Is it one of these, or another number?",
                ),
                buttons,
            )
        return Question(
            (
                "Which order is it? Its number looks like LO-104233 and stands in the "
                "confirmation email. If you like, send the email address or phone "
                "number of the order along with it.",
                "What is the order number? You find it in the confirmation email, "
                "for instance LO-104233.",
                "I still need the order number, such as LO-104233.",
            )
        )


class AskContact(AskSlot):
    """Asks for what shows whose order it is, or for an email address."""

    slot = "contact"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        form = (tracker.active_loop or {}).get("name")
        if form in ("newsletter_form", "privacy_form", "stock_form"):
            return Question(
                (
                    "Which email address is it about?",
                    "What is the email address?",
                    "I still need an email address, such as kim@post.example.",
                )
            )
        number = tracker.get_slot("order_number")
        return Question(
            (
                f"Which email address or phone number was {number} ordered with?",
                f"Please send me the email address or phone number of {number}, or "
                "another order number.",
                f"To look into {number} I need the email address or phone number given "
                "with the order.",
            )
        )


class AskCode(AskSlot):
    """Asks for the one-time code that was sent."""

    slot = "code"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        contact = tracker.get_slot("contact")
        sent_to = contact.get("sent_to") if isinstance(contact, dict) else None
        address = sent_to or "the email address of the order"
        return Question(
            (
                f"For your safety I have sent a six-digit code to {address}. What is "
                "it?",
                f"What is the code that went to {address}? I can also send it again.",
                "Please type the six digits of the code, or ask me to send it again.",
            ),
            (("Send it again", "Please send the code again"),),
        )


async def own_orders(tracker: Tracker, desk: Desk) -> tuple[tuple[str, str], ...]:
    """Buttons for the customer's latest orders; none while we do not know them."""
    visitor = visitor_of(tracker)
    try:
        if not (await desk.trust(visitor)).strong:
            return ()
        orders = await desk.orders(visitor)
    except CommerceError:
        return ()
    return tuple(
        (f"{o.number} ({o.items[0].title}, {o.placed_at:%-d %B})", o.number)
        for o in orders[:MOST_OFFERED]
        if o.items
    )
