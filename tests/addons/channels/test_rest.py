import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest
from rasa.shared.core.events import BotUttered, UserUttered

from addons.channels.base import Turns
from addons.channels.guard import EMPTY, NO_TEXT, TOO_LONG
from addons.channels.rest import MAX_BODY, RestInput
from tests.fakes_channels import FakeActions, Server

pytestmark = pytest.mark.asyncio


async def last_said(agent: Any, sender: str) -> UserUttered:
    tracker = await agent.tracker_store.retrieve(sender)
    return [event for event in tracker.events if isinstance(event, UserUttered)][-1]


async def test_message_is_answered(server: Server) -> None:
    [reply] = await server.send("hello")
    assert reply["recipient_id"] == "anna"
    assert "How can I help" in reply["text"] or "help you with" in reply["text"]


async def test_health_answers_ok(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/") as response:
            assert await response.json() == {"status": "ok"}


async def test_keyword_data_of_an_action_reaches_the_caller(
    server: Server, actions: FakeActions
) -> None:
    actions.say(
        "action_answer_question",
        "Ten days.\n\nOr eleven.",
        citations=[{"id": "faq-1", "quote": "Ten days."}],
        decision="answer",
        timings={"retrieve_ms": 3},
        buttons=[{"title": "More", "payload": "more"}],
        contact="internal",
    )
    assert await server.send("what") == [
        {
            "recipient_id": "anna",
            "text": "Ten days.\n\nOr eleven.",
            "buttons": [{"title": "More", "payload": "more"}],
            "citations": [{"id": "faq-1", "quote": "Ten days."}],
            "decision": "answer",
            "timings": {"retrieve_ms": 3},
        }
    ]


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (None, EMPTY),
        ("", EMPTY),
        ("   ", EMPTY),
        ("\x00", EMPTY),
        ("\ud800", EMPTY),
        ("/", EMPTY),
        (5, NO_TEXT),
        ({"a": 1}, NO_TEXT),
        pytest.param("x" * 1_000_000, TOO_LONG, id="1 MB"),
    ],
)
async def test_unreadable_message_gets_a_sentence_at_once(
    server: Server, message: Any, sentence: str
) -> None:
    await server.send("hello")  # the first request also starts Sanic's machinery
    started = time.perf_counter()
    [reply] = await server.send(message)
    assert reply["text"] == sentence
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"\xff\xfe", 400, "no JSON"),
        pytest.param(b"[" * 100_000, 400, "no JSON", id="deep"),
        (b"[]", 400, "no JSON object"),
        (b"null", 400, "no JSON object"),
        (b'{"message": "hi"}', 400, "'sender'"),
        (b'{"sender": 7, "message": "hi"}', 400, "'sender'"),
        (b'{"sender": "a\\u0000", "message": "hi"}', 400, "'sender'"),
        pytest.param(
            b"x" * (MAX_BODY + 1), 413, "Send a shorter message", id="endless"
        ),
    ],
)
async def test_malformed_body_is_a_json_error(
    server: Server, body: bytes, status: int, reason: str
) -> None:
    given, answer = await server.post(body)
    assert given == status
    assert reason in answer["error"]


async def test_channel_of_a_conversation_is_not_the_callers_choice(
    server: Server, agent: Any
) -> None:
    await server.post(b'{"sender":"eve","message":"hello","input_channel":"slack"}')
    tracker = await agent.tracker_store.retrieve("eve")
    assert tracker.get_latest_input_channel() == "rest"


async def test_typed_intent_is_no_intent(server: Server, agent: Any) -> None:
    await server.send("/goodbye")
    said = await last_said(agent, "anna")
    assert (said.text, said.intent_name) == ("goodbye", None)


async def test_offered_button_is_followed_also_in_a_later_turn(
    server: Server, actions: FakeActions, agent: Any
) -> None:
    actions.say(
        "action_answer_question",
        "I don't know.",
        buttons=[{"title": "A person", "payload": "/talk_to_person"}],
    )
    await server.send("what")
    await server.send("hello")
    await server.send("/talk_to_person")
    said = await last_said(agent, "anna")
    assert (said.text, said.intent_name) == ("/talk_to_person", "talk_to_person")


async def test_button_offered_to_one_customer_is_not_open_to_another(
    server: Server, actions: FakeActions, agent: Any
) -> None:
    actions.say(
        "action_answer_question",
        "I don't know.",
        buttons=[{"title": "A person", "payload": "/talk_to_person"}],
    )
    await server.send("what", sender="anna")
    await server.send("/talk_to_person", sender="eve")
    said = await last_said(agent, "eve")
    assert (said.text, said.intent_name) == ("talk_to_person", None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Authorization": "Bearer wrong"},
    ],
)
async def test_caller_who_is_not_local_is_refused(
    server: Server, headers: dict
) -> None:
    status, answer = await server.post(b'{"sender":"eve","message":"hello"}', headers)
    assert status == 401
    assert "FRONTDESK_REST_TOKEN" in answer["error"]


async def test_token_opens_the_channel_to_callers_from_elsewhere(agent: Any) -> None:
    served = Server(agent, RestInput("s3cret", Turns()))
    await served.start()
    body = json.dumps({"sender": "anna", "message": "hello"}).encode()
    headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer s3cret"}
    assert (await served.post(body, headers))[0] == 200
    headers["Authorization"] = "Bearer s3cret2"
    assert (await served.post(body, headers))[0] == 401
    await served.stop()


async def test_token_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRONTDESK_REST_TOKEN", "s3cret")
    assert RestInput.from_credentials(None)._token == "s3cret"
    monkeypatch.delenv("FRONTDESK_REST_TOKEN")
    assert RestInput.from_credentials({})._token == ""


async def test_two_messages_at_once_are_answered_in_order(
    server: Server, actions: FakeActions, agent: Any
) -> None:
    actions.say("action_answer_question", "Ten days.")
    replies = await asyncio.gather(server.texts("what"), server.texts("hello"))
    assert replies[0] == ["Ten days."]
    tracker = await agent.tracker_store.retrieve("anna")
    said = [
        event.text
        for event in tracker.events
        if isinstance(event, (UserUttered, BotUttered))
    ]
    assert said == ["what", "Ten days.", "hello", replies[1][0]]
