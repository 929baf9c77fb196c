import json
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from socketio.exceptions import ConnectionError

from addons.channels.guard import EMPTY, NO_TEXT, TOO_LONG
from addons.channels.web_feedback import FILE
from addons.channels.web_limits import Limits
from tests.fakes_web import (
    OF_SANIC,
    WIDE,
    Browser,
    RecordingRasa,
    WebServer,
    options,
)

pytestmark = [pytest.mark.asyncio, OF_SANIC]


async def test_second_tab_sees_what_the_first_one_says(
    web: WebServer, browser: Browser
) -> None:
    second = await Browser().open(web.url)
    await second.begin(token=browser.session["token"])
    ack = await browser.say("One.", "m-1234567")
    await second.replies(1)
    [said] = second.of("user_uttered")
    assert (said["seq"], said["text"]) == (ack["seq"], "One.")
    assert said["message_id"] == "m-1234567"
    assert browser.of("user_uttered") == []
    await second.close()


async def test_resent_message_is_answered_once(
    browser: Browser, rasa: RecordingRasa
) -> None:
    first = await browser.say("One.", "m-1234567")
    again = await browser.say("One.", "m-1234567")
    assert again == {**first, "duplicate": True}
    await browser.say("Two.")
    await browser.replies(2)
    assert rasa.texts == ["One.", "Two."]


async def test_quick_messages_are_answered_in_order(
    browser: Browser, rasa: RecordingRasa
) -> None:
    rasa.delay_s = 0.05
    texts = [f"Question {n}?" for n in range(8)]
    for text in texts:
        await browser.say(text)
    replies = await browser.replies(8)
    assert rasa.texts == texts
    assert [reply["text"] for reply in replies] == [f"re: {text}" for text in texts]


async def test_burst_of_short_messages_is_one_turn(
    browser: Browser, rasa: RecordingRasa
) -> None:
    acks = [await browser.say(t) for t in ("hi", "where is my order", "LO-1234")]
    assert [ack["seq"] for ack in acks] == [1, 2, 3]
    [reply] = await browser.replies(1)
    assert (reply["seq"], rasa.texts) == (4, ["hi\nwhere is my order\nLO-1234"])
    assert len(rasa.messages[0].metadata["message_ids"]) == 3


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        (None, "empty", EMPTY),
        (" \x00", "empty", EMPTY),
        ("/", "empty", EMPTY),
        ({"a": 1}, "not_text", NO_TEXT),
        ("x" * 2001, "too_long", TOO_LONG),
    ],
)
async def test_unreadable_message_is_refused_with_a_sentence(
    browser: Browser, rasa: RecordingRasa, text: Any, error: str, sentence: str
) -> None:
    ack = await browser.say(text)
    assert ack == {"ok": False, "error": error, "text": sentence}
    assert (await browser.call("history"))["messages"] == []


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("user_uttered", {"message": "hi"}),
        ("user_uttered", "hi"),
        ("session_request", {"after": "x"}),
        ("history", {"after": -1}),
        ("history", []),
        ("stop", {}),
        ("stop", {"stream_id": 5}),
        ("feedback", {"seq": 99, "value": "up"}),
        ("feedback", {"seq": 1, "value": "up"}),
        ("rating", {"value": 7}),
    ],
)
async def test_event_of_another_form_is_refused(
    browser: Browser, event: str, data: Any
) -> None:
    await browser.say("One.")
    await browser.replies(1)
    ack = await browser.client.call(event, data, timeout=5)
    assert (ack["ok"], ack["error"]) == (False, "bad_request")


@pytest.mark.parametrize(
    "event",
    ["user_uttered", "identify", "session_end", "history", "stop", "transcript"],
)
async def test_without_a_session_nothing_works(web: WebServer, event: str) -> None:
    browser = await Browser().open(web.url)
    ack = await browser.call(event, message="hi", message_id="m-1234567")
    assert (ack["ok"], ack["error"]) == (False, "no_session")
    await browser.close()


async def test_typed_intent_is_no_intent(browser: Browser, rasa: RecordingRasa) -> None:
    await browser.say('/refund{"amount": "1000"}')
    await browser.say("EXTERNAL: now")
    await browser.replies(2)
    assert rasa.texts == ['refund{"amount": "1000"}', "now"]


async def test_offered_payload_is_followed_and_shown_by_its_label(
    tmp_path: Path, rasa: RecordingRasa
) -> None:
    button = {"title": "Start a return", "payload": '/start_return{"n": "1"}'}
    rasa.say = lambda message: [{"text": "This?", "buttons": [button]}]
    offers = OfferingAgent(button)
    web = await WebServer(options(tmp_path), rasa.handle, agent=offers).start()
    browser = await Browser().open(web.url)
    await browser.begin()
    await browser.say("Return it.")
    await browser.replies(1)
    await browser.say(button["payload"], title=button["title"])
    await browser.replies(2)
    await browser.say("Something else.", title=button["title"])
    await browser.replies(3)
    assert rasa.texts == ["Return it.", button["payload"], "Something else."]
    messages = (await browser.call("history"))["messages"]
    said = [m["text"] for m in messages if m["role"] == "user"]
    assert said == ["Return it.", "Start a return", "Something else."]
    await browser.close()
    await web.stop()


