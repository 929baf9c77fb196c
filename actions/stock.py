"""Whether something can be had now, and a notice when it is back."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.asking import AskSlot, Question
from actions.cards import day
from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.needs import ranked, read_need
from actions.products import WHOLE_CATALOGUE
from actions.reading import is_no, is_yes, words_of
from actions.tasks import Task
from actions.verification import own_email, read_identity
from frontdesk.commerce.service import Desk
from frontdesk.commerce.values import Product, Variant
from frontdesk.commerce.writes import NotifyBackInStock

FEW = 5
MOST_OFFERED = 5


class ValidateStockForm(SkillForm):
    """Needs the product; and for a notice a wish for it, an address and a yes."""

    form = "stock_form"
    intent = "check_stock"

    async def read(self, task: Task) -> dict[str, Any]:
        turn = task.turn
        found = read_identity(task)
        found.pop("order_number", None)
        named = [e["product_id"] for e in turn.entities if e.get("product_id")]
        if named and named[0] != (task["product"] or {}).get("id"):
            found["product"] = {"id": named[0], "said": turn.text}
        elif turn.opens or turn.requested == "product":
            found.update(await _guess(task))
        elif turn.requested == "notice":
            if is_yes(turn.text, turn.intent):
                found["notice"] = True
            elif is_no(turn.text, turn.intent):
                found["notice"] = False
        return found

    async def advance(self, task: Task) -> None:
        if task["product"] is None or "id" not in task["product"]:
            task.ask("product")
            return
        product = await task.desk.product(task["product"]["id"])
        variants = meant(product, task["product"]["said"])
        missing = [variant for variant in variants if not variant.available]
        if "product" in task.changes:
            task.dispatcher.utter_message(text=stock_text(product, variants))
        if not missing or len(missing) < len(variants):
            task.end("settled")
        elif task["notice"] is None:
            task.ask("notice")
        elif task["notice"] is False:
            task.end("stopped")
        else:
            email = await own_email(task)
            if email is not None:
                notice = NotifyBackInStock(missing[0].id, email, product.id)
                await confirm(task, notice)


class ActionCheckStock(FinishWrite):
    """Leaves the notice that was shown and confirmed."""

    form = "stock_form"

    def name(self) -> str:
        return "action_check_stock"


class AskProduct(AskSlot):
    """Asks which product is meant, with those that the words fit."""

    slot = "product"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        choices = (tracker.get_slot("product") or {}).get("choices") or []
        return Question(
            (
                "Which product do you mean?",
                "Which one is it about? Its name is enough.",
                "Please tell me the name of the product.",
            ),
            tuple((title, f"Is the {title} in stock?") for title in choices),
        )


class AskNotice(AskSlot):
    """Offers to write when it is back."""

    slot = "notice"

    async def question(self, tracker: Tracker, desk: Desk) -> Question:
        return Question(
            (
                "Shall I let you know by email when it is back?",
                "Would you like an email when it can be had again?",
                "Do you want a notice by email?",
            ),
            (("Yes, please", "/affirm"), ("No, thanks", "/deny")),
        )


async def _guess(task: Task) -> dict[str, Any]:
    """The product that the words fit; where several do, they are the choices."""
    catalogue = await task.desk.search_products(WHOLE_CATALOGUE)
    need = read_need(task.turn.text, catalogue)
    if need.is_empty:
        page = task.page if task.turn.opens else ""
        return {"product": {"id": page, "said": task.turn.text}} if page else {}
    members = [p for p in catalogue if p.family == need.query.family]
    fitting = ranked(members, need)
    if len(fitting) == 1:
        return {"product": {"id": fitting[0].id, "said": task.turn.text}}
    titles = [product.title for product in fitting[:MOST_OFFERED]]
    return {"product": {"choices": titles}}


def meant(product: Product, said: str) -> tuple[Variant, ...]:
    """The variants whose options the words name ("in black"), else all of them."""
    words = set(words_of(said))
    named = [
        variant
        for variant in product.variants
        if words & {w for _, value in variant.options for w in words_of(value)}
    ]
    return tuple(named) or product.variants


def stock_text(product: Product, variants: tuple[Variant, ...]) -> str:
    """What can be had now, and when the rest comes."""
    there = [variant for variant in variants if variant.available]
    gone = [variant for variant in variants if not variant.available]
    if not there:
        dates = [v.expected_at for v in gone if v.expected_at]
        due = f" We expect it on {day(min(dates))}." if dates else ""
        return f"{product.title} is out of stock.{due}"
    said = f"Yes, {product.title} is in stock"
    if gone:
        said += f" in {_names(product, there)}, but not in {_names(product, gone)}"
    stock = sum(variant.stock or 0 for variant in there)
    few = all(v.stock is not None for v in there) and stock <= FEW
    left = f"; only {stock} left" if few else ""
    return f"{said}{left}. It costs {product.price}: {product.url}"


def _names(product: Product, variants: list[Variant]) -> str:
    """What tells variants apart, as in "cream, black and sage"."""
    titles = [variant.title.removeprefix(product.title) for variant in variants]
    *names, last = (title.strip(" ,") or product.title for title in titles)
    return f"{', '.join(names)} and {last}" if names else last
