from __future__ import annotations

import pytest

from actions import privacy
from frontdesk.commerce.trust import Trust, Visitor
from frontdesk.commerce.writes import RequestData
from tests.fakes_desk import ANNA, CODE, Chat, FakeDesk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("delete my data", "deletion"),
        ("send me a copy of my data", "export"),
        ("close my account", "deletion"),
    ],
)
def test_wish_is_read_and_the_customer_proved(text: str, kind: str) -> None:
    desk = FakeDesk()
    talk = Chat("privacy_form", desk, privacy)
    talk.say(text, "data_request")
    talk.say(ANNA, email=ANNA)
    talk.say(CODE)
    assert desk.proposed == [RequestData("anna", kind)]  # type: ignore[arg-type]
    assert (talk.asked, desk.confirmed) == ("confirmed", [])


def test_bare_request_is_asked_which() -> None:
    talk = Chat("privacy_form", FakeDesk(signed_in=ANNA), privacy)
    talk.say("data request", "data_request")
    assert talk.asked == "data_wish"


def test_address_without_an_account_has_no_data() -> None:
    class Nobody(FakeDesk):
        async def trust(self, visitor: Visitor) -> Trust:
            return Trust("verified", frozenset({ANNA}))

    desk = Nobody()
    talk = Chat("privacy_form", desk, privacy)
    said = talk.say("delete my data", "data_request")
    assert said[0]["response"] == "utter_no_account"
    assert desk.proposed == []
