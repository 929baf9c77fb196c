"""Answering from knowledge."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import httpx
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import resources
from actions.streaming import Address, open_reader
from actions.turns import page_product
from frontdesk.answering import Answer, Answerer
from frontdesk.answering.telemetry import ship_turn
from frontdesk.answering.trace import write_trace
from frontdesk.answering.wording import unavailable
from frontdesk.knowledge.errors import KnowledgeError
from frontdesk.settings import Settings

logger = logging.getLogger(__name__)

MAX_TURNS = 8


class ActionAnswerQuestion(Action):  # type: ignore[misc]
    """Answers the last message from the knowledge, or says honestly that it cannot."""

    def __init__(
        self,
        get_answerer: Callable[[], Answerer] | None = None,
        settings: Settings | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._get_answerer = get_answerer
        self._settings = settings
        self._http = http

    def name(self) -> str:
        return "action_answer_question"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        settings = self._settings or resources.get_settings()
        get_answerer = self._get_answerer or resources.get_answerer
        trace: dict[str, Any] = {}
        address = Address.of(tracker, settings)
        try:
            answerer = await asyncio.to_thread(get_answerer)
            async with open_reader(address, self._http) as reader:
                turns = turns_of(tracker.events)
                page = page_product(tracker)
                answer = await answerer.answer(turns, reader, trace, page)
        except KnowledgeError as error:
            logger.error("No answer for %r: %s", tracker.sender_id, error)
            answer = Answer("abstain", unavailable(settings))
        trace["intent"] = tracker.latest_message.get("intent", {})
        await asyncio.to_thread(_record, settings, tracker.sender_id, trace)
        dispatcher.utter_message(
            text=answer.text,
            buttons=[{"title": c, "payload": c} for c in answer.choices],
            citations=[asdict(citation) for citation in answer.citations],
            decision=answer.decision,
            generated=answer.generated,
            timings=answer.timings,
            stopped=answer.stopped,
            stream_id=address.stream_id if address else None,
        )
        offers_a_person = answer.decision in ("abstain", "escalate")
        return [SlotSet("offer", "person" if offers_a_person else "nothing")]


def turns_of(events: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The last turns of a conversation, oldest first, ending with the customer's."""
    turns = [
        {"role": event["event"], "text": event["text"]}
        for event in events
        if event.get("event") in ("user", "bot") and event.get("text")
    ]
    while turns and turns[-1]["role"] != "user":
        turns.pop()
    return turns[-MAX_TURNS:]


def _record(settings: Settings, conversation: str, trace: dict[str, Any]) -> None:
    try:
        write_trace(settings.var, conversation, trace)
    except OSError as error:
        logger.error("No trace of %r: %s", conversation, error)
    tracer = resources.get_tracer()
    if tracer is not None:
        ship_turn(tracer, conversation, trace)
