"""How a visitor reaches a level: order number with contact, or a one-time code.

Unknown orders and wrong contacts get the same answer, after the same work, in the same
time; wrong tries are counted per conversation and per order number, in our table, so
that a new process or a new conversation does not start afresh.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from frontdesk.commerce.backend import CommerceBackend
from frontdesk.commerce.errors import CommerceError, NotFoundError, RefusedError
from frontdesk.commerce.identity import IdentityCheck
from frontdesk.commerce.mailing import Mail, Mailer
from frontdesk.commerce.records import Grant, Records
from frontdesk.commerce.rules import VerificationRules
from frontdesk.commerce.trust import (
    NeedsLevelError,
    TooManyTriesError,
    Trust,
    Visitor,
    normal_number,
)
from frontdesk.commerce.values import Order

# Answers about other people's things come at whole multiples of this, so that their
# time does not tell whether there was anything to find.
STEP_S = 0.25
_EMAIL = re.compile(
    r"[^@\s<>\"(),:;\[\]\\]{1,64}@[^@\s<>\"(),:;\[\]\\]{1,189}\.[^@\s.]+"
)
_MAX_TYPED = 254
# So many last digits make a telephone number; what is before them is its prefix.
_PHONE_DIGITS = 9


class Verification:
    """Grants of trust, kept in our own table by conversation."""

    def __init__(
        self,
        backend: CommerceBackend,
        records: Records,
        mailer: Mailer,
        identity: IdentityCheck,
        rules: VerificationRules,
        clock: Callable[[], datetime],
    ) -> None:
        self._backend = backend
        self._records = records
        self._mailer = mailer
        self._identity = identity
        self._rules = rules
        self._clock = clock

    async def trust(self, visitor: Visitor) -> Trust:
        """What the visitor has shown, by token and by what this conversation did."""
        now = self._clock()
        signed_in = self._identity.identity(
            visitor.identity_token, visitor.conversation
        )
        grants = await asyncio.to_thread(self._records.grants, visitor.id, now)
        of = {
            kind: frozenset(subject for other, subject in grants if other == kind)
            for kind in ("order", "email", "customer")
        }
        if signed_in:
            return Trust(
                "signed_in",
                emails=of["email"],
                customer_id=signed_in.customer_id,
                orders=of["order"],
                account_email=signed_in.email,
            )
        if of["email"]:
            customer_id = min(of["customer"], default=None)
            return Trust("verified", of["email"], customer_id, of["order"])
        return Trust("identified" if of["order"] else "anonymous", orders=of["order"])

    async def identify(self, visitor: Visitor, number: str, contact: str) -> bool:
        """See `service.Desk.identify`."""
        started = time.monotonic()
        try:
            return await self._identify(
                visitor, normal_number(number[:_MAX_TYPED]), contact
            )
        finally:
            await wait_for_step(started)

    async def _identify(self, visitor: Visitor, wanted: str, contact: str) -> bool:
        subjects = (f"identify|{visitor.id}", f"order|{wanted}")
        limits = (self._rules.identify_tries, self._rules.order_tries)
        for subject, limit in zip(subjects, limits, strict=True):
            await self._count(subject, limit)
        order = None
        try:
            order = await self._backend.order(wanted)
        except NotFoundError:
            pass
        except CommerceError:
            await self._take_back(subjects)  # the shop failed, not the visitor
            raise
        # Compared in any case: an unknown order costs the same work as a wrong contact.
        if not _same_contact(contact, order) or order is None:
            return False
        await self._take_back(subjects)
        await self._grant(visitor, [("order", normal_number(order.number))])
        return True

    async def send_code(self, visitor: Visitor, email: str) -> None:
        """See `service.Desk.send_code`.

        Raises:
            RefusedError: What was typed is no email address (`not_allowed`).
        """
        address = normal_email(email)
        rules = self._rules
        await self._count(f"codes|{visitor.id}", rules.codes_each)
        await self._count(f"codes to|{address}", rules.codes_each)
        code = "".join(secrets.choice("0123456789") for _ in range(rules.code_digits))
        until = self._clock() + timedelta(minutes=rules.code_minutes)
        await asyncio.to_thread(
            self._records.keep_code,
            visitor.id,
            address,
            code,
            until,
            rules.code_tries,
        )
        await self._mailer.send(
            Mail(
                to=address,
                subject="Your one-time code",
                text=f"Your code for the chat is {code}. It is valid for "
                f"{rules.code_minutes} minutes.\n\nType it only into the chat in which "
                "you asked for it. We never ask for it by phone or email. If you did "
                "not ask for a code, ignore this message; nothing has been changed.",
            )
        )

    async def send_code_for_order(self, visitor: Visitor, number: str) -> str:
        """See `service.Desk.send_code_for_order`."""
        trust = await self.trust(visitor)
        if normal_number(number) not in trust.orders:
            raise NeedsLevelError("identified")
        order = await self._backend.order(number)
        await self.send_code(visitor, order.email)
        return masked_email(order.email)

    async def check_code(self, visitor: Visitor, code: str) -> bool:
        """See `service.Desk.check_code`."""
        typed = re.sub(r"\D", "", code[:_MAX_TYPED])
        now = self._clock()
        found, email = await asyncio.to_thread(
            self._records.check_code, visitor.id, typed, now
        )
        if found == "used_up":
            raise TooManyTriesError(now + timedelta(minutes=self._rules.code_minutes))
        if found != "right":
            return False
        grants: list[Grant] = [("email", email)]
        try:
            customer = await self._backend.customer_by_email(email)
            grants.append(("customer", customer.id))
        except NotFoundError:
            pass  # a guest, or somebody who only wants the newsletter
        await self._grant(visitor, grants)
        return True

    async def forget(self, visitor: Visitor) -> None:
        """See `service.Desk.forget`."""
        await asyncio.to_thread(self._records.forget, visitor.id, self._clock())

    async def _grant(self, visitor: Visitor, grants: list[Grant]) -> None:
        until = self._clock() + timedelta(minutes=self._rules.trust_minutes)
        await asyncio.to_thread(self._records.grant, visitor.id, grants, until)

    async def _take_back(self, subjects: Sequence[str]) -> None:
        for subject in subjects:
            await asyncio.to_thread(self._records.take_back, subject)

    async def _count(self, subject: str, limit: int) -> None:
        window = timedelta(minutes=self._rules.tries_minutes)
        count, until = await asyncio.to_thread(
            self._records.count_try, subject, self._clock(), window
        )
        if count > limit:
            raise TooManyTriesError(until)


async def wait_for_step(started: float) -> None:
    """Wait until a whole number of steps has passed since this monotonic time."""
    passed = time.monotonic() - started
    await asyncio.sleep(STEP_S - passed % STEP_S)


def normal_email(email: str) -> str:
    """An email address in lower case.

    Raises:
        RefusedError: It is none (`not_allowed`).
    """
    address = email.strip().casefold()
    if len(address) > _MAX_TYPED or not _EMAIL.fullmatch(address):
        raise RefusedError("This is no email address.", "not_allowed")
    return address


def masked_email(email: str) -> str:
    """An address as its owner recognises it: `a•••@m•••.example`."""
    name, _, domain = email.partition("@")
    host, _, rest = domain.partition(".")
    return f"{name[:1]}•••@{host[:1]}•••.{rest.rpartition('.')[2]}"


def _same_contact(typed: str, order: Order | None) -> bool:
    """Whether what was typed is the order's email or phone; always compares both."""
    email = order.email.strip().casefold() if order else ""
    phone = _last_digits(order.phone) if order else ""
    typed = typed.strip()[:_MAX_TYPED].casefold()
    by_email = _equal(typed, email or secrets.token_hex())
    by_phone = _equal(_last_digits(typed), phone or secrets.token_hex())
    return by_email | by_phone


def _last_digits(phone: str) -> str:
    """The last digits of a telephone number; empty for anything else or too short."""
    if not re.fullmatch(r"[+\d\s()./-]+", phone):
        return ""
    digits = re.sub(r"\D", "", phone)
    return digits[-_PHONE_DIGITS:] if len(digits) > _PHONE_DIGITS else ""


def _equal(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that depends on neither."""
    return hmac.compare_digest(
        hashlib.sha256(one.encode()).digest(), hashlib.sha256(other.encode()).digest()
    )
