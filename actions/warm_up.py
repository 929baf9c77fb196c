"""Loading, before the first customer comes, what the first question would wait for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import resources
from frontdesk.answering import Answerer
from frontdesk.commerce.errors import CommerceError
from frontdesk.commerce.service import Desk
from frontdesk.knowledge.errors import KnowledgeError

logger = logging.getLogger(__name__)

QUESTION = "How long do I have to return something?"


class ActionWarmUp(Action):  # type: ignore[misc]
    """Opens knowledge and shop and searches once, for whoever starts this server."""

    def __init__(
        self,
        get_answerer: Callable[[], Answerer] | None = None,
        get_desk: Callable[[], Desk] | None = None,
    ) -> None:
        self._get_answerer = get_answerer
        self._get_desk = get_desk

    def name(self) -> str:
        return "action_warm_up"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        get_answerer = self._get_answerer or resources.get_answerer
        try:
            answerer = await asyncio.to_thread(get_answerer)
            turns = [{"role": "user", "text": QUESTION}]
            await asyncio.to_thread(answerer.understand, turns, {})
        except KnowledgeError as error:
            logger.error("Questions cannot be answered yet: %s", error)
        try:
            await asyncio.to_thread(self._get_desk or resources.get_desk)
        except CommerceError as error:
            logger.error("The shop cannot be asked yet: %s", error)
        return []