async def test_person_can_always_be_asked_for(
    browser: Browser, rasa: RecordingRasa
) -> None:
    await browser.say("/talk_to_person", title="Mit einem Menschen sprechen")
    await browser.replies(1)
    assert rasa.texts == ["/talk_to_person"]
    [said, _] = (await browser.call("history"))["messages"]
    assert said["text"] == "Mit einem Menschen sprechen"


async def test_feedback_and_rating_are_kept_for_the_team(
    browser: Browser, tmp_path: Path
) -> None:
    await browser.say("When?")
    [reply] = await browser.replies(1)
    told = {"seq": reply["seq"], "value": "down", "reason": "wrong"}
    assert await browser.call("feedback", **told, comment="no") == {"ok": True}
    assert await browser.call("rating", value=2) == {"ok": True}
    lines = (tmp_path / FILE).read_text().splitlines()
    verdict, rating = map(json.loads, lines)
    assert (verdict["question"], verdict["answer"]) == ("When?", "re: When?")
    assert (verdict["value"], verdict["comment"]) == ("down", "no")
    assert (rating["kind"], rating["value"]) == ("rating", 2)


async def test_transcript_holds_everything_said(browser: Browser) -> None:
    await browser.say("When?")
    await browser.replies(1)
    got = await browser.call("transcript")
    assert got["filename"].startswith("conversation-20")
    assert "Customer:\nWhen?" in got["text"]
    assert "Assistant:\nre: When?" in got["text"]


async def test_history_goes_back_page_by_page(web: WebServer, browser: Browser) -> None:
    for number in range(60):
        output = web.channel.get_output_channel()
        said = {"text": f"m{number}"}
        await output.send_response(browser.session["session_id"], said)
    state = await browser.begin(token=browser.session["token"])
    assert [m["seq"] for m in state["messages"]] == list(range(11, 61))
    assert state["more"] is True
    page = await browser.call("history", before=11)
    assert [m["seq"] for m in page["messages"]] == list(range(1, 11))
    assert page["more"] is False


async def limited(tmp_path: Path, **changes: int) -> WebServer:
    limits = Limits(**{**WIDE.__dict__, **changes})
    rasa = RecordingRasa()
    return await WebServer(options(tmp_path), rasa.handle, limits=limits).start()


async def test_messages_of_a_session_are_limited(tmp_path: Path) -> None:
    web = await limited(tmp_path, session_messages_per_minute=3)
    browser = await Browser().open(web.url)
    await browser.begin()
    acks = [await browser.say("Go on.") for _ in range(4)]
    assert [ack["ok"] for ack in acks] == [True, True, True, False]
    assert acks[3]["error"] == "rate_limited"
    assert 15 < acks[3]["retry_after_s"] <= 21
    second = await Browser().open(web.url)
    await second.begin(token=browser.session["token"])
    assert (await second.say("Go on."))["error"] == "rate_limited"
    for tab in (browser, second):
        await tab.close()
    await web.stop()


async def test_sessions_messages_and_tabs_of_an_address_are_limited(
    tmp_path: Path,
) -> None:
    web = await limited(
        tmp_path,
        address_sessions_per_minute=2,
        address_messages_per_minute=1,
        address_connections=3,
    )
    tabs = [await Browser().open(web.url) for _ in range(3)]
    with pytest.raises(ConnectionError, match="failed to connect"):
        await Browser().open(web.url)
    for tab in tabs[:2]:
        await tab.begin()
    assert (await tabs[2].call("session_request"))["error"] == "rate_limited"
    assert (await tabs[0].say("One."))["ok"]
    assert (await tabs[1].say("Two."))["error"] == "rate_limited"
    for tab in tabs:
        await tab.close()
    await web.stop()


async def test_log_that_cannot_be_written_is_said(
    tmp_path: Path, rasa: RecordingRasa
) -> None:
    (tmp_path / "web.db").write_bytes(b"no database" * 1000)
    web = await WebServer(options(tmp_path), rasa.handle).start()
    browser = await Browser().open(web.url)
    ack = await browser.call("session_request")
    assert (ack["ok"], ack["error"]) == (False, "unavailable")
    await browser.close()
    await web.stop()


class OfferingAgent:
    """An agent whose every conversation was offered one button."""

    def __init__(self, button: dict[str, str]) -> None:
        self._button = button
        self.tracker_store = self
        self.action_endpoint = self.processor = None

    def is_ready(self) -> bool:
        return True

    async def retrieve(self, sender: str) -> DialogueStateTracker:
        said = BotUttered("This?", {"buttons": [self._button]})
        return DialogueStateTracker.from_events(sender, [said])
