import pytest

from frontdesk.answering.question import points_back, read_question


def user(text: str) -> dict[str, str]:
    return {"role": "user", "text": text}


def bot(text: str) -> dict[str, str]:
    return {"role": "bot", "text": text}


def test_a_first_message_stands_alone() -> None:
    question = read_question([user("How long is the warranty on the Halden 60?")])
    assert question.standalone == "How long is the warranty on the Halden 60?"
    assert not question.dependent


def test_a_message_that_points_back_is_joined_with_the_one_before() -> None:
    turns = [user("Do you ship to Jersey?"), bot("Yes."), user("how long does it take")]
    question = read_question(turns)
    assert question.standalone == "Do you ship to Jersey? how long does it take"
    assert question.dependent


def test_a_new_topic_forgets_the_old_one() -> None:
    turns = [
        user("Do you ship to Jersey?"),
        bot("Yes."),
        user("Can I pay for a washing machine in three instalments?"),
    ]
    standalone = read_question(turns).standalone
    assert standalone == "Can I pay for a washing machine in three instalments?"


def test_a_long_message_explains_its_own_pronouns() -> None:
    turns = [
        user("Do you ship to Jersey?"),
        bot("Yes."),
        user("my washing machine leaks water since it fell off the delivery van"),
    ]
    assert not read_question(turns).dependent
    assert read_question([*turns[:2], user("and " + turns[2]["text"])]).dependent


def test_a_short_whole_question_is_a_new_topic() -> None:
    turns = [
        user("What does express delivery cost?"),
        bot("£7."),
        user("do you ship to norway"),
    ]
    question = read_question(turns)
    assert question.standalone == "do you ship to norway"
    assert not question.topic


def test_a_short_question_is_about_the_thing_spoken_of() -> None:
    turns = [
        user("is the Blue Account free"),
        bot("Yes."),
        user("what is the card fee"),
    ]
    question = read_question(turns, names=lambda text: "Account" in text)
    assert question.standalone == "is the Blue Account free what is the card fee"
    assert question.topic


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("is there a student discount", False),
        ("what does it cost there", True),
        ("and in blue", True),
        ("do you ship to Norway", False),
    ],
)
def test_what_points_back_is_told_from_what_does_not(text: str, back: bool) -> None:
    assert points_back(text) is back


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("How long does delivery take?", "time"),
        ("When are you open?", "time"),
        ("How much is the lamp?", "amount"),
        ("what's the fee for that", "amount"),
        ("Where do I find my invoice?", ""),
    ],
)
def test_the_kind_of_fact_asked_for_is_read(text: str, wants: str) -> None:
    assert read_question([user(text)]).wants == wants


@pytest.mark.parametrize(
    ("text", "polar"),
    [
        ("Can I return a mattress?", True),
        ("It broke. Is that covered?", True),
        ("What is covered?", False),
    ],
)
def test_yes_or_no_questions_are_recognised(text: str, polar: bool) -> None:
    assert read_question([user(text)]).polar is polar


def test_a_conversation_must_end_with_the_customer() -> None:
    with pytest.raises(ValueError, match="last turn"):
        read_question([user("Hello"), bot("Hi")])
    with pytest.raises(ValueError, match="last turn"):
        read_question([])
