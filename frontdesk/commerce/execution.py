"""Carries out a confirmed write: once, audited, and honest about what is not known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from frontdesk.commerce.backend import CommerceBackend
from frontdesk.commerce.decisions import Facts
from frontdesk.commerce.errors import (
    CommerceError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    UncertainError,
    UnsupportedError,
)
from frontdesk.commerce.facts import before, gather
from frontdesk.commerce.outcomes import (
    NOTHING_WAITS,
    Outcome,
    finished,
    not_done,
    not_wanted,
)
from frontdesk.commerce.pending import AuditEvent, Pending, PendingWrites, State
from frontdesk.commerce.policy import decide
from frontdesk.commerce.rules import Policy
from frontdesk.commerce.values import Order
from frontdesk.commerce.writes import Done, Write

# How long a confirmation waits for another one of the same thing.
_WAIT_S, _POLL_S = 3.0, 0.1
_CHANGED = "changed"

logger = logging.getLogger(__name__)


class Execution:
    """Runs pending writes on a back end."""

    def __init__(
        self,
        backend: CommerceBackend,
        pending: PendingWrites,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._backend = backend
        self._pending = pending
        self._policy = policy
        self._clock = clock

    async def settle(self, conversation: str, who: str, write: Write) -> str:
        """Look up what is uncertain in a conversation, before anything new is proposed.

        Returns:
            The key of this very write if it is still uncertain, so that it goes on
            under its key; else empty.
        """
        open_ones = await asyncio.to_thread(
            self._pending.unsettled, conversation, self._clock()
        )
        for pending in open_ones:
            try:
                found = await self._backend.find_write(pending.write, pending.key)
            except CommerceError:
                found = None
            if found is not None:
                event = _event(pending, who, "")
                await self._done(pending, event, found)
            elif pending.write == write:
                return pending.key
        return ""

    async def unsent(self, pending: Pending) -> Outcome:
        """The answer when something failed before our turn to send came."""
        try:
            now = await asyncio.to_thread(self._pending.read, pending.key)
        except UnavailableError:
            now = None
        untouched = now is not None and now.state in ("proposed", "failed")
        return not_done(pending.write, "failed" if untouched else "uncertain")

    async def run(self, pending: Pending, who: str, order: Order | None) -> Outcome:
        """What became of a write whose visitor may do it.

        Args:
            pending: As read a moment ago.
            who: For the audit.
            order: As the back end has it now.
        """
        facts = Facts(now=self._clock(), order=order)
        event = _event(pending, who, before(facts))
        lifetime = timedelta(minutes=self._policy.verification.proposal_minutes)
        turn, key = await asyncio.to_thread(
            self._pending.take, pending, event, self._clock(), lifetime
        )
        if turn == "unknown":
            return NOTHING_WAITS
        if turn == "expired":
            return not_done(pending.write, "expired")
        if turn in ("over", "busy"):
            return await self._watch(pending, key)
        if turn == "look_up":
            return await self._look_up(pending, event)
        try:
            problem = await self._no_longer(pending, order)
        except CommerceError as error:
            await self._finish(pending, "failed", replace(event, result=str(error)))
            return not_done(pending.write, "failed")
        if problem:
            await self._finish(pending, "refused", replace(event, result=problem))
            if problem == _CHANGED:
                return not_done(pending.write, "expired")
            return not_wanted(pending.write, problem)
        return await self._send(pending, event)

    async def _no_longer(self, pending: Pending, order: Order | None) -> str:
        """Why what was allowed when it was shown is so no longer; empty if it is."""
        if order is not None and order.version != pending.version:
            return _CHANGED
        write = pending.write
        try:
            facts = await gather(self._backend, write, order, self._clock())
        except NotFoundError:
            return _CHANGED
        decision = decide(self._policy, write, facts)
        return "" if decision.outcome == "allowed" else decision.text

    async def _send(self, pending: Pending, event: AuditEvent) -> Outcome:
        write = pending.write
        try:
            done = await self._backend.write(write, pending.key)
        except UncertainError as error:
            return await self._look_up(pending, event, why=str(error))
        except UnavailableError as error:
            await self._finish(pending, "failed", replace(event, result=str(error)))
            return not_done(write, "failed")
        except (RefusedError, NotFoundError, UnsupportedError) as error:
            reason = error.reason if isinstance(error, RefusedError) else "not_found"
            await self._finish(pending, "refused", replace(event, result=reason))
            return not_wanted(write, reason)
        return await self._done(pending, event, done)

    async def _look_up(
        self, pending: Pending, event: AuditEvent, why: str = ""
    ) -> Outcome:
        """Ask whether it happened; send it again only if that is safe.

        `why` is what made this very attempt uncertain, after which nothing is sent.
        """
        try:
            found = await self._backend.find_write(pending.write, pending.key)
        except CommerceError as error:
            found, why = None, why or str(error)
        if found is not None:
            return await self._done(pending, event, found)
        now = self._clock()
        if not why and await asyncio.to_thread(
            self._pending.may_send_again, pending.key, now
        ):
            return await self._send(pending, event)
        result = why or "not found; an earlier request may still be on its way"
        await self._finish(pending, "uncertain", replace(event, result=result))
        return not_done(pending.write, "uncertain")

    async def _done(self, pending: Pending, event: AuditEvent, done: Done) -> Outcome:
        told = replace(event, result=repr(done))
        await self._finish(pending, "done", told, done)
        return finished(pending.write, done)

    async def _finish(
        self,
        pending: Pending,
        state: State,
        event: AuditEvent,
        done: Done | None = None,
    ) -> None:
        event = replace(event, event=state)
        try:
            await asyncio.to_thread(
                self._pending.finish, pending.key, state, event, done, self._clock()
            )
        except UnavailableError:
            # What the back end said stays true; the write counts as uncertain once it
            # is stale, and is then found by its key.
            logger.error("The end of write %s could not be kept.", pending.key)

    async def _watch(self, pending: Pending, key: str) -> Outcome:
        """What another confirmation makes, or made, of the same write."""
        write, waited = pending.write, 0.0
        while True:
            other = await asyncio.to_thread(self._pending.read, key)
            if other is not None and other.state == "done" and other.done is not None:
                return finished(write, other.done, repeated=True)
            if other is not None and other.state == "refused":
                if other.reason == _CHANGED:
                    return not_done(write, "expired")
                return not_wanted(write, other.reason, repeated=True)
            if other is None or other.state in ("failed", "withdrawn", "proposed"):
                return not_done(write, "failed")
            if other.state == "uncertain":
                return not_done(write, "uncertain")
            if waited >= _WAIT_S:
                return not_done(write, "in_progress")
            await asyncio.sleep(_POLL_S)
            waited += _POLL_S


def _event(pending: Pending, who: str, state_before: str) -> AuditEvent:
    return AuditEvent(
        event="confirmed",
        conversation=pending.conversation,
        who=who,
        write=pending.write,
        key=pending.key,
        before=state_before,
        result="",
    )
