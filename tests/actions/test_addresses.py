from __future__ import annotations

import pytest

from actions import addresses
from frontdesk.commerce.writes import ChangeAddress
from tests.fakes_desk import ANNA, Chat, FakeDesk, order

NUMBER = "LO-100001"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(order(NUMBER, ANNA), signed_in=ANNA)


def chat(desk: FakeDesk) -> Chat:
    return Chat("address_form", desk, addresses)


def proposed(desk: FakeDesk) -> tuple[str, str, str, str]:
    write = desk.proposed[-1]
    assert isinstance(write, ChangeAddress)
    new = write.address
    return new.name, new.line1, new.city, new.postcode


def test_address_in_the_first_message_goes_straight_to_the_summary(
    desk: FakeDesk,
) -> None:
    talk = chat(desk)
    talk.say(
        f"send {NUMBER} to 14 Mill Lane, Leeds LS1 4AB please",
        "change_address",
        order_number=NUMBER,
    )
    assert talk.asked == "confirmed"
    assert proposed(desk) == ("Anna Field", "14 Mill Lane", "Leeds", "LS1 4AB")


def test_only_the_missing_part_is_asked_for(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say("change the address", "change_address", order_number=NUMBER)
    assert talk.asked == "new_address"
    [said] = talk.say("14 Mill Lane, Leeds")
    assert "postcode" in said["text"]
    talk.say("LS1 4AB")
    assert proposed(desk) == ("Anna Field", "14 Mill Lane", "Leeds", "LS1 4AB")


def test_house_number_is_corrected_at_the_summary_and_shown_anew(
    desk: FakeDesk,
) -> None:
    talk = chat(desk)
    talk.say("to 14 Mill Lane, Leeds LS1 4AB", "change_address", order_number=NUMBER)
    talk.say("no, make that number 12", "deny")
    assert talk.asked == "confirmed"
    assert proposed(desk) == ("Anna Field", "12 Mill Lane", "Leeds", "LS1 4AB")
    assert desk.confirmed == []


def test_question_in_the_middle_is_no_address(desk: FakeDesk) -> None:
    talk = chat(desk)
    talk.say("change the address", "change_address", order_number=NUMBER)
    assert talk.say("do you deliver to 3 islands?", "ask_question") == []
    [said] = talk.back()
    assert said["text"].startswith("Back to the new delivery address:")
