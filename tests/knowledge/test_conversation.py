import pytest

from frontdesk.knowledge.conversation import Conversation


def conversation(*texts: str) -> Conversation | None:
    roles = ["user", "bot"] * len(texts)
    return Conversation.from_turns(
        [{"role": role, "text": text} for role, text in zip(roles, texts, strict=False)]
    )


def test_the_context_is_the_last_three_messages_newest_first() -> None:
    found = conversation("one", "two", "three", "four")

    assert found is not None
    assert found.last == "four"
    assert found.context == "four\nthree\ntwo"


def test_a_word_counts_by_its_newest_message() -> None:
    found = conversation("red lamp", "blue desk", "a lamp")

    assert found is not None
    assert found.words() == {"lamp": 1.0, "blue": 0.5, "desk": 0.5, "red": 0.25}


@pytest.mark.parametrize("texts", [[], [""], ["hello", " \n\t"], ["\x00\ud800"]])
def test_a_last_message_that_says_nothing_is_no_question(texts: list[str]) -> None:
    assert conversation(*texts) is None


def test_long_messages_are_cut_and_empty_ones_left_out() -> None:
    found = conversation("", "x" * 1_000_000, "why?")

    assert found is not None
    assert [len(message) for message in found.messages] == [2000, 4]
