"""Which of an order's items a customer means, and how many of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actions.reading import find_quantity, means_all, words_of
from actions.tasks import Task
from frontdesk.commerce.errors import NotFoundError
from frontdesk.commerce.service import Desk
from frontdesk.commerce.trust import NeedsLevelError
from frontdesk.commerce.values import Item, Order

_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
# Words of kinds and options that say nothing about which item is meant.
_WEAK = frozenset("the a and of for with in one item order more cleaner only".split())
_NOT = re.compile(r"\b(?:not|instead of|rather than|except|but not)\b.*", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """An item of an order with the words it may be called by."""

    item: Item
    words: frozenset[str]


async def named_items(order: Order, desk: Desk) -> tuple[Named, ...]:
    """The items with their words: title, options, family and kind of product."""
    return tuple([Named(item, await _words(item, desk)) for item in order.items])


async def visible_order(task: Task) -> Order | None:
    """The task's order, if this customer may see its items; nothing is asked for."""
    if not task["order_number"]:
        return None
    try:
        order = await task.desk.order(task.visitor, task["order_number"])
    except NeedsLevelError:
        return None
    return order if isinstance(order, Order) else None


async def _words(item: Item, desk: Desk) -> frozenset[str]:
    text = f"{item.title} {item.family} {' '.join(v for _, v in item.options)}"
    try:
        product = await desk.product(item.product_id)
    except NotFoundError:  # no longer sold
        return frozenset(words_of(text)) - _WEAK
    kind = dict(product.attributes).get("type", "")
    # The first sentence says what it is: "The smallest Arden table lamp, for ...".
    summary = product.description.split(".")[0]
    return frozenset(words_of(f"{text} {product.family} {kind} {summary}")) - _WEAK


def find_items(text: str, items: Sequence[Named]) -> dict[str, int | None] | None:
    """Quantity by item id, None where it was not said; None if no item is meant.

    "The kettle, not the toaster" means the kettle, "both of the lamps" every lamp. Of
    several items with the same word, the one with most words in common is meant; ties
    mean all of them.
    """
    wanted = _NOT.sub("", text)
    everything = means_all(wanted)
    quantity = find_quantity(wanted)
    ordinal = next(
        (n for w, n in _ORDINALS.items() if re.search(rf"\b{w}\b", text)), None
    )
    if ordinal is not None and -len(items) <= ordinal < len(items):
        return {items[ordinal].item.id: quantity}
    found: dict[str, int | None] = {}
    for part in re.split(r"\band\b|,|&|\bplus\b", wanted):
        for item in _best(part, items):
            found[item.id] = item.quantity if everything else find_quantity(part)
    if everything and not found:
        return {each.item.id: each.item.quantity for each in items}
    return found or None


def _best(part: str, items: Sequence[Named]) -> list[Item]:
    words = set(words_of(part))
    scores = [len(words & each.words) for each in items]
    best = max(scores, default=0)
    if not best:
        return []
    hits = [each for each, score in zip(items, scores, strict=True) if score == best]
    return (
        [each.item for each in hits]
        if len(hits) < len(items) or len(items) == 1
        else []
    )
