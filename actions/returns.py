"""Returning or exchanging items: which, how many, why, for what and how."""

from __future__ import annotations

import re
from typing import Any

from actions.confirmations import FinishWrite, confirm
from actions.exchanges import fill_variants, read_variant
from actions.forms import SkillForm
from actions.items import Named, find_items, named_items, visible_order
from actions.reading import find_choice, find_quantity, is_question
from actions.tasks import Task
from actions.verification import own_order, read_identity
from frontdesk.commerce.values import Item, Order, ReturnLine
from frontdesk.commerce.writes import RequestExchange, RequestReturn

REASONS = {
    "changed_mind": (
        r"chang\w+ my mind", r"don'?t (?:like|want|need)", r"no longer (?:want|need)",
        "not needed", "too (?:dark|bright|loud)",
    ),
    "wrong_size": (
        "too (?:big|small|large|wide|tall|heavy|long|short)",
        r"(?:do(?:es)?|did)(?:n'?t| not) fit", "wrong size",
    ),
    "other": (
        r"not (?:what|as) (?:i )?\w+", "isn'?t (?:what|as)", "looks different",
        "(?:an)?other reason",
    ),
    "ordered_by_mistake": ("by mistake", "ordered twice", "by accident"),
    "faulty": (
        "faulty", "broken?", r"defect\w*", r"do(?:es)?(?:n'?t| not) work",
        "stopped working", "not working", "won'?t (?:turn|switch)",
    ),
    "damaged": (
        "damaged?", "smashed", "cracked", "dented", "scratched", "arrived broken",
    ),
    "wrong_item": (
        "wrong (?:item|one|product|article|colou?r)", "not what i ordered",
    ),
    "arrived_late": ("(?:too|arrived|came) late",),
}  # fmt: skip
OUTCOMES = {
    "refund": (r"refund\w*", "money(?: back)?"),
    "exchange": (
        r"exchang\w+", r"swap\w*", r"replace\w*", "new one",
        "(?:another|different) (?:one|colou?r|size)",
    ),
}  # fmt: skip
METHODS = {
    "label": (r"labels?", r"post(?:ed)?", "mail", "courier"),
    "shop": ("shop", "store", "in person"),
    "collection": (r"collect\w*", "pick(?:ed)? (?:it )?up", "fetch"),
}
_COLLECTED = frozenset({"large", "mattress"})


class ValidateReturnForm(SkillForm):
    """Needs an own order, items with quantities, a reason, an outcome and a way."""

    form = "return_form"
    intent = "start_return"

    async def read(self, task: Task) -> dict[str, Any]:
        found = _read_details(task)
        # Items of an order named just now are not those of the one spoken of before.
        numbers = task.turn.values("order_number")
        another = any(number != task["order_number"] for number in numbers)
        order = None if another else await visible_order(task)
        items = await named_items(order, task.desk) if order else ()
        if items:
            found.update(_read_items(task, items))
        if task.turn.requested == "return_variant":
            found.update(await read_variant(task, items))
        if "return_items" not in found:  # "the other one" may be an item
            found.update(read_identity(task))
        return _news(found, task)

    async def advance(self, task: Task) -> None:
        order = await own_order(task)
        if order is None:
            return
        if task["return_items"] is None:
            task.set(return_items=_only_item(order) or await _said(task, order))
        wanted: dict[str, int | None] = task["return_items"] or {}
        if not wanted or None in wanted.values():
            task.ask("return_items")
        elif task["return_reason"] is None:
            task.ask("return_reason")
        elif task["return_outcome"] is None:
            task.ask("return_outcome")
        elif task["return_outcome"] == "exchange":
            await _exchange(task, order)
        else:
            await _send(task, order)


class ActionStartReturn(FinishWrite):
    """Announces the return or exchange that was shown and confirmed."""

    form = "return_form"

    def name(self) -> str:
        return "action_start_return"


async def _exchange(task: Task, order: Order) -> None:
    sold_out = await fill_variants(task, order)
    if sold_out is not None:
        task.dispatcher.utter_message(
            text=f"{sold_out.title} is sold out, so I can't exchange it just now."
        )
        task.set(return_outcome=None, return_variant=None)
        task.ask("return_outcome")
    elif set(task["return_items"]) - set(task["return_variant"] or {}):
        task.ask("return_variant")
    else:
        await _send(task, order)


