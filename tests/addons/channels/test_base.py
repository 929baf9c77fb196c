import asyncio
import time
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from addons.channels.base import FAILED, LATE, Reply, Turns, offered_payloads
from addons.runtime import UNAVAILABLE
from tests.fakes_channels import FakeActions, Server

pytestmark = pytest.mark.asyncio


async def history(agent: Any, sender: str = "anna") -> list[tuple[str, str]]:
    tracker = await agent.tracker_store.retrieve(sender)
    return [
        ("user" if isinstance(event, UserUttered) else "bot", event.text)
        for event in tracker.events
        if isinstance(event, (UserUttered, BotUttered))
    ]


async def test_action_server_down_is_said_and_logged(
    server: Server, actions: FakeActions, agent: Any
) -> None:
    await actions.stop()
    started = time.perf_counter()
    assert await server.texts("what") == [f"{UNAVAILABLE}."]
    assert time.perf_counter() - started < 2
    assert await history(agent) == [("user", "what"), ("bot", f"{UNAVAILABLE}.")]


async def test_action_server_that_hangs_is_said_before_the_deadline(
    server: Server, actions: FakeActions, agent: Any
) -> None:
    actions.hang()
    started = time.perf_counter()
    assert await server.texts("what") == [f"{UNAVAILABLE}."]
    assert time.perf_counter() - started < 1.5
    assert await history(agent) == [("user", "what"), ("bot", f"{UNAVAILABLE}.")]
    actions.resume()
    actions.say("action_answer_question", "Ten days.")
    assert await server.texts("what") == ["Ten days."]


async def test_message_that_waits_behind_a_hung_one_is_answered_in_time(
    server: Server, actions: FakeActions, agent: Any
) -> None:
    actions.hang()
    started = time.perf_counter()
    await asyncio.gather(server.texts("what one"), server.texts("what two"))
    assert time.perf_counter() - started < 2
    assert [text for who, text in await history(agent) if who == "user"] == [
        "what one",
        "what two",
    ]


async def test_action_that_breaks_is_said_and_ends_the_turn(
    server: Server, actions: FakeActions, caplog: pytest.LogCaptureFixture
) -> None:
    actions.status = 500
    assert await server.texts("person") == [f"{UNAVAILABLE}."]
    assert actions.called == ["action_request_person"]
    assert "'action_request_person' failed for 'anna'" in caplog.text
    assert "it broke" not in caplog.text


