import asyncio

import pytest

from frontdesk.evaluation import answers
from frontdesk.evaluation.sets import Question
from tests.fakes_evaluation import FakeAnswerer, make_answer, make_citation, make_hit

DOCUMENTS = {"gold": "Gold Card\nFee 10.", "silver": "Silver Card\nNo fee."}


def question(kind="answerable", text="how long?", **fields):
    values = {"relevant": (), "facts": (), "wrong": (), **fields}
    turns = ({"role": "user", "text": text},)
    return Question(id=text, kind=kind, turns=turns, **values)


def ask(questions, replies, check=lambda answer, documents: True):
    answerer = FakeAnswerer(replies)
    judged = asyncio.run(answers.ask_all(questions, answerer, DOCUMENTS, check))
    return judged, answerer


@pytest.mark.parametrize(
    ("kind", "answer", "verdict"),
    [
        ("answerable", make_answer("answer", "9 days"), "right"),
        ("answerable", make_answer("answer", "7 days"), "wrong"),
        ("answerable", make_answer("ask", "9 days"), "false_abstain"),
        ("followup", make_answer("escalate", "9 days"), "false_abstain"),
        ("unanswerable", make_answer("abstain"), "right"),
        ("unanswerable", make_answer("escalate"), "right"),
        ("unanswerable", make_answer("ask"), "wrong"),
        ("unanswerable", make_answer("answer"), "wrong"),
        (
            "underspecified",
            make_answer("ask", "9 days for?", choices=("Gold Card", "Silver Card")),
            "right",
        ),
        ("underspecified", make_answer("ask", "9 days for?"), "wrong"),
        ("underspecified", make_answer("answer", "9 days"), "wrong"),
    ],
)
def test_each_kind_has_its_own_right_answer(kind, answer, verdict):
    asked = question(kind, facts=(("9 days",),), wrong=("7 days",))
    assert answers.judge(asked, answer, list(DOCUMENTS.values())) == verdict


def test_the_shares_of_a_run():
    questions = [
        question(text="a", facts=(("yes",),), relevant=("gold",)),
        question(text="b", facts=(("yes",),), relevant=("gold",)),
        question("followup", text="c", relevant=("gold",)),
        question("unanswerable", text="d"),
        question("unanswerable", text="e"),
        question("underspecified", text="f"),
    ]
    found = tuple(make_hit(name) for name in ("x", "x", "y", "gold"))
    judged, answerer = ask(
        questions,
        {
            "a": make_answer(
                "answer",
                "Yes.",
                passages=found,
                generated=True,
                timings={"first_token": 40.0},
            ),
            "b": make_answer("answer", "No."),
            "c": make_answer("ask", "Which?", passages=found),
            "d": make_answer("answer", "Maybe."),
            "f": make_answer("ask", "Which?", choices=("Gold Card", "Silver Card")),
        },
        check=lambda answer, documents: answer.text != "Maybe.",
    )
    value = answers.summarise(judged)
    assert [turns[-1]["text"] for turns in answerer.asked] == list("abcdef")
    assert value["right"] == value["wrong"] == value["false_abstain"] == 1 / 3
    assert value["gold_in_5"] == 2 / 3
    assert (value["abstain"], value["ask"]) == (0.5, 1.0)
    assert value["grounded"] == value["verbatim"] == 2 / 3
    assert (value["n"], value["first_token_ms_p50"]) == (6, 40.0)
    assert value["by_kind"]["answerable"] == {
        "n": 2,
        "right": 1,
        "wrong": 1,
        "false_abstain": 0,
        "gold_in_5": 1,
        "decisions": {"answer": 2},
        "distinct_choices": 0,
    }
    assert value["by_kind"]["underspecified"]["distinct_choices"] == 1


def test_a_set_without_a_kind_has_no_share_of_it():
    judged, _ = ask([question("unanswerable")], {})
    value = answers.summarise(judged)
    assert value["right"] is value["ask"] is value["first_token_ms_p50"] is None
    assert value["abstain"] == 1.0


def test_the_sixth_document_is_too_late():
    found = tuple(make_hit(name) for name in ("a", "b", "c", "d", "e", "gold"))
    asked = [question(relevant=("gold",))]
    judged, _ = ask(asked, {"how long?": make_answer("answer", passages=found)})
    assert not judged[0].gold_in_5


def test_the_output_line_says_what_was_asked_and_shown():
    citation = make_citation("gold", "Fee 10.")
    answer = make_answer(
        "answer", "It costs 10.", citations=(citation,), confidence=0.9
    )
    [judged], _ = ask([question(facts=(("10",),))], {"how long?": answer})
    row = judged.row()
    assert (row["verdict"], row["decision"], row["answer"]) == (
        "right",
        "answer",
        "It costs 10.",
    )
    assert row["citations"] == [
        {"id": "gold", "title": "gold", "url": "", "quote": "Fee 10."}
    ]
    assert row["choices"] == []


def test_an_answer_without_an_exact_quote_is_not_grounded():
    text = "Gold Card fee is 10."
    hit = make_hit("gold", "The Gold Card fee is 10.", "Gold Card")
    documents = {"gold": "Gold Card\nThe Gold Card\nfee is 10."}

    def grounded(*quotes):
        citations = tuple(make_citation("gold", quote) for quote in quotes)
        answer = make_answer("answer", text, citations=citations, passages=(hit,))
        return answers.is_grounded(answer, documents)

    assert grounded("The Gold Card fee is 10.")
    assert not grounded("The Gold Card fee is 20.")
    assert not grounded()


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("The fee is $10. It is due in May.", True),
        ("fee is $10", True),  # a part of a sentence
        ("It is due in May. The fee is $10.", True),  # sentences in another order
        ("The fee is $10. Colour: red; Price: 5", True),  # a row with its columns
        ("The fee is $100.", False),
        ("The fee is $10. It is due in June.", False),
        ("It is $10.", False),
    ],
)
def test_a_quote_is_made_of_the_documents_own_words(quote, expected):
    document = (
        "# Fees\nThe **fee** is $10. It is due in May.\n\n"
        "| Colour | Price |\n| --- | --- |\n| red | 5 |\n"
    )
    assert answers.is_quoted(quote, document) is expected


def test_documents_are_put_together_from_their_passages():
    passages = [make_hit("a", "one").passage, make_hit("a", "two").passage]
    assert answers.knowledge_documents(passages) == {"a": "a\n\none\n\na\n\ntwo"}


def test_confidence_is_compared_with_what_can_be_answered():
    judged, _ = ask(
        [question(text="a"), question("unanswerable", text="b")],
        {
            "a": make_answer("answer", confidence=0.95),
            "b": make_answer("abstain", confidence=0.15),
        },
    )
    assert answers.coverage_reliability(judged) == [(0.15, 0.0, 1), (0.95, 1.0, 1)]
