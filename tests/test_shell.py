from __future__ import annotations

import io
import sys
from typing import Any

import httpx
import pytest

from frontdesk.shell import UNREACHABLE, Sender, converse, read_lines, show


class RecordingSender:
    """Answers each message with the next of the given replies."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.messages: list[str] = []

    def __call__(self, message: str) -> list[dict[str, Any]]:
        self.messages.append(message)
        return self.answers.pop(0) if self.answers else [{"text": "Yes."}]


OFFER = [
    {
        "text": "Which lamp?",
        "buttons": [
            {"title": "Arden S", "payload": "/choose{}"},
            {"title": "Arden M"},
        ],
    }
]


def talk(lines: list[str], sender: RecordingSender) -> str:
    written: list[str] = []
    converse(iter(lines), sender, written.append)
    return "".join(written)


def test_every_line_gets_its_reply_until_stop() -> None:
    sender = RecordingSender([{"text": "Hello."}], [{"text": "One."}, {"text": "Two."}])
    written = talk(["hi", "", "/stop", "not sent"], sender)
    assert sender.messages == ["hi", ""]
    assert written.endswith("Bot: Hello.\n\nBot: One.\nBot: Two.\n\n")


def test_number_after_choices_picks_one_of_them() -> None:
    sender = RecordingSender(OFFER, OFFER, OFFER)
    written = talk(["a lamp", "1", "2", "3"], sender)
    assert sender.messages == ["a lamp", "/choose{}", "Arden M", "3"]
    assert "Bot: Which lamp?\n     1. Arden S\n     2. Arden M\n" in written


def test_number_without_choices_and_text_after_choices_are_text() -> None:
    sender = RecordingSender([{"text": "Hm."}], OFFER)
    talk(["1", "a lamp", "the cheap one"], sender)
    assert sender.messages == ["1", "a lamp", "the cheap one"]


def test_sources_are_lines_of_their_own_and_each_is_shown_once() -> None:
    source = {"title": "Returns", "url": "https://shop.example/returns"}
    reply = {"text": "30 days.\nUnused.", "citations": [source, source, {"title": "T"}]}
    assert show(reply) == (
        "Bot: 30 days.\n     Unused.\n"
        "     Source: Returns - https://shop.example/returns\n"
        "     Source: T"
    )


def test_lines_of_a_pipe_are_echoed_and_wrong_bytes_are_replaced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = io.BytesIO(b"caf\xc3\xa9\r\n\xff\n\nlast")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    assert list(read_lines()) == ["café", "\ufffd", "", "last"]
    assert capsys.readouterr().out == "You: café\nYou: \ufffd\nYou: \nYou: last\n"


def test_message_is_posted_as_one_conversation_with_the_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[{"text": "Hello."}])

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        send = Sender(client, "http://127.0.0.1:5005/x", token="t", sender_id="me")
        assert send("hi\x00") == [{"text": "Hello."}]
    assert seen[0].content == b'{"sender":"me","message":"hi\\u0000"}'
    assert seen[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, json=[]),
        httpx.Response(200, text="no JSON"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silent"),
    ],
)
def test_customer_is_told_when_the_server_does_not_answer(
    answer: httpx.Response | httpx.HTTPError,
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        assert Sender(client, "http://rasa/")("hi") == [{"text": UNREACHABLE}]
