import pytest

from frontdesk.answering import wording
from frontdesk.settings import Settings


def test_a_question_back_names_every_choice() -> None:
    text = wording.ask_which("card", ("Gold", "Silver", "Blue"))
    assert (
        text == "It depends on the card. Which card do you mean: Gold, Silver or Blue?"
    )


def test_a_question_back_without_a_noun_still_reads_well() -> None:
    text = wording.ask_which("", ("Mira 1.5", "Mira 1.7"))
    assert text == "It depends. Which one do you mean: Mira 1.5 or Mira 1.7?"


def test_a_question_back_tells_what_a_short_table_says() -> None:
    lines = ("Standard: £4", "Express: £9")
    text = wording.ask_which("service", ("Standard", "Express"), lines)
    assert text == (
        "It depends on the service:\n- Standard: £4\n- Express: £9\n\n"
        "Which service do you mean?"
    )
    text = wording.ask_which("", ("A", "B"), ("A: £1", "B: £2"), "Late fee")
    assert text.startswith("Late fee:\n- A: £1")
    assert text.endswith("Which one do you mean?")


@pytest.mark.parametrize("reason", ["danger", "distress", "legal", "asked"])
def test_every_escalation_says_how_to_reach_a_person(reason: str) -> None:
    settings = Settings(support_contact="help@shop.example")
    assert "help@shop.example" in wording.escalate(reason, settings)


def test_not_knowing_offers_a_person() -> None:
    settings = Settings(support_contact="help@shop.example")
    assert "help@shop.example" in wording.abstain(settings)
    assert "help@shop.example" in wording.unavailable(settings)