async def test_contact_is_named_where_the_environment_has_one(
    server: Server, actions: FakeActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_SUPPORT_CONTACT", "help@shop.example")
    await actions.stop()
    [text] = await server.texts("what")
    assert text == f"{UNAVAILABLE}, or contact us at help@shop.example."


async def test_silent_turn_gets_a_sentence_that_is_logged(
    server: Server, agent: Any
) -> None:
    assert await server.texts("what") == [f"{FAILED}."]
    assert await history(agent) == [("user", "what"), ("bot", f"{FAILED}.")]


async def test_turn_that_breaks_is_said_and_keeps_the_message(
    server: Server, agent: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = agent.processor.run_action_extract_slots
    agent.processor.run_action_extract_slots = None
    assert await server.texts("hello") == [f"{FAILED}."]
    agent.processor.run_action_extract_slots = run
    assert await history(agent) == [("user", "hello"), ("bot", f"{FAILED}.")]
    assert "A turn of 'anna' failed." in caplog.text
    [text] = await server.texts("bye")
    assert text.startswith("Goodbye")


async def test_turn_past_the_deadline_is_stopped_and_frees_the_conversation(
    server: Server, agent: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def wait(*arguments: Any) -> None:
        await asyncio.sleep(30)

    run = agent.processor.run_action_extract_slots
    agent.processor.run_action_extract_slots = wait
    assert await server.texts("hello") == [f"{LATE}."]
    agent.processor.run_action_extract_slots = run
    assert await history(agent) == [("user", "hello"), ("bot", f"{LATE}.")]
    assert agent.lock_store.held() == set()
    assert "A turn of 'anna' took too long." in caplog.text


async def test_turn_without_a_loaded_model_gets_a_sentence() -> None:
    async def handle(message: UserMessage) -> None:
        return None

    message = UserMessage("hello", Reply("rest"), "anna")
    assert await Turns().run(handle, None, message) == [
        {"recipient_id": "anna", "text": f"{FAILED}.", "failure": "empty"}
    ]


async def test_reply_keeps_what_is_not_text() -> None:
    reply = Reply("rest")
    await reply.send_response("anna", {"text": None, "image": "https://x.example/a"})
    await reply.send_response("anna", {"text": " ", "metadata_of_rasa": 1})
    assert reply.messages == [
        {"recipient_id": "anna", "text": "", "image": "https://x.example/a"}
    ]
    assert reply.has_something_to_show()


async def test_keyword_data_alone_is_nothing_to_show() -> None:
    reply = Reply("rest")
    await reply.send_response("anna", {"text": "", "decision": "abstain"})
    assert not reply.has_something_to_show()


async def test_payloads_are_found_in_cards_and_rich_parts(agent: Any) -> None:
    card = {"title": "Mira", "buttons": [{"title": "This", "payload": "/b{}"}]}
    said = [
        BotUttered("1", {"buttons": [{"title": "A", "payload": "/a"}]}),
        BotUttered("2", {"elements": [card]}),
        BotUttered("3", {"custom": {"products": [{"buttons": [{"payload": "/c"}]}]}}),
        BotUttered("4", {"attachment": {"type": "file", "payload": {"src": "x"}}}),
    ]
    tracker = DialogueStateTracker.from_events("anna", said)
    assert offered_payloads(tracker) == {"/a", "/b{}", "/c"}


async def test_question_inside_the_handoff_form_is_answered_and_the_form_resumes(
    server: Server, actions: FakeActions
) -> None:
    actions.say("action_request_person", "Call us.")
    actions.set_slots(
        "action_request_person", handoff_reference="H-2345", offer="nothing"
    )
    actions.say("action_answer_question", "Ten days.")
    actions.say("action_save_email", "Saved.")
    asked = (await server.texts("person"))[1]
    assert "email" in asked
    assert await server.texts("what") == ["Ten days.", asked]
    assert await server.texts("write to joe@mail.example") == ["Saved."]
    slots = actions.calls[-1]["tracker"]["slots"]
    assert slots["email"] == "joe@mail.example"
    assert await server.texts("what") == ["Ten days."]


async def test_email_in_the_request_for_a_person_is_taken_at_once(
    server: Server, actions: FakeActions
) -> None:
    actions.say("action_request_person", "Call us.")
    actions.set_slots("action_request_person", handoff_reference="H-2345")
    actions.say("action_save_email", "Saved.")
    assert await server.texts("a person please, joe@mail.example") == [
        "Call us.",
        "Saved.",
    ]


@pytest.mark.parametrize("word", ["no thank you", "stop", "thanks", "bye"])
async def test_handoff_form_can_be_left(
    server: Server, actions: FakeActions, word: str
) -> None:
    actions.say("action_request_person", "Call us.")
    actions.set_slots(
        "action_request_person", handoff_reference="H-2345", offer="nothing"
    )
    actions.say("action_answer_question", "Ten days.")
    await server.texts("person")
    [text] = await server.texts(word)
    assert "H-2345" in text or word in ("thanks", "bye")
    assert await server.texts("what") == ["Ten days."]


async def test_yes_takes_up_the_offer_of_a_person(
    server: Server, actions: FakeActions
) -> None:
    actions.say("action_answer_question", "Would you like a person?")
    actions.set_slots("action_answer_question", offer="person")
    actions.say("action_request_person", "Call us.")
    actions.set_slots(
        "action_request_person", handoff_reference="H-2345", offer="nothing"
    )
    await server.texts("what")
    assert (await server.texts("yes please"))[0] == "Call us."


async def test_yes_after_another_message_takes_up_nothing(
    server: Server, actions: FakeActions
) -> None:
    actions.say("action_answer_question", "Would you like a person?")
    actions.set_slots("action_answer_question", offer="person")
    await server.texts("what")
    await server.texts("hello")
    assert await server.texts("yes please") == ["Good. What would you like to know?"]
