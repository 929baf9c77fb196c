import pytest

from frontdesk.knowledge.spelling import Spelling

TEXTS = [
    "Payment by card. A refund of a payment.",
    "The minimum. Minimum! Tracker.",
] * 2
WORDS_OF_THE_LANGUAGE = {"hosting", "moment"}


@pytest.fixture
def spelling() -> Spelling:
    return Spelling(TEXTS, lambda word: 1 if word in WORDS_OF_THE_LANGUAGE else 2)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("stop payemnt fee", "stop payment fee"),
        ("refnd? refuund!", "refund? refund!"),
        ("PAYMNET", "payment"),
        ("minimun", "minimun"),  # seven letters: one wrong letter proves too little
        ("trucker", "trucker"),
        ("moment", "moment"),
        ("tx-200b card 2026", "tx-200b card 2026"),
        ("crad", "crad"),
        ("", ""),
    ],
)
def test_one_slip_in_an_unknown_word_is_put_right(
    spelling: Spelling, written: str, meant: str
) -> None:
    assert spelling.correct(written) == meant


def test_a_wrong_letter_in_a_long_word_is_put_right() -> None:
    spelling = Spelling(["delivery delivery"], lambda word: 2)

    assert spelling.correct("dekivery") == "delivery"
