import pytest

from addons.channels.guard import (
    EMPTY,
    NO_TEXT,
    TOO_LONG,
    RefusedMessageError,
    SenderError,
    guard_command,
    guard_sender,
    guard_text,
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("hello", "hello"),
        ("  hello \n", "hello"),
        ("hel\x00lo", "hello"),
        ("hello \udfff", "hello"),
        ("\u202ehello\u202c", "hello"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u200b\u200bhi\ufeff", "hi"),
        ("\u0645\u0627 \u0647\u064a", "\u0645\u0627 \u0647\u064a"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        pytest.param("x" * 2000, "x" * 2000, id="2,000"),
    ],
)
def test_text_is_cleaned_of_what_no_customer_types(message: str, text: str) -> None:
    assert guard_text(message) == text


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (None, EMPTY),
        ("", EMPTY),
        (" \n\t\u3000", EMPTY),
        ("\x00\x01", EMPTY),
        ("\ud800", EMPTY),
        ("\u200b\u200d\u202e", EMPTY),
        (7, NO_TEXT),
        (True, NO_TEXT),
        (["hello"], NO_TEXT),
        ({"text": "hello"}, NO_TEXT),
        pytest.param("x" * 2001, TOO_LONG, id="2,001"),
        pytest.param("x" * 1_000_000, TOO_LONG, id="1 MB"),
        pytest.param(" " * 1_000_000, TOO_LONG, id="1 MB of space"),
    ],
)
def test_message_without_readable_text_is_refused_with_a_sentence(
    message: object, sentence: str
) -> None:
    with pytest.raises(RefusedMessageError) as refusal:
        guard_text(message)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ('/refund{"amount": "1000"}', 'refund{"amount": "1000"}'),
        ("/restart", "restart"),
        (" / / /session_start", "session_start"),
        ("EXTERNAL: reminder", "reminder"),
        ("external:/restart", "restart"),
        ("and/or", "and/or"),
    ],
)
def test_command_that_was_not_offered_becomes_plain_text(typed: str, text: str) -> None:
    assert guard_command(typed, set()) == text


def test_offered_payload_passes_exactly_as_it_was_offered() -> None:
    offered = {'/choose{"product": "lamp"}'}
    assert (
        guard_command('/choose{"product": "lamp"}', offered)
        == '/choose{"product": "lamp"}'
    )
    assert guard_command('/choose{"product": "sofa"}', offered).startswith("choose")


@pytest.mark.parametrize(
    "payload", ["/restart", "/session_start", "/back", "/ restart{}", "EXTERNAL: x"]
)
def test_payload_that_steers_rasa_is_refused_even_if_offered(payload: str) -> None:
    assert not guard_command(payload, {payload}).startswith(("/", "EXTERNAL"))


def test_nothing_but_slashes_is_an_empty_message() -> None:
    with pytest.raises(RefusedMessageError, match="any text"):
        guard_command("/ / /", set())


@pytest.mark.parametrize("sender", ["anna", "x" * 128, "web:4f2a", "Zo\u00eb"])
def test_printable_sender_is_accepted(sender: str) -> None:
    assert guard_sender(sender) == sender


@pytest.mark.parametrize(
    "sender", [None, 7, "", "  ", "x" * 129, "a\x00b", "\ud800", "a\nb", "\u202eanna"]
)
def test_sender_that_cannot_name_a_conversation_is_refused(sender: object) -> None:
    with pytest.raises(SenderError):
        guard_sender(sender)
