import asyncio
from typing import Any

import pytest

from frontdesk.answering import Answer, Answerer, wording
from frontdesk.answering.gate import Verdict
from frontdesk.answering.stream import Reader
from frontdesk.settings import Settings
from tests.fakes_answering import FakeGenerator, FakeRetriever, encode, passage

RETURNS = passage(
    "returns", "Returns", "You have 30 days to return an item. Refunds take 5 days."
)
SHOPS = passage("shops", "Shops", "Our shops are closed on Sunday.")
SETTINGS = Settings(support_contact="help@shop.example")


class OpenGate(Answerer):
    """An answerer whose gate lets everything through: what follows is under test."""

    def understand(self, turns: Any, timings: Any) -> Any:
        known = super().understand(turns, timings)
        verdict = Verdict("answer", 0.9, "", known.verdict.features)
        return type(known)(
            known.question, known.hits, known.evidence, known.siblings, verdict
        )


def ask(text: str, reply: str | None = None, hidden: str = "") -> Answer:
    generator = None if reply is None else FakeGenerator(reply)
    retriever = FakeRetriever([RETURNS, SHOPS])
    answerer = OpenGate(retriever, encode, generator, SETTINGS, hidden)
    return asyncio.run(answerer.answer([{"role": "user", "text": text}]))


def test_a_supported_reply_is_shown_with_its_source() -> None:
    reply = "You have 30 days to return an item."
    answer = ask("How many days do I have to return an item?", reply)
    assert (answer.text, answer.generated) == (reply, True)
    assert [c.id for c in answer.citations] == ["returns"]
    assert "30 days" in answer.citations[0].quote
    assert answer.citations[0].url == "https://shop.example/returns"


@pytest.mark.parametrize(("taught", "shown"), [(True, False), (False, True)])
def test_only_a_model_that_was_taught_gets_no_more_than_would_be_quoted(
    taught: bool, shown: bool
) -> None:
    generator = FakeGenerator("You have 30 days to return an item.")
    retriever = FakeRetriever([RETURNS, SHOPS])
    answerer = OpenGate(retriever, encode, generator, SETTINGS, taught=taught)
    asked = "How many days do I have to return an item?"
    answer = asyncio.run(answerer.answer([{"role": "user", "text": asked}]))
    assert answer.generated
    written = generator.asked[0][1]["content"]
    assert "You have 30 days to return an item." in written
    assert ("closed on Sunday" in written) == shown


def test_an_invented_figure_is_replaced_by_the_evidence() -> None:
    answer = ask("How many days to return an item?", "You have 90 days to return it.")
    assert not answer.generated
    assert "You have 30 days to return an item." in answer.text
    assert "90" not in answer.text


@pytest.mark.parametrize(
    "reply",
    [
        "[1] You have 30 days to return an item.",
        "You have 30 days to return an item. You have 30 days to return an item.",
        "30 days.",
        "The days to return an item are not specified.",
    ],
)
def test_a_reply_that_is_no_sentence_for_a_customer_is_not_shown(reply: str) -> None:
    answer = ask("How many days do I have to return an item?", reply)
    assert not answer.generated
    assert answer.text.count("You have 30 days to return an item.") == 1


def test_an_outage_of_the_model_leaves_the_evidence() -> None:
    answer = ask("How many days to return an item?", "")
    assert (answer.decision, answer.generated) == ("answer", False)
    assert "30 days" in answer.text


def test_a_model_that_does_not_know_leaves_the_evidence() -> None:
    answer = ask("How many days to return an item?", "NOT IN PASSAGES")
    assert not answer.generated
    assert "30 days" in answer.text


def test_the_hidden_part_of_the_prompt_is_never_shown() -> None:
    answer = ask("How many days to return an item?", "secret-77.", hidden="secret-77")
    assert "secret-77" not in answer.text


def test_only_whitespace_gets_a_friendly_sentence() -> None:
    assert "did not get any text" in ask(" \n ").text


def test_a_question_about_something_else_is_declined_with_a_way_on() -> None:
    answerer = Answerer(FakeRetriever([RETURNS, SHOPS]), encode, None, SETTINGS)
    turns = [{"role": "user", "text": "Who painted the ceiling of the chapel?"}]
    answer = asyncio.run(answerer.answer(turns))
    assert answer.decision == "abstain"
    assert "help@shop.example" in answer.text
    assert answer.citations == ()


def test_the_trace_tells_how_the_answer_came_about() -> None:
    trace: dict[str, Any] = {}
    answerer = OpenGate(
        FakeRetriever([RETURNS]), encode, FakeGenerator("It takes 9 years."), SETTINGS
    )
    turns = [{"role": "user", "text": "How many days to return an item?"}]
    asyncio.run(answerer.answer(turns, trace=trace))
    assert trace["draft"] == "It takes 9 years."
    assert trace["claims"][0]["support"] < 0.5
    assert trace["passages"][0]["id"] == "returns#0"
    assert {"retrieve", "gate", "generate", "check", "total"} <= set(trace["timings"])


