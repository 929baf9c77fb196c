import pytest

from addons.channels.web_bursts import HOLD_S, first_burst, hold_s, joined
from addons.channels.web_log import Waiting
from addons.channels.web_messages import now

OLD = "2026-01-01T10:00:00.000+00:00"


def waiting(*texts: str, at: str = "", pressed: str = "") -> list[Waiting]:
    return [
        Waiting({"seq": n, "at": at or now()}, {"text": t, "pressed": t == pressed})
        for n, t in enumerate(texts, 1)
    ]


@pytest.mark.parametrize(
    ("texts", "burst"),
    [
        ([], ""),
        (["hi"], "hi"),
        (["hi", "where is my order", "LO-1234"], "hi\nwhere is my order\nLO-1234"),
        (["How long for returns?", "And delivery?"], "How long for returns?"),
        (["my kettle", "does not switch off any more. Why?"], None),
        (["hi", "/track_order", "now"], "hi"),
        (["/track_order", "now"], "/track_order"),
        (["a b c d e f g h i", "more"], "a b c d e f g h i"),
        (["hi", "x" * 500], "hi"),
    ],
)
def test_pieces_of_one_message_are_joined(texts: list[str], burst: str | None) -> None:
    wanted = "\n".join(texts) if burst is None else burst
    assert joined(first_burst(waiting(*texts))) == wanted


def test_pressed_button_is_a_message_of_its_own() -> None:
    assert joined(first_burst(waiting("hi", "Blue", pressed="Blue"))) == "hi"
    assert joined(first_burst(waiting("Blue", "hi", pressed="Blue"))) == "Blue"


@pytest.mark.parametrize(
    ("texts", "held"),
    [
        (["hi"], True),
        (["my kettle leaks"], True),
        (["what is your return policy"], False),
        (["Returns?"], False),
        (["LO-1234"], False),
        (["joe@mail.example"], False),
        (["/talk_to_person"], False),
        (["hi", "where is my order"], True),
        (["hi", "where is my order?"], False),
    ],
)
def test_only_what_may_go_on_is_held(texts: list[str], held: bool) -> None:
    assert (hold_s(waiting(*texts)) > 0) == held


def test_hold_is_short_and_counts_from_the_arrival() -> None:
    assert 0 < hold_s(waiting("hi")) <= HOLD_S
    assert hold_s(waiting("hi", at=OLD)) == 0
