"""What comes instead of an item in an exchange."""

from __future__ import annotations

from typing import Any

from actions.items import Named
from actions.reading import words_of
from actions.tasks import Task
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Item, Order, Variant

_BROKEN = ("faulty", "damaged")


async def variants_in_stock(item: Item, desk: Desk) -> tuple[Variant, ...]:
    """The forms of the item's product that can be sent now."""
    product = await desk.product(item.product_id)
    return tuple(variant for variant in product.variants if variant.available)


async def read_variant(task: Task, items: tuple[Named, ...]) -> dict[str, Any]:
    """The variant that the message names for the first item without one."""
    chosen: dict[str, str] = dict(task["return_variant"] or {})
    words = set(words_of(task.turn.text))
    item = next(
        (
            each.item
            for each in items
            if each.item.id in (task["return_items"] or {})
            and each.item.id not in chosen
        ),
        None,
    )
    if item is None:
        return {}
    variants = await variants_in_stock(item, task.desk)
    hits = [v for v in variants if words & _telling(v, variants)]
    if len(hits) != 1:
        return {}
    return {"return_variant": {**chosen, item.id: hits[0].id}}


async def fill_variants(task: Task, order: Order) -> Item | None:
    """Choose where there is no choice; the first item that cannot be sent at all.

    Something broken is replaced by the same thing, if there is one.
    """
    chosen: dict[str, str] = dict(task["return_variant"] or {})
    for item in order.items:
        if item.id not in task["return_items"] or item.id in chosen:
            continue
        variants = await variants_in_stock(item, task.desk)
        ids = [variant.id for variant in variants]
        if not ids:
            return item
        if len(ids) == 1:
            chosen[item.id] = ids[0]
        elif task["return_reason"] in _BROKEN and item.variant_id in ids:
            chosen[item.id] = item.variant_id
        elif len(said := _named(str(task["said"] or ""), item, variants)) == 1:
            chosen[item.id] = said[0].id
    task.set(return_variant=chosen or None)
    return None


def _named(text: str, item: Item, variants: tuple[Variant, ...]) -> list[Variant]:
    """The variants that a text names, beside the one the customer has."""
    words = set(words_of(text))
    others = (v for v in variants if v.id != item.variant_id)
    return [v for v in others if words & _telling(v, variants)]


def _telling(variant: Variant, among: tuple[Variant, ...]) -> set[str]:
    """The words of a variant's title that no other one has."""
    others = {w for v in among if v.id != variant.id for w in words_of(v.title)}
    return set(words_of(variant.title)) - others
