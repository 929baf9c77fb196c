"""One turn of a conversation, whatever the channel: never late, never empty.

A channel reads a message, lets `Turns.run` answer it and sends what comes back.
"""

import asyncio
import json
import logging
import time
from typing import Any, Awaitable, Callable, Dict, Iterator, List, Optional, Set

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from addons import runtime
from addons.channels.guard import guard_command, is_command

logger = logging.getLogger(__name__)

DEADLINE_S = 9.5
_LOGGING_S = 0.5

LATE = (
    "I'm sorry, that is taking longer than it should, so I've stopped. "
    "Please try again in a moment"
)
FAILED = (
    "I'm sorry, something went wrong on our side and I have no answer to that. "
    "Please try again in a moment"
)

# Keyword data that an action may hand to the channel with its text:
# dispatcher.utter_message(text=..., citations=[...]). Anything else an event carries
# is Rasa's or the action's own business.
PASSED_ON = (
    *("citations", "decision", "choices", "generated", "timings"),
    *("stream_id", "stopped", "failure"),
)
_RICH = ("custom", "image", "attachment", "elements")

Handler = Callable[[UserMessage], Awaitable[Any]]


class Reply(CollectingOutputChannel):
    """Collects the messages of one turn, each as one JSON object."""

    def __init__(self, channel: str) -> None:
        """An empty reply.

        Args:
            channel: The name that channel-specific responses go by.
        """
        super().__init__()
        self._channel = channel

    def name(self) -> str:  # type: ignore[override]
        return self._channel

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        text = (message.get("text") or "").strip()
        reply: Dict[str, Any] = {"recipient_id": recipient_id, "text": text}
        buttons = message.get("buttons") or message.get("quick_replies")
        if buttons:
            reply["buttons"] = buttons
        for key in _RICH + PASSED_ON:
            if message.get(key) is not None:
                reply[key] = message[key]
        if text or len(reply) > 2:
            self.messages.append(reply)

    def has_something_to_show(self) -> bool:
        return any(
            message["text"] or any(message.get(key) for key in ("buttons", *_RICH))
            for message in self.messages
        )


class Turns:
    """Runs turns within a deadline and sees to it that each has a visible reply."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        """Turns that are answered within `deadline_s` seconds."""
        self._deadline_s = deadline_s
        self._tasks: Set[asyncio.Task[None]] = set()

    async def run(
        self, handle: Handler, agent: Optional[Agent], message: UserMessage
    ) -> List[Dict[str, Any]]:
        """The messages that answer one message of a customer; at least one.

        What the customer sees instead of an answer is also written into the
        conversation, together with their message if the turn was lost.
        """
        if agent is not None:
            runtime.prepare(agent)
        reply = message.output_channel
        assert isinstance(reply, Reply)
        runtime.turn_deadline.set(time.monotonic() + self._deadline_s)
        text, failure = FAILED, "empty"
        try:
            await asyncio.wait_for(handle(message), self._deadline_s)
        except asyncio.TimeoutError:
            logger.error("A turn of %r took too long.", message.sender_id)
            text, failure = LATE, "late"
        except Exception:
            # The last line of defence: whatever broke, the customer gets a sentence.
            logger.exception("A turn of %r failed.", message.sender_id)
            failure = "error"
        if not reply.has_something_to_show():
            text = runtime.or_contact(text)
            reply.messages.append(
                {"recipient_id": message.sender_id, "text": text, "failure": failure}
            )
            await self._log(agent, message, text, failure)
        return reply.messages

    async def _log(
        self, agent: Optional[Agent], message: UserMessage, text: str, failure: str
    ) -> None:
        """Write the reply into the conversation; on its own if that takes a while."""
        if agent is None or not agent.is_ready():
            return
        task = asyncio.create_task(_write(agent, message, text, failure))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=_LOGGING_S)


async def accept_command(agent: Optional[Agent], sender: str, text: str) -> str:
    """The text, with a leading slash only where a button offered exactly that.

    Raises:
        RefusedMessageError: Nothing but slashes is left.
    """
    if not is_command(text):
        return text
    tracker = None
    if agent is not None and agent.is_ready():
        tracker = await agent.tracker_store.retrieve(sender)
    return guard_command(text, offered_payloads(tracker) if tracker else set())


def offered_payloads(tracker: DialogueStateTracker) -> Set[str]:
    """The payloads of all buttons shown in the current session of a conversation.

    The conversation itself is the memory, so a restart forgets none.
    """
    return {
        payload
        for event in tracker.applied_events()
        if isinstance(event, BotUttered)
        for payload in _payloads(event.data)
    }


def _payloads(part: Any) -> Iterator[str]:
    """All texts that are the `payload` of something, cards and rich parts included."""
    if isinstance(part, dict):
        if isinstance(part.get("payload"), str):
            yield part["payload"]
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for inner in part:
            yield from _payloads(inner)


async def _write(agent: Agent, message: UserMessage, text: str, failure: str) -> None:
    try:
        async with agent.lock_store.lock(message.sender_id):
            tracker = await agent.processor.fetch_tracker_and_update_session(
                message.sender_id
            )
            events = [BotUttered(text, metadata={"failure": failure})]
            latest = tracker.latest_message
            if latest is None or latest.message_id != message.message_id:
                said = UserUttered(
                    message.text,
                    input_channel=message.input_channel,
                    message_id=message.message_id,
                )
                events = [said, *events, ActionExecuted(ACTION_LISTEN_NAME)]
            tracker.update_with_events(events, agent.domain)
            await agent.processor.save_tracker(tracker)
    except Exception:
        # The customer has the reply already; only its record is missing.
        logger.exception("A reply to %r was not logged.", message.sender_id)


def as_json(value: object) -> str:
    """JSON in ASCII, which any text survives, lone surrogates included."""
    return json.dumps(value)
