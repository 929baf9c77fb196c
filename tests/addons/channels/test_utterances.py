"""Buttons, numbers and interrupted turns with a real conversation behind them."""

from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from addons.channels.base import Reply
from addons.channels.deliveries import Turn
from addons.channels.guard import RefusedMessageError
from addons.channels.messages import Inbound
from addons.channels.utterances import (
    answered_before,
    chosen,
    message_id,
    said,
    token,
)
from tests.fakes_channels import FakeActions

pytestmark = pytest.mark.asyncio
ANNA = "sms:anna"
PAYLOAD = '/track_order{"order_number": "1042"}'
BUTTONS = [
    {"title": "Track order 1042", "payload": PAYLOAD},
    {"title": "A person", "payload": "/talk_to_person"},
]


def turn(number: int, text: str = "what", payload: str = "") -> Turn:
    return Turn(number, ANNA, Inbound(f"e{number}", "anna", text, payload), 0)


async def run(agent: Any, one: Turn) -> list[dict[str, Any]]:
    reply = Reply("sms")
    await agent.handle_message(
        UserMessage(one.inbound.text, reply, ANNA, message_id=message_id(one))
    )
    return reply.messages


@pytest.fixture
def offering(actions: FakeActions) -> None:
    actions.say("action_answer_question", "Which one?", buttons=BUTTONS)


@pytest.mark.parametrize(
    ("text", "payload", "expected"),
    [
        ("Track", PAYLOAD, PAYLOAD),
        ("Track", token(PAYLOAD), PAYLOAD),
        ("Refund", '/refund{"amount": "1000000"}', "Refund"),
        ("Refund", "#0123456789", "Refund"),
        ("1", "", PAYLOAD),
        ("2", "", "/talk_to_person"),
        ("3", "", "3"),
        ("0", "", "0"),
        ("a PERSON", "", "/talk_to_person"),
        ("/talk_to_person", "", "/talk_to_person"),
        ("/restart", "", "restart"),
        ('/track_order{"order_number": "7"}', "", 'track_order{"order_number": "7"}'),
    ],
)
@pytest.mark.usefixtures("offering")
async def test_only_what_was_offered_is_followed(
    agent: Any, text: str, payload: str, expected: str
) -> None:
    await run(agent, turn(1))
    assert await said(agent, ANNA, Inbound("e2", "anna", text, payload)) == expected


@pytest.mark.usefixtures("offering")
async def test_number_means_a_button_of_the_last_message_only(agent: Any) -> None:
    assert chosen(None, "1") == ""
    await run(agent, turn(1))
    await run(agent, turn(2, "hello"))
    assert await said(agent, ANNA, Inbound("e3", "anna", "1")) == "1"


@pytest.mark.usefixtures("offering")
async def test_offer_to_another_customer_is_none(agent: Any) -> None:
    await run(agent, turn(1))
    eve = Inbound("e2", "eve", "Track", PAYLOAD)
    assert await said(agent, "sms:eve", eve) == "Track"


async def test_pressed_button_without_title_says_something(agent: Any) -> None:
    with pytest.raises(RefusedMessageError):
        await said(agent, ANNA, Inbound("e2", "anna", "", "/unknown"))


@pytest.mark.usefixtures("offering")
async def test_turn_that_had_been_answered_is_not_run_again(
    agent: Any, actions: FakeActions
) -> None:
    one = turn(1)
    assert await answered_before(agent, one, "sms") is None
    messages = await run(agent, one)
    await run(agent, turn(2, "hello"))
    calls = len(actions.calls)
    assert await answered_before(agent, one, "sms") == messages
    assert messages[0]["buttons"] == BUTTONS
    assert await answered_before(agent, turn(3), "sms") is None
    assert len(actions.calls) == calls
