"""What is asked about a return: which items, why, for what, and how it travels."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.exchanges import variants_in_stock
from actions.turns import visitor_of
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Item, Order

REASONS = {
    "changed_mind": "I changed my mind",
    "wrong_size": "It doesn't fit",
    "faulty": "It is faulty",
    "damaged": "It arrived damaged",
    "wrong_item": "It is the wrong item",
    "arrived_late": "It came too late",
    "ordered_by_mistake": "I ordered it by mistake",
    "other": "Another reason",
}


class AskReturnItems(AskSlot):
    """Asks which items go back, or how many of one."""

    slot = "return_items"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        order = await _shown(tracker, desk)
        items = order.items if order else ()
        wanted = tracker.get_slot("return_items") or {}
        for item in items:
            if item.id in wanted and wanted[item.id] is None:
                return _how_many(item)
        listed = ", ".join(f"{i.quantity} x {i.title}" for i in items)
        return Question(
            (
                f"Which items would you like to send back? The order has {listed}.",
                f"Which of these goes back: {listed}?",
                f"Please name the items to send back, or say all of it: {listed}.",
            ),
            (*((i.title, i.title) for i in items[:4]), ("All of it", "all of it")),
        )


class AskReturnReason(AskSlot):
    """Asks why, since the shop's rules and the postage depend on it."""

    slot = "return_reason"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "What is the reason?",
                "Why does it go back?",
                "Please choose the reason that fits best.",
            ),
            tuple((title, title) for title in REASONS.values()),
        )


class AskReturnOutcome(AskSlot):
    """Asks for money or another one."""

    slot = "return_outcome"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "Would you like a refund or an exchange?",
                "Shall we pay the money back, or send another one instead?",
                "Refund or exchange: which do you prefer?",
            ),
            (("Refund", "a refund"), ("Exchange", "an exchange")),
        )


class AskReturnVariant(AskSlot):
    """Asks what comes instead; only what can be had is offered."""

    slot = "return_variant"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        item = await _without_variant(tracker, desk)
        variants = await variants_in_stock(item, desk) if item else ()
        title = item.title if item else "item"
        return Question(
            (
                f"Which {title} would you like instead?",
                f"What shall we send instead of your {title}?",
                f"Please choose the {title} that you would like to have.",
            ),
            tuple((v.title, v.title) for v in variants),
        )


class AskReturnMethod(AskSlot):
    """Asks how it travels."""

    slot = "return_method"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "Would you like a label to post it, or will you bring it to a shop?",
                "Shall I make you a label, or do you come to one of our shops?",
                "By post with a label, or in a shop?",
            ),
            (("Label", "a label"), ("Shop", "in a shop")),
        )


def _how_many(item: Item) -> Question:
    return Question(
        (
            f"How many of the {item.quantity} x {item.title} go back?",
            f"Please give me a number from 1 to {item.quantity} for {item.title}.",
            f"How many {item.title} shall I put down?",
        ),
        (("Only one", "only one"), (f"All {item.quantity}", f"{item.quantity}")),
    )


async def _shown(tracker: Tracker, desk: Desk) -> Order | None:
    order = await desk.order(visitor_of(tracker), tracker.get_slot("order_number"))
    return order if isinstance(order, Order) else None


async def _without_variant(tracker: Tracker, desk: Desk) -> Item | None:
    order = await _shown(tracker, desk)
    chosen = tracker.get_slot("return_variant") or {}
    wanted = tracker.get_slot("return_items") or {}
    items = order.items if order else ()
    return next((i for i in items if i.id in wanted and i.id not in chosen), None)
