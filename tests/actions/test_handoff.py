from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import REQUESTS_FILE, ActionRequestPerson, ActionSaveEmail
from frontdesk.handoff import Said, read_requests
from frontdesk.settings import Settings


def run(
    action: Action, slots: dict[str, Any], texts: Sequence[str] = ("hello",)
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the action says and the events it returns."""
    events = [
        {"event": "user", "text": text, "input_channel": "rest"} for text in texts
    ]
    tracker = Tracker(
        "anna", slots, {"text": texts[-1]}, events, False, None, {}, "action_listen"
    )
    dispatcher = CollectingDispatcher()
    returned = asyncio.run(action.run(dispatcher, tracker, {}))
    return dispatcher.messages, returned


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path, support_contact="help@shop.example")


def test_request_for_a_person_is_recorded_and_told(settings: Settings) -> None:
    [said], events = run(ActionRequestPerson(settings), {}, ["hello", "a person"])
    [request] = read_requests(settings.var / REQUESTS_FILE)
    assert said["response"] == "utter_person_contact"
    assert said["contact"] == "help@shop.example"
    assert said["reference"] == request.reference
    assert events == [
        SlotSet("handoff_reference", request.reference),
        SlotSet("offer", "nothing"),
    ]
    assert (request.sender_id, request.channel) == ("anna", "rest")
    assert request.reason == "a person"
    assert request.messages == (Said("user", "hello"), Said("user", "a person"))


def test_second_request_in_a_conversation_keeps_its_reference(
    settings: Settings,
) -> None:
    [said], _ = run(ActionRequestPerson(settings), {"handoff_reference": "H-2345"})
    assert said["response"] == "utter_person_contact_again"
    assert said["reference"] == "H-2345"
    assert read_requests(settings.var / REQUESTS_FILE) == []


def test_only_the_last_ten_messages_are_kept(settings: Settings) -> None:
    run(ActionRequestPerson(settings), {}, [str(number) for number in range(30)])
    [request] = read_requests(settings.var / REQUESTS_FILE)
    assert [said.text for said in request.messages] == [
        str(number) for number in range(20, 30)
    ]


def test_request_that_cannot_be_recorded_still_gets_the_contact(
    tmp_path: Path,
) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    settings = Settings(var=tmp_path / "var", support_contact="help@shop.example")
    [said], events = run(ActionRequestPerson(settings), {})
    assert said["response"] == "utter_person_contact_only"
    assert said["contact"] == "help@shop.example"
    assert events == [SlotSet("offer", "nothing"), FollowupAction("action_listen")]


def test_email_is_saved_with_the_request(settings: Settings) -> None:
    run(ActionRequestPerson(settings), {})
    [request] = read_requests(settings.var / REQUESTS_FILE)
    slots = {"handoff_reference": request.reference, "email": "anna@mail.example"}
    [said], events = run(ActionSaveEmail(settings), slots)
    assert said["response"] == "utter_email_saved"
    assert said["address"] == "anna@mail.example"
    assert said["reference"] == request.reference
    assert events == []
    assert read_requests(settings.var / REQUESTS_FILE)[0].email == "anna@mail.example"


def test_email_that_cannot_be_saved_is_forgotten_and_said(settings: Settings) -> None:
    slots = {"handoff_reference": None, "email": "anna@mail.example"}
    [said], events = run(ActionSaveEmail(settings), slots)
    assert said["response"] == "utter_email_not_saved"
    assert events == [SlotSet("email", None)]
