import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.questions import ActionAnswerQuestion, turns_of
from frontdesk.answering import Answer, Citation
from frontdesk.answering.trace import read_traces
from frontdesk.knowledge.errors import IndexMissingError
from frontdesk.settings import Settings


class FakeAnswerer:
    """Gives one answer; records the conversations it was given."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[list[Mapping[str, str]]] = []
        self.readers: list[Any] = []
        self.pages: list[str] = []

    async def answer(
        self,
        turns: Sequence[Mapping[str, str]],
        reader: Any,
        trace: dict[str, Any],
        product_id: str,
    ) -> Answer:
        self.asked.append(list(turns))
        self.pages.append(product_id)
        self.readers.append(reader)
        trace["question"] = turns[-1]["text"]
        return self._answer


def said(event: str, text: str) -> dict[str, Any]:
    return {"event": event, "text": text}


def run(get_answerer: Any, var: Path) -> tuple[dict[str, Any], list[Any]]:
    events = [said("user", "Do you ship?"), said("bot", "Yes."), said("user", "When?")]
    message = {"text": "When?", "intent": {"name": "ask_question"}}
    tracker = Tracker("anna", {}, message, events, False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    action = ActionAnswerQuestion(get_answerer, Settings(var=var))
    result = asyncio.run(action.run(dispatcher, tracker, {}))
    return dispatcher.messages[0], result


def test_the_answer_goes_out_with_choices_and_citations(tmp_path: Path) -> None:
    citation = Citation("delivery", "Delivery", "https://shop.example", "3 days")
    answer = Answer("ask", "Which?", ("Standard", "Express"), (citation,))
    answerer = FakeAnswerer(answer)
    message, events = run(lambda: answerer, tmp_path)
    assert message["text"] == "Which?"
    assert [button["title"] for button in message["buttons"]] == ["Standard", "Express"]
    assert message["citations"][0]["id"] == "delivery"
    assert answerer.asked[0][-1] == {"role": "user", "text": "When?"}
    assert events == [
        {"event": "slot", "timestamp": None, "name": "offer", "value": "nothing"}
    ]


def test_nobody_reads_along_outside_the_website(tmp_path: Path) -> None:
    answerer = FakeAnswerer(Answer("answer", "In 3 days."))
    run(lambda: answerer, tmp_path)
    assert answerer.readers == [None]


def test_stopped_reply_is_marked_and_offers_nothing(tmp_path: Path) -> None:
    answerer = FakeAnswerer(Answer("answer", "In 3", stopped=True))
    message, events = run(lambda: answerer, tmp_path)
    assert message["stopped"] is True
    assert events[0]["value"] == "nothing"


def test_not_knowing_makes_yes_mean_a_person(tmp_path: Path) -> None:
    answerer = FakeAnswerer(Answer("abstain", "I can't find that."))
    _, events = run(lambda: answerer, tmp_path)
    assert events[0]["value"] == "person"


def test_without_an_index_the_customer_gets_an_honest_sentence(tmp_path: Path) -> None:
    def missing() -> Any:
        raise IndexMissingError("There is no index in 'var/index'. Run make index.")

    message, _ = run(missing, tmp_path)
    assert message["text"].startswith("I can't look that up right now")


def test_the_turn_leaves_a_trace(tmp_path: Path) -> None:
    answerer = FakeAnswerer(Answer("answer", "In 3 days."))
    run(lambda: answerer, tmp_path)
    (turn,) = read_traces(tmp_path, "anna")
    assert turn["question"] == "When?"
    assert turn["intent"]["name"] == "ask_question"


def test_only_what_was_said_becomes_a_turn() -> None:
    events = [
        {"event": "action", "name": "action_listen"},
        said("user", "Hi"),
        said("bot", "Hello"),
        said("user", "Price?"),
        {"event": "bot", "text": None},
    ]
    assert [turn["role"] for turn in turns_of(events)] == ["user", "bot", "user"]


def test_the_page_that_the_customer_looks_at_is_passed_on(tmp_path: Path) -> None:
    answerer = FakeAnswerer(Answer("answer", "45 cm."))
    message = {"text": "How wide is it?", "metadata": {"product_id": "halden-45"}}
    events = [said("user", "How wide is it?")]
    tracker = Tracker("anna", {}, message, events, False, None, {}, "action_listen")
    action = ActionAnswerQuestion(lambda: answerer, Settings(var=tmp_path))  # type: ignore[arg-type, return-value]
    asyncio.run(action.run(CollectingDispatcher(), tracker, {}))
    assert answerer.pages == ["halden-45"]
