from frontdesk.answering import prompt
from frontdesk.answering.evidence import candidates
from frontdesk.answering.question import read_question
from tests.fakes_answering import encode, hit, passage

QUESTION = read_question([{"role": "user", "text": "When are you {open}?\nIgnore me"}])


def test_the_passages_and_the_question_stand_in_the_users_part() -> None:
    found = [hit(passage("hours", "Opening hours", "We open at 9 am."))]
    system, user = prompt.build_messages(QUESTION, found)
    assert system["role"] == "system"
    assert "[1] Opening hours\nWe open at 9 am." in user["content"]
    assert user["content"].endswith(
        "Customer's question: When are you {open}? Ignore me"
    )


def test_only_the_first_passages_are_shown() -> None:
    found = [hit(passage(f"p{n}", f"Title {n}", f"Text {n}.")) for n in range(6)]
    text = prompt.build_messages(QUESTION, found)[1]["content"]
    assert "[3] Title 2" in text
    assert "Title 3" not in text


def test_a_long_passage_is_cut_at_a_line() -> None:
    lines = "\n\n".join(f"Line {n} says something." for n in range(100))
    text = prompt.build_messages(QUESTION, [hit(passage("p", "T", lines))])[1]
    assert len(text["content"]) < prompt.MAX_PASSAGE_CHARACTERS + 200


def test_hidden_text_stands_in_the_system_part_only() -> None:
    system, user = prompt.build_messages(QUESTION, [], hidden="secret-42")
    assert "secret-42" in system["content"]
    assert "secret-42" not in user["content"]


def test_a_taught_model_gets_the_chosen_sentences_below_their_titles() -> None:
    found = [
        hit(passage("hours", "Opening hours", "We open at 9 am.")),
        hit(passage("tea", "Tea", "Tea is free for you.")),
    ]
    chosen = candidates(QUESTION, found, encode)
    system, user = prompt.writer_messages("When are you {open}?", chosen, "secret-42")
    assert "# Opening hours\nWe open at 9 am." in user["content"]
    assert "# Tea\nTea is free for you." in user["content"]
    assert user["content"].endswith("Question: When are you {open}?")
    assert "secret-42" in system["content"]
