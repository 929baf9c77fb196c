"""Answering the messages that wait in the log: in order, once, whatever breaks off.

A message is stored before it is acknowledged, and counts as answered in the same step
that stores its replies. A worker that dies in between leaves it waiting; whoever
serves the conversation next first looks whether Rasa's tracker holds the reply.
"""

import asyncio
import logging
import secrets
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, UserUttered

from addons.channels.base import Handler, Reply, Turns
from addons.channels.web_bursts import first_burst, hold_s, joined
from addons.channels.web_live import STAGES, Live
from addons.channels.web_log import ConversationLog, LogError, Message, Waiting
from addons.channels.web_messages import age_s, bot_message

logger = logging.getLogger(__name__)

# Send(event, session, payload) reaches every tab of the session.
Send = Callable[[str, str, Dict[str, Any]], Awaitable[None]]
RETRY_S = 1.0
# A message this old may have been answered by a worker that died since.
_OLD_S = 3.0


class Conversations:
    """Answers conversations in tasks of their own."""

    def __init__(
        self,
        channel: str,
        log: ConversationLog,
        live: Live,
        turns: Turns,
        send: Send,
        handle: Handler,
        agent: Callable[[], Optional[Agent]],
    ) -> None:
        """Nothing is answered before `kick`.

        Args:
            channel: Its name, for Rasa.
            log: Where messages wait.
            live: Who answers what, in which stream.
            turns: Runs one turn.
            send: Reaches the browser.
            handle: Rasa's handler of messages.
            agent: The agent in force.
        """
        self._channel = channel
        self._log = log
        self._live = live
        self._turns = turns
        self._send = send
        self._handle = handle
        self._agent = agent
        self._tasks: Dict[str, asyncio.Task[None]] = {}
        self._kicked: set = set()

    def kick(self, session: str) -> None:
        """See to it that all waiting messages of a conversation are answered."""
        self._kicked.add(session)
        if session not in self._tasks:
            self._tasks[session] = asyncio.create_task(self._serve(session))

    async def finish(self, limit_s: float) -> None:
        """Let running turns end, those that take longer are broken off."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, session: str) -> None:
        try:
            while session in self._kicked:
                self._kicked.discard(session)
                await self._answer_all(session)
        except LogError as error:
            logger.error("Messages of %r wait: %s", session, error)
        except Exception:
            # The entry point of a task: nobody else would hear of it.
            logger.exception("Messages of %r wait.", session)
        finally:
            self._kicked.discard(session)
            del self._tasks[session]

    async def _answer_all(self, session: str) -> None:
        while await self._log.waiting(session):
            if not await self._live.lease(session):
                await asyncio.sleep(RETRY_S)  # another worker is at it, or died at it
                continue
            try:
                burst = await self._next_burst(session)
                while burst:
                    await self._live.renew(session)
                    await self._answer(session, burst)
                    burst = await self._next_burst(session)
            finally:
                await self._live.release(session)

    async def _next_burst(self, session: str) -> List[Waiting]:
        while True:
            burst = first_burst(await self._log.waiting(session))
            wait_s = hold_s(burst) if burst else 0.0
            if not wait_s:
                return burst
            await asyncio.sleep(wait_s)

    async def _answer(self, session: str, burst: Sequence[Waiting]) -> None:
        stream_id = secrets.token_hex(12)
        await self._live.open(stream_id, session)
        try:
            begin = {"stream_id": stream_id, "seq": 0, "stage": STAGES[0]}
            await self._send("bot_stream", session, begin)
            replies = await self._earlier_replies(session, burst)
            replies = replies or await self._run(session, burst, stream_id)
            messages = [bot_message(reply) for reply in replies]
            _mark(messages, stream_id)
            seqs = [piece.message["seq"] for piece in burst]
            stored = await self._store(session, seqs, messages)
        finally:
            await self._live.close(stream_id, session)
        for message in stored:
            await self._send("bot_uttered", session, message)

    async def _run(
        self, session: str, burst: Sequence[Waiting], stream_id: str
    ) -> List[Dict[str, Any]]:
        last = burst[-1]
        metadata = {**last.turn.get("context", {}), "stream_id": stream_id}
        metadata["message_ids"] = [piece.message["message_id"] for piece in burst]
        if last.turn.get("identity_token"):
            metadata["identity_token"] = last.turn["identity_token"]
        message = UserMessage(
            joined(burst),
            Reply(self._channel),
            session,
            input_channel=self._channel,
            message_id=last.message["message_id"],
            metadata=metadata,
        )
        return await self._turns.run(self._handle, self._agent(), message)

    async def _store(
        self, session: str, seqs: Sequence[int], messages: Sequence[Message]
    ) -> List[Message]:
        try:
            return await self._log.answer(session, seqs, messages)
        except LogError:
            # The customer sees the reply at least; it is found again in the tracker.
            for message in messages:
                await self._send("bot_uttered", session, message)
            raise

    async def _earlier_replies(
        self, session: str, burst: Sequence[Waiting]
    ) -> List[Dict[str, Any]]:
        """What was said to these messages already, before a worker died."""
        agent = self._agent()
        if agent is None or not agent.is_ready() or age_s(burst[0].message) < _OLD_S:
            return []
        tracker = await agent.tracker_store.retrieve(session)
        wanted = {piece.message["message_id"] for piece in burst}
        replies: List[Dict[str, Any]] = []
        found = False
        for event in tracker.events if tracker else ():
            if isinstance(event, UserUttered):
                given = (event.metadata or {}).get("message_ids", ())
                found = not wanted.isdisjoint(given)
            elif found and isinstance(event, BotUttered):
                if event.metadata.get("sender") != "agent":
                    replies.append(event.message())
        return replies


def _mark(messages: Sequence[Message], stream_id: str) -> None:
    """Let exactly one message take the place of the stream's bubble."""
    own = [m for m in messages if m.get("stream_id") == stream_id]
    for message in messages:
        message.pop("stream_id", None)
    (own or messages)[0]["stream_id"] = stream_id
