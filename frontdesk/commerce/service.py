"""The one door to the shop: every read is masked by level, every write is confirmed.

The actions call this and nothing else of the room. Reads give no more than the
visitor has shown; an order that is not theirs is answered like one that does not
exist. A write is proposed, shown in full, confirmed in its own turn by its key, and
executed once; what is reported is what the back end said.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontdesk.commerce.backend import CommerceBackend
from frontdesk.commerce.checks import complaint
from frontdesk.commerce.decisions import Decision
from frontdesk.commerce.errors import (
    CommerceError,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)
from frontdesk.commerce.execution import Execution
from frontdesk.commerce.facts import before, gather, order_number_of
from frontdesk.commerce.outcomes import (
    NOTHING_WAITS,
    SHOW_AGAIN,
    UNREADABLE,
    Outcome,
    OutcomeState,
    not_done,
)
from frontdesk.commerce.pending import AuditEvent, Pending, PendingWrites
from frontdesk.commerce.policy import decide
from frontdesk.commerce.records import Records
from frontdesk.commerce.rules import Policy
from frontdesk.commerce.trust import (
    NeedsLevelError,
    Trust,
    TrustError,
    Visitor,
    normal_number,
)
from frontdesk.commerce.values import (
    Invoice,
    Order,
    Product,
    ProductQuery,
    Refund,
    Return,
)
from frontdesk.commerce.verification import Verification, wait_for_step
from frontdesk.commerce.views import (
    OrderStatusView,
    ParcelStatus,
    proposal_text,
    status_view,
)
from frontdesk.commerce.writes import (
    NotifyBackInStock,
    Operation,
    RequestData,
    SetNewsletter,
    Write,
    operation_of,
)

__all__ = [
    "Desk",
    "NotPossible",
    "OrderStatusView",
    "Outcome",
    "OutcomeState",
    "ParcelStatus",
    "Proposal",
]


@dataclass(frozen=True)
class Proposal:
    """A write that waits for its confirmation.

    Attributes:
        key: What the confirming button carries.
        text: The whole change in plain words, with costs and conditions, ending in no
            question.
        expires_at: Until when it may be confirmed.
    """

    key: str
    operation: Operation
    text: str
    expires_at: datetime


@dataclass(frozen=True)
class NotPossible:
    """A rule of the shop is against it, or wants a person to decide.

    Attributes:
        person: Whether a person should decide.
        reason: A short word such as `cut_off_passed`.
        text: The reason in one or two sentences for the customer.
    """

    operation: Operation
    person: bool
    reason: str
    text: str


class Desk:
    """What a conversation may see and do in the shop."""

    def __init__(
        self,
        backend: CommerceBackend,
        records: Records,
        verification: Verification,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._backend = backend
        self._records = records
        self._verification = verification
        self._pending = PendingWrites(records.engine)
        self._policy = policy
        self._clock = clock
        self._execution = Execution(backend, self._pending, policy, clock)

    async def trust(self, visitor: Visitor) -> Trust:
        """What the visitor has shown, read anew each time."""
        return await self._verification.trust(visitor)

    async def identify(self, visitor: Visitor, number: str, contact: str) -> bool:
        """Whether number and email or phone belong together; then the order is known.

        False says nothing about which of the two was wrong.

        Raises:
            TooManyTriesError: Of this conversation, or for this number.
        """
        return await self._verification.identify(visitor, number, contact)

    async def send_code(self, visitor: Visitor, email: str) -> None:
        """Send a one-time code to an address; it answers the same for every address.

        Raises:
            RefusedError: What was typed is no email address.
            TooManyTriesError: Too many codes for this conversation or address.
        """
        await self._verification.send_code(visitor, email)

    async def send_code_for_order(self, visitor: Visitor, number: str) -> str:
        """Send a code to the email address on file; returns it masked.

        Raises:
            NeedsLevelError: The order has not been identified here.
            TooManyTriesError: Too many codes for this conversation or address.
        """
        return await self._verification.send_code_for_order(visitor, number)

    async def check_code(self, visitor: Visitor, code: str) -> bool:
        """Whether this is the last code sent here; then the address is verified.

        Raises:
            TooManyTriesError: This code was tried too often.
        """
        return await self._verification.check_code(visitor, code)

    async def forget(self, visitor: Visitor) -> None:
        """Drop what was shown and what waits for a confirmation."""
        await self._verification.forget(visitor)

    async def order(self, visitor: Visitor, number: str) -> Order | OrderStatusView:
        """The visitor's own order, or the masked status of an identified one.

        Raises:
            NeedsLevelError: Neither; the same for orders that do not exist.
        """
        trust = await self.trust(visitor)
        order = await self._known_order(trust, number)
        return order if trust.owns(order) else status_view(order)

    async def orders(self, visitor: Visitor) -> tuple[Order, ...]:
        """The visitor's own orders, newest first; needs `verified`."""
        trust = await self.trust(visitor)
        if not trust.strong:
            raise NeedsLevelError("verified")
        found: tuple[Order, ...] = ()
        if trust.customer_id is not None:
            found = await self._backend.orders_of(trust.customer_id)
        known = {normal_number(order.number) for order in found}
        for number in sorted(trust.orders - known):
            order = await self._known_order(trust, number)
            found += (order,) if trust.owns(order) else ()
        return tuple(sorted(found, key=lambda order: order.placed_at, reverse=True))

    async def returns(self, visitor: Visitor, number: str) -> tuple[Return, ...]:
        """Returns of an own order; needs `verified`."""
        order = await self._own_order(await self.trust(visitor), number)
        return await self._backend.returns_of(order.number)

    async def refunds(self, visitor: Visitor, number: str) -> tuple[Refund, ...]:
        """Refunds of an own order; needs `verified`."""
        order = await self._own_order(await self.trust(visitor), number)
        return await self._backend.refunds_of(order.number)

    async def invoice(self, visitor: Visitor, number: str) -> Invoice | None:
        """The invoice of an own order, None while there is none; needs `verified`."""
        order = await self._own_order(await self.trust(visitor), number)
        return await self._backend.invoice(order.number)

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        """Products for anybody."""
        return await self._backend.search_products(query)

    async def product(self, product_id: str) -> Product:
        """A product with its stock, for anybody.

        Raises:
            NotFoundError: There is none.
        """
        return await self._backend.product(product_id)

    async def propose(self, visitor: Visitor, write: Write) -> Proposal | NotPossible:
        """The write kept for its confirmation, or why it cannot be.

        A new proposal of the same conversation replaces the one before.

        Raises:
            NeedsLevelError: Neither verified nor signed in, or not the visitor's own.
            NotFoundError: The order has no such item, the shop no such product.
            UnsupportedError: The shop does not offer it.
        """
        operation = operation_of(write)
        if operation not in self._backend.capabilities():
            raise UnsupportedError(f"The shop does not offer {operation!r}.")
        trust = await self.trust(visitor)
        order = await self._authorised(trust, write)
        key = await self._execution.settle(visitor.id, trust.who, write)
        if wrong := complaint(write):
            return NotPossible(operation, False, "not_valid", wrong)
        facts = await gather(self._backend, write, order, self._clock())
        decision = decide(self._policy, write, facts)
        if decision.outcome != "allowed":
            return _not_possible(operation, decision)
        now = self._clock()
        lifetime = timedelta(minutes=self._policy.verification.proposal_minutes)
        text = proposal_text(write, facts, decision)
        pending = Pending(
            key=key or secrets.token_hex(32),
            conversation=visitor.id,
            write=write,
            version=order.version if order else "",
            state="proposed",
            proposed_at=now,
            done=None,
            reason="",
        )
        event = AuditEvent(
            event="proposed",
            conversation=visitor.id,
            who=trust.who,
            write=write,
            key=pending.key,
            before=before(facts),
            result=text,
        )
        await asyncio.to_thread(self._pending.propose, pending, event, now)
        return Proposal(pending.key, operation, text, now + lifetime)

    async def confirm(self, visitor: Visitor, key: str) -> Outcome:
        """Execute what was proposed in this conversation, once; no error of ours."""
        try:
            pending = await asyncio.to_thread(self._pending.read, key)
        except UnavailableError:
            return UNREADABLE
        if pending is None or pending.conversation != visitor.id:
            return NOTHING_WAITS
        try:
            trust = await self.trust(visitor)
            order = await self._authorised(trust, pending.write)
            return await self._execution.run(pending, trust.who, order)
        except TrustError:
            if pending.state in ("proposed", "failed", "withdrawn"):
                return not_done(pending.write, "expired")
            return SHOW_AGAIN  # it was sent: what became of it is told to its owner
        except CommerceError:
            return await self._execution.unsent(pending)

    async def withdraw(self, visitor: Visitor) -> None:
        """Drop what waits for a confirmation in this conversation."""
        await asyncio.to_thread(self._pending.withdraw, visitor.id)

    async def close(self) -> None:
        """Give back the connections; the desk is not used afterwards."""
        await self._backend.close()
        await asyncio.to_thread(self._records.engine.dispose)

    async def _authorised(self, trust: Trust, write: Write) -> Order | None:
        """The order that the visitor may change so, None for a write without one.

        Raises:
            NeedsLevelError: They may not.
        """
        number = order_number_of(write)
        if number is not None:
            return await self._own_order(trust, number)
        match write:
            case NotifyBackInStock(email=email) | SetNewsletter(email=email):
                allowed = trust.reads_mail_of(email)
            case RequestData(customer_id=customer_id):
                allowed = trust.strong and trust.customer_id == customer_id
            case _:
                allowed = False
        if not allowed:
            raise NeedsLevelError("verified")
        return None

    async def _own_order(self, trust: Trust, number: str) -> Order:
        order = await self._known_order(trust, number)
        if not trust.owns(order):
            raise NeedsLevelError("verified")
        return order

    async def _known_order(self, trust: Trust, number: str) -> Order:
        """An order whose status the visitor may hear.

        Raises:
            NeedsLevelError: There is none, or it is somebody else's: the same answer,
                after a time that does not tell which.
        """
        if trust.level == "anonymous":
            raise NeedsLevelError("identified")
        if not trust.strong and normal_number(number) not in trust.orders:
            raise NeedsLevelError("identified")
        started = time.monotonic()
        try:
            order = await self._backend.order(number)
            if trust.knows(order):
                return order
        except NotFoundError:
            pass
        await wait_for_step(started)
        raise NeedsLevelError("identified")


def _not_possible(operation: Operation, decision: Decision) -> NotPossible:
    return NotPossible(
        operation, decision.outcome == "person", decision.reason, decision.text
    )
