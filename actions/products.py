"""Finding and comparing products by need and budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.asking import AskSlot, Question
from actions.cards import (
    comparison_card,
    comparison_text,
    product_cards,
    product_text,
)
from actions.confirmations import FinishTask
from actions.forms import SkillForm
from actions.needs import Need, ranked, read_need, refined
from actions.tasks import Task
from frontdesk.commerce.errors import NotFoundError
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Product, ProductQuery

MOST_SHOWN = 4
WHOLE_CATALOGUE = ProductQuery(top_k=1_000)
_COMPARE = re.compile(
    r"\b(?:compare|comparison|side by side|versus|vs)\b", re.IGNORECASE
)


class ValidateSearchForm(SkillForm):
    """Needs to know what kind of thing is looked for, or which products to compare."""

    form = "search_form"
    intent = "search_products"

    async def read(self, task: Task) -> dict[str, Any]:
        turn = task.turn
        if turn.requested == "product_need" and turn.intent in (
            "affirm",
            "deny",
            "stop",
        ):
            return {}
        named = [e["product_id"] for e in turn.entities if e.get("product_id")]
        last: dict[str, Any] = task["last_search"] or {}
        if _COMPARE.search(turn.text):
            if len(set(named)) > 1:
                return {"product_need": {"compare": list(dict.fromkeys(named))}}
            if not named and len(last.get("found") or ()) > 1:
                return {
                    "product_need": {"compare": last["found"][: _how_many(turn.text)]}
                }
        text = turn.text
        catalogue = await task.desk.search_products(WHOLE_CATALOGUE)
        if not read_need(text, catalogue).is_empty:
            return {"product_need": {"texts": [text]}}
        if turn.opens and last.get("texts"):
            return {"product_need": {"texts": [*last["texts"], text][-4:]}}
        return {}

    async def advance(self, task: Task) -> None:
        if task["product_need"] is None:
            task.ask("product_need")
        else:
            task.end()


class ActionSearchProducts(FinishTask):
    """Shows what fits as a carousel, or the products side by side."""

    form = "search_form"

    def name(self) -> str:
        return "action_search_products"

    async def finish(
        self, desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        wanted: dict[str, Any] = tracker.get_slot("product_need") or {}
        if ids := wanted.get("compare"):
            await _compare(desk, dispatcher, ids)
            return []
        catalogue = await desk.search_products(WHOLE_CATALOGUE)
        need = _need(wanted.get("texts") or [], catalogue)
        products, lead = await find(desk, need)
        shown = products[:MOST_SHOWN]
        names = tuple(wish.lstrip("-") for wish in need.order_by)
        names += tuple(limit.attribute for limit in need.query.limits)
        dispatcher.utter_message(
            text=f"{lead}\n{product_text(shown, names)}" if shown else lead,
            json_message=product_cards(shown, names) if shown else None,
        )
        found = [product.id for product in shown]
        return [SlotSet("last_search", {"texts": wanted.get("texts"), "found": found})]


class AskProductNeed(AskSlot):
    """Asks what kind of thing is looked for."""

    slot = "product_need"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        catalogue = await desk.search_products(WHOLE_CATALOGUE)
        families = tuple(dict.fromkeys(product.family for product in catalogue))
        listed = ", ".join(families)
        return Question(
            (
                "What kind of product are you looking for, and is there anything it "
                "must be or cost at most?",
                f"What shall I look for? We have {listed}.",
                f"Please name the kind of product: {listed}.",
            ),
            tuple((family, f"Show me {family.lower()}") for family in families[:6]),
        )


async def find(desk: Desk, need: Need) -> tuple[list[Product], str]:
    """The products that fit, or else come closest, and a sentence that says so."""
    products = ranked(await desk.search_products(need.query), need)
    if products:
        return (
            products,
            f"{_count(len(products))} {'fits' if len(products) == 1 else 'fit'}:",
        )
    without_budget = replace(need.query, max_price=None, min_price=None)
    if without_budget != need.query:
        products = ranked(await desk.search_products(without_budget), need)
        if products:
            cheapest = sorted(products, key=lambda p: p.price.amount)
            return cheapest, "Nothing fits that budget. These come closest:"
    loose = replace(need.query, limits=())
    products = ranked(await desk.search_products(loose), need)
    if products and need.query.limits:
        limits = " and ".join(f"{x.attribute} {x.value}" for x in need.query.limits)
        return products, f"Nothing has {limits}. These come closest:"
    return [], "I'm sorry, we have nothing like that."


def _need(texts: Sequence[str], catalogue: Sequence[Product]) -> Need:
    """The need of several messages, each adding to the ones before."""
    need = read_need(texts[0] if texts else "", catalogue)
    for text in texts[1:]:
        need = refined(need, read_need(text, catalogue))
    return need


async def _compare(
    desk: Desk, dispatcher: CollectingDispatcher, ids: Sequence[str]
) -> None:
    products = []
    for id_ in ids:
        try:
            products.append(await desk.product(id_))
        except NotFoundError:  # the knowledge names it, the shop no longer sells it
            continue
    card = comparison_card(products)
    dispatcher.utter_message(text=comparison_text(card), json_message=card)


def _count(number: int) -> str:
    return "One product" if number == 1 else f"{number} products"


def _how_many(text: str) -> int:
    return 3 if re.search(r"\bthree\b|\b3\b", text) else 2
