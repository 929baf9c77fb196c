import asyncio
from typing import Any

from frontdesk.answering import Answer, Answerer
from frontdesk.answering.gate import Verdict
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


def test_an_invented_figure_is_replaced_by_the_evidence() -> None:
    answer = ask("How many days to return an item?", "You have 90 days to return it.")
    assert not answer.generated
    assert "You have 30 days to return an item." in answer.text
    assert "90" not in answer.text


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


def test_what_was_checked_is_what_is_streamed() -> None:
    pieces: list[str] = []

    async def collect(piece: str) -> None:
        pieces.append(piece)

    answerer = OpenGate(
        FakeRetriever([RETURNS]), encode, FakeGenerator("You have 90 days."), SETTINGS
    )
    turns = [{"role": "user", "text": "How many days to return an item?"}]
    answer = asyncio.run(answerer.answer(turns, on_delta=collect))
    assert "".join(pieces) == answer.text
