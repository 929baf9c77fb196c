"""Handing the customer over to a person."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import resources
from frontdesk.handoff import HandoffError, Said, record_email, record_request
from frontdesk.settings import Settings

logger = logging.getLogger(__name__)

REQUESTS_FILE = "handoffs.jsonl"
LAST_MESSAGES = 10


class ActionRequestPerson(Action):  # type: ignore[misc]
    """Says how to reach a person and records the request once a conversation."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings

    def name(self) -> str:
        return "action_request_person"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        settings = self._settings or resources.get_settings()
        contact, hours = settings.support_contact, settings.support_hours
        reference = tracker.get_slot("handoff_reference")
        said = "utter_person_contact_again"
        if not reference:
            try:
                request = await asyncio.to_thread(
                    record_request,
                    settings.var / REQUESTS_FILE,
                    sender_id=tracker.sender_id,
                    channel=tracker.get_latest_input_channel() or "",
                    reason=tracker.latest_message.get("text") or "",
                    messages=last_messages(tracker.events),
                )
            except HandoffError as error:
                logger.error("No request recorded for %r: %s", tracker.sender_id, error)
                dispatcher.utter_message(
                    response="utter_person_contact_only", contact=contact, hours=hours
                )
                # There is no request that an email address could go with.
                return [SlotSet("offer", "nothing"), FollowupAction("action_listen")]
            reference, said = request.reference, "utter_person_contact"
        dispatcher.utter_message(
            response=said, contact=contact, hours=hours, reference=reference
        )
        return [SlotSet("handoff_reference", reference), SlotSet("offer", "nothing")]


class ActionSaveEmail(Action):  # type: ignore[misc]
    """Keeps the email address with the request that was recorded before."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings

    def name(self) -> str:
        return "action_save_email"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        settings = self._settings or resources.get_settings()
        reference = str(tracker.get_slot("handoff_reference"))
        email = str(tracker.get_slot("email"))
        try:
            await asyncio.to_thread(
                record_email, settings.var / REQUESTS_FILE, reference, email
            )
        except HandoffError as error:
            logger.error("No email saved for %r: %s", tracker.sender_id, error)
            dispatcher.utter_message(
                response="utter_email_not_saved",
                contact=settings.support_contact,
                hours=settings.support_hours,
            )
            return [SlotSet("email", None)]
        dispatcher.utter_message(
            response="utter_email_saved", address=email, reference=reference
        )
        return []


def last_messages(events: list[dict[str, Any]]) -> list[Said]:
    """What the customer and the assistant said last, oldest first."""
    said = [
        Said(event["event"], event["text"])
        for event in events
        if event.get("event") in ("user", "bot") and event.get("text")
    ]
    return said[-LAST_MESSAGES:]