def test_a_new_version_of_the_knowledge_is_used_at_once() -> None:
    retriever = FakeRetriever([SHOPS])
    answerer = OpenGate(retriever, encode, None, SETTINGS)
    turns = [{"role": "user", "text": "How many days to return an item?"}]
    asyncio.run(answerer.answer(turns))
    retriever.passages, retriever.version = [RETURNS], "2"
    assert "30 days" in asyncio.run(answerer.answer(turns)).text


def listener() -> tuple[Reader, list[str]]:
    """A reader and what it hears."""
    heard: list[str] = []

    async def on_delta(text: str) -> None:
        heard.append(text)

    async def on_stage(stage: str) -> None:
        heard.append(f"<{stage}>")

    return Reader(on_delta, on_stage), heard


def read(reply: str, pause: str = "") -> tuple[Answer, list[str], FakeGenerator]:
    """The answer, what was heard on the way, and who wrote it."""
    generator = FakeGenerator(reply, pause)
    retriever = FakeRetriever([RETURNS, SHOPS])
    answerer = OpenGate(retriever, encode, generator, SETTINGS)
    reader, heard = listener()
    question = "How many days to return an item, and refunds take how many days?"
    turns = [{"role": "user", "text": question}]

    async def run() -> Answer:
        if pause:
            asyncio.get_running_loop().call_later(0.2, reader.stopped.set)
        return await answerer.answer(turns, reader)

    return asyncio.run(run()), heard, generator


STAGES = ["<looking_up>", "<writing>"]


def test_sentences_are_heard_one_by_one_and_are_the_answer() -> None:
    reply = "You have 30 days to return an item. Refunds take 5 days."
    answer, heard, _ = read(reply)
    sentence = "You have 30 days to return an item. "
    assert heard == [*STAGES, sentence, "<checking>"]
    assert (answer.text, answer.generated) == (reply, True)
    assert answer.timings["first_token"] < answer.timings["total"]


def test_invented_sentence_is_not_heard_and_ends_the_writing() -> None:
    reply = "You have 90 days to return an item. Refunds take 5 days. Our shops wait."
    answer, heard, generator = read(reply)
    assert heard == [*STAGES, "<checking>"]
    assert len(generator.taken) == len("You have 90 days to return an item. R".split())
    assert not answer.generated
    assert "90" not in answer.text


def test_later_invention_replaces_what_was_heard() -> None:
    reply = "You have 30 days to return an item. Refunds take 9 days. Our shops wait."
    answer, heard, _ = read(reply)
    assert heard[2] == "You have 30 days to return an item. "
    assert not answer.generated
    assert "9 days" not in answer.text


def test_stop_ends_generation_and_keeps_what_was_heard() -> None:
    reply = "You have 30 days to return an item. Refunds take 5 days."
    answer, heard, generator = read(reply, pause="5")
    assert heard[2:] == ["You have 30 days to return an item. ", "<checking>"]
    assert answer.text == "You have 30 days to return an item."
    assert (answer.stopped, answer.generated) == (True, True)
    assert [c.id for c in answer.citations] == ["returns"]
    assert generator.ended
    assert "days." not in generator.taken


def test_stop_before_the_first_sentence_is_said() -> None:
    answer, heard, generator = read("You have 30 days.", pause="30")
    assert heard == [*STAGES, "<checking>"]
    assert answer.text == wording.STOPPED
    assert (answer.stopped, answer.generated) == (True, False)
    assert generator.ended


def test_quoted_answer_is_not_heard_in_pieces() -> None:
    answer, heard, _ = read("")
    assert heard == STAGES
    assert not answer.generated


NARROW = passage("halden-45", "Halden 45", "- Width: 45 cm", "product")
WIDE = passage("halden-60", "Halden 60", "- Width: 60 cm", "product")


def on_page(text: str, product_id: str) -> str:
    answerer = OpenGate(FakeRetriever([NARROW, WIDE]), encode, None, SETTINGS)
    trace: dict[str, Any] = {}
    turns = [{"role": "user", "text": text}]
    asyncio.run(answerer.answer(turns, None, trace, product_id))
    return str(trace["standalone"])


def test_this_is_the_product_of_the_page() -> None:
    asked = on_page("What width does this one have?", "halden-60")
    assert asked == "Halden 60 What width does this one have?"


def test_a_product_that_is_named_is_not_the_pages() -> None:
    text = "And what width has the halden 45, is it narrower?"
    assert on_page(text, "halden-60") == text


def test_a_page_that_nobody_knows_changes_nothing() -> None:
    assert on_page("What width does this one have?", "x") == (
        "What width does this one have?"
    )


def test_a_new_topic_is_searched_without_the_old_one() -> None:
    retriever = FakeRetriever([RETURNS, SHOPS])
    answerer = OpenGate(retriever, encode, None, SETTINGS)
    old = {"role": "user", "text": "Can I return an item that I opened?"}
    new = {"role": "user", "text": "which shops are closed on the next Sunday"}
    asyncio.run(answerer.answer([old, {"role": "bot", "text": "Yes."}, new]))
    assert retriever.asked == [[new]]
