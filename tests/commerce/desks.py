"""A desk for tests: real shop, records and rules; the mail and the faults are fakes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from frontdesk.commerce.demo.backend import DemoShop
from frontdesk.commerce.errors import UnavailableError, UncertainError
from frontdesk.commerce.mailing import Mail
from frontdesk.commerce.open import make_desk
from frontdesk.commerce.records import Records
from frontdesk.commerce.service import Proposal
from frontdesk.commerce.trust import Visitor
from frontdesk.commerce.values import Order
from frontdesk.commerce.writes import Done, Write
from tests.commerce.demo_shops import NOW, demo_shop, number_of

SECRET = "a secret of the shop with enough bytes"


class Mailbox:
    """Keeps what it was asked to send."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)

    def code(self) -> str:
        found = re.search(r"\d{6}", self.mails[-1].text)
        assert found
        return found[0]


class FaultyShop(DemoShop):
    """A demo shop whose answers to writes can get lost, before or after the commit."""

    lose_after = 0
    lose_before = 0
    down = False
    blind = False
    writes: list[str]

    async def write(self, write: Write, key: str) -> Done:
        self.writes = [*getattr(self, "writes", []), key]
        if self.down:
            raise UnavailableError("The shop is down.")
        if self.lose_before:
            self.lose_before -= 1
            raise UncertainError("No answer.")
        done = await super().write(write, key)
        if self.lose_after:
            self.lose_after -= 1
            raise UncertainError("No answer.")
        return done

    async def find_write(self, write: Write, key: str) -> Done | None:
        if self.down or self.blind:
            raise UnavailableError("The shop is down.")
        return await super().find_write(write, key)


class Counter:
    """A desk with its shop, mailbox and a clock that only moves when told."""

    def __init__(self, folder: Path, records_url: str = "") -> None:
        self.now = NOW
        self.shop = demo_shop(folder / "shop.sqlite3", lambda: self.now, FaultyShop)
        self.mailbox = Mailbox()
        self.records_url = records_url or f"sqlite:///{folder}/desk.sqlite3"
        self.records = Records(self.records_url)
        self.desk = make_desk(
            self.shop, self.records, self.mailbox, SECRET, lambda: self.now
        )

    def close(self) -> None:
        self.records.engine.dispose()
        self.shop.engine.dispose()

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def order(self, kind: str) -> Order:
        """The example order of a kind, as the shop has it."""
        return run(self.shop.order(number_of(kind)))

    def identified(self, kind: str, conversation: str = "one") -> Visitor:
        visitor, order = Visitor(conversation), self.order(kind)
        assert run(self.desk.identify(visitor, order.number, order.email))
        return visitor

    def verified(self, kind: str, conversation: str = "one") -> Visitor:
        """A visitor who has read the code sent for the example order of a kind."""
        visitor = self.identified(kind, conversation)
        run(self.desk.send_code_for_order(visitor, number_of(kind)))
        assert run(self.desk.check_code(visitor, self.mailbox.code()))
        return visitor

    def signed_in(self, kind: str, conversation: str = "one") -> Visitor:
        """The customer of the example order of a kind, by a token of the shop."""
        customer_id = self.order(kind).customer_id
        return Visitor(conversation, token(self.now, sub=customer_id))

    def proposed(self, visitor: Visitor, write: Write) -> Proposal:
        proposal = run(self.desk.propose(visitor, write))
        assert isinstance(proposal, Proposal), proposal
        return proposal

    def events(self) -> list[str]:
        """The audit's events, oldest first."""
        return [row.event for row in self.desk._pending.audit()]

    def state(self) -> dict[str, Order]:
        """Every example order, to compare before and after."""
        return {
            order.number: replace(order)
            for order in (run(self.shop.order(f"LO-{100_101 + i}")) for i in range(10))
        }


def token(now: datetime, secret: str = SECRET, **claims: object) -> str:
    """A token as the shop signs it, with other claims where given."""
    valid = {
        "sub": "C-1001",
        "email": "amelia.smith0@mail.example",
        "aud": "frontdesk",
        "exp": int((now + timedelta(minutes=30)).timestamp()),
    }
    return jwt.encode(valid | claims, secret, algorithm="HS256")


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)
