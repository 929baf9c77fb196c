"""Works off the conversations of one channel: what is due goes out, then the next turn.

Each conversation is worked on by one task of one worker at a time, so turns and
answers keep their order. Whatever a worker leaves behind, by a crash or because the
database was away, is found by the next sweep.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Dict, List, Optional, Set

from addons.channels.deliveries import LEASE_S, Deliveries, Turn
from addons.channels.messages import Busy, Outgoing, Refused, Unreachable

logger = logging.getLogger(__name__)

_CONCURRENT_TURNS = 16
_EXPIRE_EVERY_S = 3600.0
# A call that takes longer lets others go before it ends.
SLOW_S = 0.25
_UNLIMITED = 1_000_000


@dataclass(frozen=True)
class Retries:
    """When a failed call is tried again: after 1, 2, 4 ... seconds, 8 times in all."""

    tries: int = 8
    first_s: float = 1.0
    longest_s: float = 60.0
    longest_asked_s: float = 900.0

    def pause(self, tries: int, asked_s: Optional[float]) -> float:
        """Seconds until the next try; what the vendor asked for is never undercut."""
        own = min(self.longest_s, self.first_s * 2**tries)
        if asked_s is None:
            return own
        return max(min(asked_s, self.longest_asked_s), self.first_s / 10)


@dataclass(frozen=True)
class Errands:
    """What a courier does for its channel.

    Args:
        answer: The calls that answer a turn.
        send: Make a call; the vendor's id of the message.
        arrived: Whether a call of unknown outcome did arrive; asked before it is
            repeated.
        receipt_s: How long the vendor's report of an arrived message may take; before
            that a call of unknown outcome is not repeated.
        in_flight: How many calls may be under way at once, slow ones not counted; as
            many may be of unknown outcome after a crash. 0: any number.
    """

    answer: Callable[[Turn], Awaitable[List[Dict[str, Any]]]]
    send: Callable[[Outgoing], Awaitable[str]]
    arrived: Callable[[Outgoing], Awaitable[bool]]
    receipt_s: float = 0.0
    in_flight: int = 0


class Courier:
    """One worker's tasks for one channel."""

    def __init__(
        self,
        channel: str,
        deliveries: Deliveries,
        errands: Errands,
        retries: Optional[Retries] = None,
        sweep_s: float = 2.0,
    ) -> None:
        """A courier that looks for forgotten work every `sweep_s` seconds."""
        self._channel = channel
        self._deliveries = deliveries
        self._errands = errands
        self._retries = retries or Retries()
        self._sweep_s = sweep_s
        self._tasks: Dict[str, asyncio.Task[None]] = {}
        self._again: Set[str] = set()
        self._turns = asyncio.Semaphore(_CONCURRENT_TURNS)
        self._calls = asyncio.Semaphore(errands.in_flight or _UNLIMITED)
        self._sweeper: Optional[asyncio.Task[None]] = None
        self._stopping = False

    def start(self) -> None:
        """Begin to sweep; what was left before is found at once."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self, patience_s: float = 10.0) -> None:
        """End after the steps that are under way, or after `patience_s` seconds."""
        self._stopping = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def wake(self, conversation: str) -> None:
        """There is something to do in a conversation."""
        if self._stopping:
            return
        if conversation in self._tasks:
            self._again.add(conversation)
            return
        task = asyncio.create_task(self._work(conversation))
        self._tasks[conversation] = task

    async def _work(self, conversation: str) -> None:
        try:
            while True:
                self._again.discard(conversation)
                if await self._deliveries.claim(conversation, time.time()):
                    await self._work_off(conversation)
                if self._stopping or conversation not in self._again:
                    return
        except Exception:
            # The entry point of a task: the sweep comes back to the conversation.
            logger.exception("Work on %r stopped.", conversation)
        finally:
            del self._tasks[conversation]

    async def _work_off(self, conversation: str) -> None:
        """Do what there is to do, in order, until nothing is left."""
        while not self._stopping:
            step = await self._deliveries.next(conversation, time.time())
            if step is None:
                return
            if isinstance(step, Turn):
                async with self._turns:
                    calls = await self._errands.answer(step)
                await self._deliveries.answer(step, calls, time.time())
            elif isinstance(step, Outgoing):
                await self._send(step)
            else:
                await self._rest(step)
        await self._deliveries.release(conversation)

    async def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            await asyncio.sleep(min(0.5, max(0.0, until - time.monotonic())))

    async def _send(self, call: Outgoing) -> None:
        if call.uncertain and await self._has_arrived(call):
            return
        async with self._calls:
            task = asyncio.create_task(self._try(call))
            try:
                await asyncio.wait({task}, timeout=SLOW_S)
            except asyncio.CancelledError:
                task.cancel()
                raise
        await task

    async def _try(self, call: Outgoing) -> None:
        await self._deliveries.begin(call.id, time.time())
        try:
            vendor_id = await self._errands.send(call)
        except Refused as error:
            await self._bury(call, str(error))
        except Busy as error:
            await self._postpone(call, str(error), False, error.retry_after_s)
        except Unreachable as error:
            await self._postpone(call, str(error), error.uncertain, None)
        else:
            await self._deliveries.sent(call.id, vendor_id, time.time())

    async def _has_arrived(self, call: Outgoing) -> bool:
        """Whether a call of unknown outcome need not be repeated."""
        if self._errands.receipt_s:
            await self._rest(self._errands.receipt_s)
            if await self._deliveries.is_settled(call.id):
                return True
        try:
            if not await self._errands.arrived(call):
                return False
        except (Refused, Busy, Unreachable) as error:
            logger.info("The outcome of call %d stays unknown: %s", call.id, error)
            return False
        await self._deliveries.sent(call.id, "", time.time())
        return True

    async def _postpone(
        self, call: Outgoing, reason: str, uncertain: bool, asked_s: Optional[float]
    ) -> None:
        if call.tries + 1 >= self._retries.tries:
            await self._bury(call, reason)
            return
        due = time.time() + self._retries.pause(call.tries, asked_s)
        await self._deliveries.postpone(call.id, due, reason, uncertain)

    async def _bury(self, call: Outgoing, reason: str) -> None:
        logger.error(
            "An answer to %r was given up after %d tries: %s `frontdesk outbox` can "
            "replay it.",
            call.conversation,
            call.tries + 1,
            reason,
        )
        await self._deliveries.bury(call.id, reason, time.time())

    async def _sweep(self) -> None:
        """Renew what is held, take up what nobody holds, forget what is old."""
        renewed = expired = 0.0
        while True:
            now = time.time()
            try:
                if now - renewed > LEASE_S / 3:
                    await self._deliveries.renew(now)
                    renewed = now
                if now - expired > _EXPIRE_EVERY_S:
                    await self._deliveries.expire(now)
                    expired = now
                for conversation in await self._deliveries.waiting(self._channel, now):
                    if conversation not in self._tasks:
                        self.wake(conversation)
            except Exception:
                # The database is away: the next sweep finds what this one missed.
                logger.exception("A sweep of %r failed.", self._channel)
            await asyncio.sleep(self._sweep_s)
