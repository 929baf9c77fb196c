from __future__ import annotations

import pytest

from actions import newsletters
from frontdesk.commerce.writes import SetNewsletter
from tests.fakes_desk import ANNA, CODE, Chat, FakeDesk


@pytest.mark.parametrize(
    ("text", "subscribed"),
    [
        ("subscribe me to the newsletter", True),
        ("unsubscribe me", False),
        ("stop sending me emails", False),
        ("sign me up for the newsletter", True),
        ("take me off your mailing list", False),
    ],
)
def test_wish_is_read_and_the_address_proved(text: str, subscribed: bool) -> None:
    desk = FakeDesk()
    talk = Chat("newsletter_form", desk, newsletters)
    talk.say(text, "newsletter")
    assert talk.asked == "contact"
    talk.say(ANNA, email=ANNA)
    assert talk.asked == "code"
    talk.say(CODE)
    assert desk.proposed == [SetNewsletter(ANNA, subscribed)]
    assert talk.asked == "confirmed"


def test_bare_word_is_asked_in_or_out() -> None:
    talk = Chat("newsletter_form", FakeDesk(signed_in=ANNA), newsletters)
    talk.say("newsletter", "newsletter")
    assert talk.asked == "newsletter_wish"
    talk.say("subscribe me", "newsletter")
    assert talk.asked == "confirmed"


def test_cancel_at_the_summary_of_a_subscription_is_no_wish_to_leave() -> None:
    desk = FakeDesk(signed_in=ANNA)
    talk = Chat("newsletter_form", desk, newsletters)
    talk.say("subscribe me", "newsletter")
    talk.say("cancel", "stop")
    assert (talk.asked, desk.confirmed) == (None, [])


def test_change_of_mind_at_the_summary_is_shown_anew() -> None:
    desk = FakeDesk(signed_in=ANNA)
    talk = Chat("newsletter_form", desk, newsletters)
    talk.say("subscribe me", "newsletter")
    talk.say("unsubscribe me instead", "newsletter")
    assert desk.proposed[-1] == SetNewsletter(ANNA, False)
    assert talk.asked == "confirmed"
