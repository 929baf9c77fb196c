"""What a customer meant by a pressed button, a typed number or a typed command.

The conversation itself remembers which buttons it was shown, so a restart forgets none.
"""

import hashlib
from typing import Any, Dict, List, Optional

from rasa.core.agent import Agent
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from addons.channels.base import Reply, offered_payloads
from addons.channels.deliveries import Turn
from addons.channels.guard import guard_command, guard_text
from addons.channels.messages import Inbound

# Buttons that were not shown as such are answered by their number or title.
_MAX_TITLE = 60


async def said(agent: Optional[Agent], conversation: str, inbound: Inbound) -> str:
    """What the customer said: a command only if this conversation was offered it.

    Raises:
        RefusedMessageError: It cannot be passed on.
    """
    tracker = None
    short = len(inbound.text) <= _MAX_TITLE
    if agent is not None and agent.is_ready() and (inbound.payload or short):
        tracker = await agent.tracker_store.retrieve(conversation)
    offered = offered_payloads(tracker) if tracker else set()
    if inbound.payload:
        for payload in offered:
            if inbound.payload in (payload, token(payload)):
                return guard_command(guard_text(payload), offered)
    text = guard_text(inbound.text)
    return guard_command(chosen(tracker, text) or text, offered)


def token(payload: str) -> str:
    """A short stand-in for a payload, for vendors whose buttons carry few bytes."""
    return f"#{hashlib.sha256(payload.encode()).hexdigest()[:24]}"


def chosen(tracker: Optional[DialogueStateTracker], text: str) -> str:
    """The payload of the button that a typed number or title means; empty for none.

    Only the buttons of the last message that had any count, and only until the
    customer has said something else.
    """
    buttons = _last_buttons(tracker) if tracker else []
    if text.isdecimal() and len(text) <= 2:
        number = int(text)
        if 1 <= number <= len(buttons):
            return str(buttons[number - 1].get("payload") or "")
    for button in buttons:
        if str(button.get("title") or "").casefold() == text.casefold():
            return str(button.get("payload") or "")
    return ""


def message_id(turn: Turn) -> str:
    return f"{turn.conversation.split(':', 1)[0]}:{turn.inbound.event_id}"


def _last_buttons(tracker: DialogueStateTracker) -> List[Dict[str, Any]]:
    for event in reversed(tracker.applied_events()):
        if isinstance(event, UserUttered):
            return []
        if isinstance(event, BotUttered):
            buttons = event.data.get("buttons") or event.data.get("quick_replies")
            if buttons:
                return list(buttons)
    return []


async def answered_before(
    agent: Optional[Agent], turn: Turn, channel: str
) -> Optional[List[Dict[str, Any]]]:
    """What a turn that was cut off had already said; None if it has to be run."""
    if agent is None or not agent.is_ready():
        return None
    tracker = await agent.tracker_store.retrieve(turn.conversation)
    events = list(tracker.events) if tracker else []
    for position, event in enumerate(events):
        if isinstance(event, UserUttered) and event.message_id == message_id(turn):
            reply = Reply(channel)
            for said in events[position + 1 :]:
                if isinstance(said, UserUttered):
                    break
                if isinstance(said, BotUttered):
                    await reply.send_response(turn.conversation, said.message())
            return reply.messages
    return None
