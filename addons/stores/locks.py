"""One turn at a time in each conversation, for one Rasa worker, without polling.

Rasa's own ticket lock looks once a second whether its turn has come. Here a waiting
turn wakes as soon as the one before it ends.
"""

import asyncio
import os
from contextlib import asynccontextmanager
from typing import AsyncIterator, Dict, Optional, Set

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore
from rasa.utils.endpoints import EndpointConfig


class ConversationLocks(LockStore):
    """Locks held in this process; first come, first served."""

    def __init__(self, endpoint_config: Optional[EndpointConfig] = None) -> None:
        """Locks for one worker.

        Raises:
            ValueError: SANIC_WORKERS asks for several workers.
        """
        workers = os.environ.get("SANIC_WORKERS", "1")
        if workers != "1":
            raise ValueError(
                f"SANIC_WORKERS is {workers!r}, but the lock store of endpoints.yml "
                "works in one process. Set SANIC_WORKERS to 1 or name a shared lock "
                "store."
            )
        self._locks: Dict[str, asyncio.Lock] = {}
        self._users: Dict[str, int] = {}

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = 1,
    ) -> AsyncIterator[TicketLock]:
        """Hold a conversation; waits `lock_lifetime` seconds for it at most.

        Raises:
            LockError: The conversation did not become free in that time.
        """
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        self._users[conversation_id] = self._users.get(conversation_id, 0) + 1
        try:
            try:
                await asyncio.wait_for(lock.acquire(), lock_lifetime)
            except asyncio.TimeoutError as error:
                raise LockError(
                    f"Conversation {conversation_id!r} was busy for {lock_lifetime} s."
                ) from error
            try:
                yield TicketLock(conversation_id)
            finally:
                lock.release()
        finally:
            self._users[conversation_id] -= 1
            if not self._users[conversation_id]:
                del self._users[conversation_id], self._locks[conversation_id]

    def held(self) -> Set[str]:
        """The conversations that a turn holds or waits for."""
        return set(self._locks)
