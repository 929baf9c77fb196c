from typing import Any

import pytest

from addons.channels.guard import RefusedMessageError
from addons.channels.web_messages import (
    BadRequestError,
    Feedback,
    Incoming,
    age_s,
    as_object,
    bot_message,
    is_visible,
    now,
    read_feedback,
    read_message,
    read_number,
    read_rating,
    transcript,
    user_message,
)

ID = "0123456789abcdef"


def test_message_is_read_with_its_context() -> None:
    metadata = {"product_id": "mira-1.5", "locale": "pt-BR", "identity_token": "x"}
    data = {"message": " hi\x00 ", "message_id": ID, "title": 5, "metadata": metadata}
    context = {"product_id": "mira-1.5", "locale": "pt-BR"}
    assert read_message(data) == Incoming(ID, "hi", "", context)


@pytest.mark.parametrize(
    "metadata",
    [None, [], "x", {"product_id": 5, "locale": "../.."}, {"product_id": "a b"}],
)
def test_context_of_another_form_is_dropped(metadata: Any) -> None:
    data = {"message": "hi", "message_id": ID, "metadata": metadata}
    assert read_message(data).context == {}


@pytest.mark.parametrize("name", [None, 5, "", "short", "x" * 65, "a b c d e", "é" * 9])
def test_message_needs_an_id(name: Any) -> None:
    with pytest.raises(BadRequestError, match="'message_id'"):
        read_message({"message": "hi", "message_id": name})


@pytest.mark.parametrize("text", [None, "", " \n", {}, "x" * 2001])
def test_message_that_cannot_be_read_is_refused(text: Any) -> None:
    with pytest.raises(RefusedMessageError):
        read_message({"message": text, "message_id": ID})


def test_title_is_one_short_line() -> None:
    data = {"message": "/x", "message_id": ID, "title": " Yes,\nplease " + "y" * 500}
    title = read_message(data).title
    assert title.startswith("Yes, please yyy")
    assert len(title) == 80


def test_event_carries_one_object_or_nothing() -> None:
    assert as_object(None) == {}
    for value in ("x", [], 5):
        with pytest.raises(BadRequestError, match="send one object"):
            as_object(value)


def test_feedback_is_read() -> None:
    data = {"seq": 4, "value": "down", "reason": "wrong", "comment": " no\n"}
    assert read_feedback(data) == Feedback(4, "down", "wrong", "no")


@pytest.mark.parametrize(
    "data",
    [
        {"value": "up"},
        {"seq": 0, "value": "up"},
        {"seq": True, "value": "up"},
        {"seq": -1, "value": "up"},
        {"seq": 2**40, "value": "up"},
        {"seq": 1, "value": "great"},
        {"seq": 1, "value": "up", "reason": "other things"},
        {"seq": 1, "value": []},
    ],
)
def test_feedback_of_another_form_is_refused(data: Any) -> None:
    with pytest.raises(BadRequestError):
        read_feedback(data)


def test_rating_is_one_to_five() -> None:
    assert read_rating({"value": 5}) == Feedback(0, 5, "", "")
    for value in (0, 6, True, "5", None, 2.5):
        with pytest.raises(BadRequestError, match="'value'"):
            read_rating({"value": value})


def test_number_may_be_missing() -> None:
    assert read_number({}, "after") is None
    assert read_number({"after": 7}, "after") == 7


def test_bot_message_keeps_what_a_browser_shows() -> None:
    custom = {"type": "rating"}
    said = {
        "recipient_id": "web:1",
        "text": " Ten days. ",
        "buttons": [{"title": "More", "payload": "/more"}, {"title": "Less"}],
        "custom": custom,
        "citations": [{"id": "a"}],
        "decision": "answer",
        "generated": False,
        "timings": {"total": 3},
        "utter_action": "utter_x",
    }
    message = bot_message(said)
    assert message.pop("at")
    assert message == {
        "role": "bot",
        "text": "Ten days.",
        "buttons": [
            {"title": "More", "payload": "/more"},
            {"title": "Less", "payload": "Less"},
        ],
        "custom": custom,
        "citations": [{"id": "a"}],
        "decision": "answer",
    }


def test_person_is_named() -> None:
    message = bot_message({"text": "Hi", "sender": "agent", "agent_name": "Mia"})
    assert (message["role"], message["agent_name"]) == ("agent", "Mia")


def test_message_without_anything_to_see_is_invisible() -> None:
    assert not is_visible(bot_message({"text": " ", "decision": "answer"}))
    assert is_visible(bot_message({"image": "https://shop.example/a.png"}))


def test_user_message_shows_the_label_of_a_button() -> None:
    shown = user_message(Incoming(ID, "/start{}", "Start", {}))
    assert (shown["text"], shown["message_id"]) == ("Start", ID)


def test_transcript_is_readable() -> None:
    messages = [
        {"role": "user", "at": "2026-11-22T10:00:03.120+00:00", "text": "When?"},
        {
            "role": "bot",
            "at": "2026-11-22T10:00:04.120+00:00",
            "text": "In 3 days.",
            "buttons": [{"title": "More", "payload": "/more"}],
            "citations": [{"title": "Delivery", "url": "https://shop.example/d"}],
        },
        {"role": "agent", "agent_name": "Mia", "at": "2026-11-22T10:01", "text": "Hi"},
    ]
    names = {"user": "Customer", "bot": "Assistant", "agent": "Support"}
    assert transcript(messages, names) == (
        "[2026-11-22 10:00 UTC] Customer:\nWhen?\n\n"
        "[2026-11-22 10:00 UTC] Assistant:\nIn 3 days.\n  (More)\n"
        "  Source: Delivery https://shop.example/d\n\n"
        "[2026-11-22 10:01 UTC] Mia:\nHi\n"
    )


def test_age_is_counted_from_the_stored_time() -> None:
    assert 0 <= age_s({"at": now()}) < 1
    assert age_s({"at": "2020-01-01T00:00:00.000+00:00"}) > 10_000
