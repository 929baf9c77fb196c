"""A small shop behind the real `Desk` interface, all in memory, for tests of actions.

It records what was proposed and confirmed. Its codes are always 123456.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import confirmations, verification
from actions.asking import AskSlot
from actions.confirmations import FinishTask
from actions.forms import SkillForm
from frontdesk.commerce.errors import NotFoundError
from frontdesk.commerce.products import find
from frontdesk.commerce.service import (
    Desk,
    NotPossible,
    OrderStatusView,
    Outcome,
    Proposal,
)
from frontdesk.commerce.trust import NeedsLevelError, Trust, Visitor
from frontdesk.commerce.values import (
    Address,
    Invoice,
    Item,
    Money,
    Order,
    Product,
    ProductQuery,
    Refund,
    Return,
    Variant,
)
from frontdesk.commerce.writes import Write, operation_of

CODE = "123456"
NOW = datetime(2026, 5, 3, 12, tzinfo=timezone.utc)
ANNA, BEN = "anna@post.example", "ben@mail.example"


def pounds(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def product(
    id_: str, title: str, family: str, price: str, stock: dict[str, int], **facts: str
) -> Product:
    variants = tuple(
        Variant(
            f"{id_}-{colour}",
            f"{title} {colour}",
            (("colour", colour),),
            pounds(price),
            count > 0,
            count,
        )
        for colour, count in stock.items()
    )
    attributes = tuple((name.replace("_", " "), value) for name, value in facts.items())
    return Product(
        id_, title, family, "", pounds(price), f"https://shop.example/{id_}", variants,
        attributes,
    )  # fmt: skip


PRODUCTS = (
    product("mira", "Mira 1.5", "Kettles", "39.00", {"sage": 3, "black": 9}),
    product("tarn", "Tarn Long", "Toasters", "49.00", {"steel": 0}, slots="2 long"),
    product("arden", "Arden S", "Lighting", "39.00", {"brass": 2}, type="table lamp"),
    product("halden-45", "Halden 45", "Dishwashers", "349.00", {"white": 5},
            type="freestanding", width="45 cm", noise="47 dB"),
    product("halden-60", "Halden 60", "Dishwashers", "399.00", {"white": 5},
            type="freestanding", width="60 cm", noise="46 dB"),
    product("halden-q", "Halden 60 Quiet", "Dishwashers", "529.00", {"white": 5},
            type="freestanding", width="60 cm", noise="38 dB"),
    product("halden-b", "Halden 45 Built-in", "Dishwashers", "429.00", {"white": 0},
            type="fully integrated", width="45 cm", noise="44 dB"),
)  # fmt: skip
HOME = Address("Anna Field", "1 Old Road", "", "Leeds", "LS1 1AA", "GB")


def item(id_: str, product_id: str, title: str, quantity: int = 1) -> Item:
    found = next(p for p in PRODUCTS if p.id == product_id)
    variant = found.variants[0]
    return Item(
        id_, product_id, variant.id, title, quantity, found.price, variant.options,
        found.family,
    )  # fmt: skip


def order(number: str, email: str, *items: Item, **changes: Any) -> Order:
    made = Order(
        number=number,
        customer_id=email.split("@")[0],
        email=email,
        phone="",
        status="received",
        payment="paid",
        placed_at=NOW - timedelta(days=2),
        items=items or (item("1", "mira", "Mira 1.5"),),
        total=pounds("39.00"),
        shipping=pounds("0.00"),
        address=HOME,
        version="1",
    )
    return replace(made, **changes)


class FakeDesk(Desk):
    """Answers as the interface says; `proposed` and `confirmed` are what was asked."""

    def __init__(self, *orders: Order, signed_in: str = "") -> None:
        self.stored = {each.number: each for each in orders}
        self.known: set[str] = set()
        self.email = signed_in
        self.sent_to = ""
        self.proposed: list[Write] = []
        self.confirmed: list[str] = []
        self.withdrawn = 0
        self.answers: list[Outcome] = []
        self.verdict: NotPossible | None = None
        self.refunded: tuple[Refund, ...] = ()
        self.returned: tuple[Return, ...] = ()
        self.written: Invoice | None = None

    async def trust(self, visitor: Visitor) -> Trust:
        if not self.email:
            return Trust("identified" if self.known else "anonymous")
        return Trust("verified", frozenset({self.email}), self.email.split("@")[0])

    async def identify(self, visitor: Visitor, number: str, contact: str) -> bool:
        found = self.stored.get(number)
        if found is None or found.email != contact:
            return False
        self.known.add(number)
        return True

    async def send_code(self, visitor: Visitor, email: str) -> None:
        self.sent_to = email

    async def send_code_for_order(self, visitor: Visitor, number: str) -> str:
        self.sent_to = self.stored[number].email
        return f"{self.sent_to[0]}***"

    async def check_code(self, visitor: Visitor, code: str) -> bool:
        if code != CODE:
            return False
        self.email = self.sent_to
        return True

    async def order(self, visitor: Visitor, number: str) -> Order | OrderStatusView:
        found = self.stored.get(number)
        if found is not None and self.email == found.email:
            return found
        if found is None or number not in self.known:
            raise NeedsLevelError("identified")
        return OrderStatusView(
            found.number, found.status, found.placed_at, found.service, None, None, (),
            "L***",
        )  # fmt: skip

    async def orders(self, visitor: Visitor) -> tuple[Order, ...]:
        return tuple(o for o in self.stored.values() if o.email == self.email)

    async def returns(self, visitor: Visitor, number: str) -> tuple[Return, ...]:
        return self.returned

    async def refunds(self, visitor: Visitor, number: str) -> tuple[Refund, ...]:
        return self.refunded

    async def invoice(self, visitor: Visitor, number: str) -> Invoice | None:
        return self.written

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        return find(PRODUCTS, query)

    async def product(self, product_id: str) -> Product:
        for each in PRODUCTS:
            if each.id == product_id:
                return each
        raise NotFoundError(f"There is no product {product_id!r}.")

    async def propose(self, visitor: Visitor, write: Write) -> Proposal | NotPossible:
        if self.verdict is not None:
            return self.verdict
        self.proposed.append(write)
        key = f"{len(self.proposed):064x}"
        text = f"I would do this: {operation_of(write)}."
        return Proposal(key, operation_of(write), text, NOW)

    async def confirm(self, visitor: Visitor, key: str) -> Outcome:
        self.confirmed.append(key)
        return self.answers.pop(0) if self.answers else Outcome("done", "It is done.")

    async def withdraw(self, visitor: Visitor) -> None:
        self.withdrawn += 1


class Chat:
    """One form, run as Rasa runs it: validate, ask or finish. Slots live here."""

    def __init__(self, form: str, desk: Desk, *skill: ModuleType, **slots: Any) -> None:
        """The form of `domain.yml` with the actions of its skill's modules."""
        self.form = form
        self.slots: dict[str, Any] = {"requested_slot": None, **slots}
        self.events: list[dict[str, Any]] = []
        self.active = False
        self._domain = yaml.safe_load(Path("domain.yml").read_text("utf-8"))
        modules = (verification, confirmations, *skill)
        self._actions = {
            kind(desk).name(): kind(desk)
            for module in modules
            for kind in vars(module).values()
            if isinstance(kind, type)
            and issubclass(kind, (SkillForm, AskSlot, FinishTask))
            and not isabstract(kind)
        }

    def say(
        self,
        text: str,
        intent: str = "inform",
        found: Sequence[dict[str, Any]] = (),
        **entities: Any,
    ) -> list[dict[str, Any]]:
        """What the assistant says to a message; [] where the form leaves it alone."""
        found = [*found, *({"entity": e, "value": v} for e, v in entities.items())]
        message = {"text": text, "intent": {"name": intent}, "entities": found}
        self.events.append({"event": "user", "text": text, "parse_data": message})
        if not self.active:
            self.events.append({"event": "active_loop", "name": self.form})
            self.active = True
        said, events = self._run(f"validate_{self.form}", message)
        if not events:
            self._event("action_execution_rejected", self.form)
            return []
        return said + self._go_on(message)

    def back(self) -> list[dict[str, Any]]:
        """What the form asks after another rule has answered the last message."""
        message = self.events[-1].get("parse_data") or {}
        self._run(f"validate_{self.form}", message)
        return self._go_on(message)

    @property
    def asked(self) -> str | None:
        """The slot that is asked for."""
        slot = self.slots["requested_slot"]
        return str(slot) if slot else None

    def _go_on(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        slot = self.slots["requested_slot"]
        if slot is not None:
            return self._run(f"action_ask_{slot}", message)[0]
        self.active = False
        [finish] = (
            name
            for name, action in self._actions.items()
            if isinstance(action, FinishTask) and action.form == self.form
        )
        return self._run(finish, message)[0]

    def _run(
        self, name: str, message: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        loop = {"name": self.form} if self.active else {}
        tracker = Tracker(
            "anna", dict(self.slots), message, list(self.events), False, None, loop,
            "action_listen",
        )  # fmt: skip
        dispatcher = CollectingDispatcher()
        action = self._actions[name]
        events = asyncio.run(action.run(dispatcher, tracker, self._domain))
        for event in events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
        for each in dispatcher.messages:
            self.events.append({"event": "bot", "text": each.get("text")})
        return dispatcher.messages, events

    def _event(self, kind: str, name: str) -> None:
        self.events.append({"event": kind, "name": name})
