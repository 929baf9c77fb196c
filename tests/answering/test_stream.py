from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from frontdesk.answering.check import claims_of
from frontdesk.answering.stream import Reader, SentenceStream, finished, read_along


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("", ""),
        ("You have 30", ""),
        ("You have 30 days.", ""),  # ".5" or a quotation mark may follow
        ("You have 30 days. ", ""),
        ("You have 30 days. We", "You have 30 days. "),
        ("It costs 3.50 pounds. Bring e.g. Mira", "It costs 3.50 pounds. "),
        ("You need:\n- a box\n- tape", "You need:\n- a box\n"),
    ],
)
def test_whole_sentences_and_lines_are_finished(text: str, beginning: str) -> None:
    assert finished(text) == beginning


def feed(text: str, refused: str = "") -> tuple[list[str], SentenceStream]:
    """What came out, fed in pieces as a model writes them."""
    stream = SentenceStream(lambda claim: not refused or refused not in claim)
    pieces = re.findall(r"\s*\S{1,4}", text)
    return [fresh for piece in pieces if (fresh := stream.feed(piece))], stream


def test_sentence_is_let_through_when_the_next_one_begins() -> None:
    shown, stream = feed("You have 30 days. Refunds take five. Ask us.")
    assert shown == ["You have 30 days. ", "Refunds take five. "]
    assert stream.text == "You have 30 days. Refunds take five. Ask us."


def test_sentence_that_fails_holds_back_all_that_follows() -> None:
    shown, stream = feed("You have 30 days. Refunds take nine. Ask us. Do.", "nine")
    assert shown == ["You have 30 days. "]
    assert stream.failed


def test_wrapped_line_is_held_until_its_sentence_is_whole() -> None:
    shown, _ = feed("You have 30 days to\nreturn it. Then refunds follow.")
    assert shown == ["You have 30 days to\nreturn it. "]


@pytest.mark.parametrize(
    "text",
    [
        "Yes. It fits a gap of 45 cm. The Mira 1.5 does too. Fine.",
        "You need:\n- a box\n- some tape\n  of any kind\n- a label\nThen post it. Done",
        "Ask Dr. Smith. He knows e.g. No. 5. It is 3.5 cm. So!",
        "| Size | Price |\n|---|---|\n| S | £3 |\n| M | £4 |\nThat is all. Bye.",
    ],
)
def test_every_shown_claim_was_checked_and_is_a_claim_of_the_reply(text: str) -> None:
    checked: list[str] = []

    def passes(claim: str) -> bool:
        checked.append(claim)
        return True

    stream = SentenceStream(passes)
    shown = "".join(stream.feed(character) for character in text)
    assert shown and text.startswith(shown)
    assert claims_of(shown) == claims_of(text)[: len(claims_of(shown))]
    assert set(claims_of(shown)) <= set(checked)


def test_stop_closes_the_source_while_it_is_silent() -> None:
    closed: list[bool] = []

    async def pieces() -> AsyncIterator[str]:
        try:
            yield "You have 30 days. We"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def run() -> tuple[bool, str]:
        stream, reader = SentenceStream(lambda claim: True), Reader()
        asyncio.get_running_loop().call_later(0.05, reader.stopped.set)
        complete = await read_along(pieces(), stream, reader)
        return complete, stream.released

    assert asyncio.run(run()) == (False, "You have 30 days. ")
    assert closed == [True]


def test_source_is_left_at_the_first_failed_sentence() -> None:
    taken: list[str] = []

    async def pieces() -> AsyncIterator[str]:
        for piece in ("It is 9. ", "Then ", "more ", "follows. "):
            taken.append(piece)
            yield piece

    async def run() -> bool:
        stream = SentenceStream(lambda claim: False)
        return await read_along(pieces(), stream, Reader())

    assert asyncio.run(run()) is True
    assert taken == ["It is 9. ", "Then "]


def test_error_of_the_source_comes_through() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "It"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        asyncio.run(read_along(pieces(), SentenceStream(lambda claim: True), Reader()))