async def _send(task: Task, order: Order) -> None:
    if task["return_method"] is None and _too_large(task, order):
        task.set(return_method="collection")
    if task["return_method"] is None:
        task.ask("return_method")
        return
    await confirm(task, return_write(task, order))


def _too_large(task: Task, order: Order) -> bool:
    """Whether something of the return cannot be posted, so that we collect it."""
    going = (item for item in order.items if item.id in task["return_items"])
    return any(item.tags & _COLLECTED for item in going)


def return_write(task: Task, order: Order) -> RequestReturn | RequestExchange:
    """The return as it would be announced."""
    exchange = task["return_outcome"] == "exchange"
    instead: dict[str, str] = (task["return_variant"] or {}) if exchange else {}
    lines = tuple(
        ReturnLine(
            item.id,
            task["return_items"][item.id],
            task["return_reason"],
            instead.get(item.id, ""),
        )
        for item in order.items
        if item.id in task["return_items"]
    )
    kind = RequestExchange if exchange else RequestReturn
    return kind(order.number, lines, task["return_method"])


def _read_details(task: Task) -> dict[str, Any]:
    """Reason, outcome and way, wherever in the task they are said."""
    text, found = task.turn.text, dict[str, Any]()
    if reason := find_choice(text, REASONS) or _own_words(task):
        found["return_reason"] = reason
    # "I want to return it for a refund", but not "where is my refund".
    if outcome := find_choice(text, OUTCOMES):
        found["return_outcome"] = outcome
    if task.turn.requested in ("return_method", "confirmed") or re.search(
        r"\blabel\b", text, re.IGNORECASE
    ):
        if method := find_choice(text, METHODS):
            found["return_method"] = method
    return found


def _own_words(task: Task) -> str | None:
    """A reason in words that none of ours fit, where a reason was asked for."""
    turn = task.turn
    statement = turn.intent in ("inform", "nlu_fallback", "oos", "ask_question")
    if turn.requested != "return_reason" or not statement or is_question(turn.text):
        return None
    other = find_choice(turn.text, OUTCOMES) or find_choice(turn.text, METHODS)
    return None if other or len(turn.text.split()) < 3 else "other"


def _read_items(task: Task, items: tuple[Named, ...]) -> dict[str, Any]:
    known: dict[str, int | None] = task["return_items"] or {}
    by_id = {each.item.id: each.item for each in items}
    text, asked = task.turn.text, task.turn.requested == "return_items"
    open_id = next((id_ for id_, quantity in known.items() if quantity is None), None)
    if asked and open_id:
        quantity = find_quantity(text)
        if quantity and 1 <= quantity <= by_id[open_id].quantity:
            return {"return_items": {**known, open_id: quantity}}
    if task.turn.requested not in (None, "return_items", "confirmed"):
        # "Too big" is a reason; items are corrected where they are being talked of.
        if not re.search(r"\b(?:not the|instead of|actually|rather)\b", text, re.I):
            return {}
    named = find_items(text, items)
    if not named:
        return {}
    return {"return_items": {i: bounded(q, by_id[i]) for i, q in named.items()}}


def bounded(quantity: int | None, item: Item) -> int | None:
    """The quantity if the order has so many; one of one needs no number."""
    if item.quantity == 1:
        return 1
    return quantity if quantity and 1 <= quantity <= item.quantity else None


def _only_item(order: Order) -> dict[str, int | None] | None:
    """The item of an order that has just one."""
    if len(order.items) != 1:
        return None
    return {order.items[0].id: bounded(None, order.items[0])}


async def _said(task: Task, order: Order) -> dict[str, int | None] | None:
    """Items named in the message that opened the task, before the order was seen."""
    items = await named_items(order, task.desk)
    named = find_items(str(task["said"] or ""), items)
    by_id = {each.item.id: each.item for each in items}
    return {i: bounded(q, by_id[i]) for i, q in named.items()} if named else None


def _news(found: dict[str, Any], task: Task) -> dict[str, Any]:
    """What is found and was not known; another order makes its items unknown."""
    news = {slot: value for slot, value in found.items() if value != task[slot]}
    if "order_number" in news:
        return {"return_items": None, "return_variant": None, **news}
    if "return_items" in news:
        return {"return_variant": None, **news}
    return news
