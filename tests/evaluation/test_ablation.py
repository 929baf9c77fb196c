import asyncio
from pathlib import Path

import pytest

from frontdesk.answering import Answerer
from frontdesk.answering.reading import Reading
from frontdesk.evaluation import ablation
from frontdesk.evaluation.sets import Question
from frontdesk.settings import Settings
from tests.fakes_answering import FakeGenerator, FakeRetriever, encode, passage

RETURNS = passage(
    "returns", "Returns", "You have 30 days to return an item. Refunds take 5 days."
)
SHOPS = passage("shops", "Shops", "Our shops are closed on Sunday.")
ASKED = "How many days to return an item?"
INVENTED = "You have 90 days to return it."


class FakeReader:
    """Finds that every passage answers; counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def read(self, question, passages):
        self.asked += 1
        return [Reading(4.0, -4.0, (4.0, 4.0)[: p.text.count(".")]) for p in passages]


@pytest.fixture
def opened(monkeypatch):
    """What `open_answerer` was called with, and what it gave."""
    calls = []

    def open_answerer(settings, *, index, generate=True, read=True):
        generator = FakeGenerator(INVENTED) if generate else None
        reader = FakeReader() if read else None
        retriever = FakeRetriever([RETURNS, SHOPS])
        answerer = Answerer(retriever, encode, generator, settings, "", reader)
        calls.append((generate, read, retriever, generator, reader))
        return answerer

    monkeypatch.setattr(ablation, "open_answerer", open_answerer)
    return calls


def question(*texts, kind="answerable"):
    turns = tuple({"role": "user", "text": text} for text in texts)
    return Question(texts[-1], kind, turns, ("returns",), (("30 days",),), ("90",))


def ask(*questions, step=1):
    settings = Settings(support_contact="help@shop.example")
    return asyncio.run(
        ablation.ask_variants(questions, Path("index"), settings, {}, step)
    )


def test_every_part_is_left_out_once_and_the_order_is_fixed(opened):
    assert list(ask(question(ASKED))) == [
        "as shipped",
        "quoted evidence only",
        "quoted, without history",
        "quoted, without the reader",
        "quoted, without the gate",
        "without the check",
    ]


def test_only_without_the_check_an_invention_is_shown(opened):
    found = ask(question(ASKED))
    texts = {name: judged[0].answer.text for name, judged in found.items()}
    assert [name for name, text in texts.items() if "90" in text] == [
        "without the check"
    ]
    [unchecked] = found["without the check"]
    assert (unchecked.verdict, unchecked.answer.generated) == ("wrong", True)


def test_without_the_gate_there_is_always_an_answer_but_to_emergencies(opened):
    off_topic = question("Who painted the chapel?", kind="unanswerable")
    danger = question("My lamp caught fire, can I return it?", kind="unanswerable")
    found = ask(off_topic, danger)
    decisions = {n: [j.answer.decision for j in found[n]] for n in found}
    assert decisions["quoted evidence only"] == ["abstain", "escalate"]
    assert decisions["quoted, without the gate"] == ["answer", "escalate"]


def test_without_history_only_the_last_message_is_seen(opened):
    ask(question("Is there a shop near the old bridge?", "And on Sunday?"))
    retriever = opened[0][2]
    assert [len(turns) for turns in retriever.asked] == [2, 1]


def test_two_variants_write_and_a_turn_is_read_once(opened):
    found = ask(question(ASKED))
    (_, _, retriever, generator, reader), unread = opened
    assert unread[:2] == (False, False)
    assert (len(retriever.asked), reader.asked, len(generator.asked)) == (1, 1, 2)
    assert generator.closed
    [shipped], [quoted] = found["as shipped"], found["quoted evidence only"]
    spared = quoted.answer.timings["remembered"]
    assert "remembered" not in shipped.answer.timings
    assert quoted.ms >= spared > 0.0


def test_variants_are_compared_on_the_same_questions(opened):
    found = ask(*[question(f"{ASKED} {n}") for n in range(4)], step=3)
    assert {name: len(judged) for name, judged in found.items()} == {
        name: 4 if name == "as shipped" else 2 for name in found
    }
    assert {row["n"] for row in ablation.table(found, 3).values()} == {2}


@pytest.mark.parametrize(
    ("draft", "expected"),
    [("It is 90.", True), ("", False), ("NOT IN PASSAGES.", False)],
)
def test_unchecked_a_reply_counts_when_there_is_one(draft, expected):
    answerer = Answerer(FakeRetriever([SHOPS]), encode, None, Settings())
    unchecked = ablation.WithoutCheck(answerer, {})
    assert unchecked._acceptable(draft, [], None) is expected
