import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.courier import Retries
from addons.channels.messages import Attachment, Busy, Refused, Unreachable
from addons.channels.parts import Button, Card, Cards, Location, Media, Text
from addons.channels.slack import SlackInput
from tests.addons.channels.cases.slack import (
    CASE,
    TEAM,
    Slack,
    direct,
    event,
    pressed,
    signed,
)
from tests.fakes_messaging import (
    Delivery,
    Fault,
    Message,
    Turns,
    Worker,
    as_body,
    due,
    events_of,
    show,
    until,
)

pytestmark = pytest.mark.asyncio
ANNA = f"slack:{TEAM}/U000001"
DIRECT = {"reply_to": {"channel": "D000001", "thread_ts": ""}}


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[Slack]:
    fake = Slack()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def channel(vendor: Slack) -> AsyncIterator[SlackInput]:
    found = CASE.channel(vendor.url)
    yield found
    await found.closed()


@pytest_asyncio.fixture
async def worker(vendor: Slack, tmp_path: Path) -> AsyncIterator[Worker]:
    store = f"sqlite:///{tmp_path}/deliveries.db"
    quick = Retries(tries=4, first_s=0.05)
    found = Worker(
        [CASE.channel(vendor.url, deliveries_url=store, retries=quick)], Turns()
    )
    await found.start()
    yield found
    await found.stop()


def mention(**changes: Any) -> dict[str, Any]:
    return {
        "type": "app_mention",
        "user": "U000001",
        "text": "<@U0BOT> where is it?",
        "ts": "1700000000.000100",
        "channel": "C0SUPPORT",
        **changes,
    }


async def test_url_is_verified_by_its_challenge_in_plain_text(worker: Worker) -> None:
    body = as_body({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"})
    delivery = signed(body, "application/json")
    assert worker._session is not None
    async with worker._session.post(
        f"{worker.url}/webhooks/slack/webhook", data=body, headers=delivery.headers
    ) as response:
        assert (response.status, await response.text()) == (200, "3eZbrw1a")


async def test_direct_message_is_a_conversation_of_the_person(
    channel: SlackInput,
) -> None:
    [found] = events_of(channel, event(1, **direct(Message(1, 1, "hello"))))
    assert (found.sender, found.text) == (f"{TEAM}/U000001", "hello")


async def test_mention_is_a_conversation_in_its_thread(channel: SlackInput) -> None:
    [first] = events_of(channel, event(1, **mention()))
    [later] = events_of(
        channel,
        event(2, **mention(ts="1700000009.000200", thread_ts="1700000000.000100")),
    )
    assert first.text == "where is it?"
    assert first.reply_to == {"channel": "C0SUPPORT", "thread_ts": "1700000000.000100"}
    assert first.sender == later.sender


async def test_mention_that_is_a_message_too_is_one_event(channel: SlackInput) -> None:
    [one] = events_of(channel, event(1, **mention(channel="D1")))
    both = {**mention(channel="D1"), "type": "message", "channel_type": "im"}
    [other] = events_of(channel, event(2, **both))
    assert one.event_id == other.event_id


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B0BOT"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"channel_type": "channel"},
        {"user": None},
        {"type": "reaction_added"},
    ],
)
async def test_what_is_not_said_to_us_is_left_out(
    channel: SlackInput, changes: dict[str, Any]
) -> None:
    content = {**direct(Message(1, 1, "hello")), **changes}
    assert events_of(channel, event(1, **content)) == []


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("see <https://shop.example/1|the lamp>", "see the lamp"),
        ("see <https://shop.example/1>", "see https://shop.example/1"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
    ],
)
async def test_marks_of_slack_are_removed(
    channel: SlackInput, typed: str, text: str
) -> None:
    [found] = events_of(channel, event(1, **direct(Message(1, 1, typed))))
    assert found.text == text


async def test_shared_file_is_an_attachment(channel: SlackInput) -> None:
    file = {
        "id": "F1",
        "name": "lamp.png",
        "mimetype": "image/png",
        "url_private": "https://files.slack.com/lamp.png",
    }
    content = {**direct(Message(1, 1, "look")), "subtype": "file_share"}
    [found] = events_of(channel, event(1, **content, files=[file]))
    assert found.attachments == [
        Attachment(
            "image", "F1", "https://files.slack.com/lamp.png", "lamp.png", "image/png"
        )
    ]


def press(**changes: Any) -> Delivery:
    return pressed(
        {
            "type": "block_actions",
            "user": {"id": "U000001"},
            "team": {"id": TEAM},
            "channel": {"id": "D000001"},
            "message": {"ts": "1700000000.000300"},
            "actions": [
                {
                    "action_id": "button_0",
                    "action_ts": "1700000001.5",
                    "type": "button",
                    "value": "/confirm",
                    "text": {"type": "plain_text", "text": "Yes &amp; no"},
                }
            ],
            **changes,
        }
    )


async def test_pressed_button_belongs_to_the_same_conversation(
    channel: SlackInput,
) -> None:
    [found] = events_of(channel, press())
    assert (found.sender, found.payload, found.text) == (
        f"{TEAM}/U000001",
        "/confirm",
        "Yes & no",
    )
    in_thread = press(
        channel={"id": "C0SUPPORT"},
        message={"ts": "1700000005.1", "thread_ts": "1700000000.000100"},
    )
    [asked] = events_of(channel, event(1, **mention()))
    assert events_of(channel, in_thread)[0].sender == asked.sender


async def test_answer_to_a_mention_stays_in_the_thread(
    channel: SlackInput, vendor: Slack
) -> None:
    [found] = events_of(channel, event(1, **mention()))
    await show(channel, f"slack:{found.sender}", Text("Hi."), reply_to=found.reply_to)
    [shown] = vendor.shown["C0SUPPORT"]
    assert shown["thread_ts"] == "1700000000.000100"


@pytest.mark.parametrize(
    ("text", "messages"),
    [("x" * 3000, 1), ("x" * 3001, 2), ("&" * 600, 1), ("&" * 601, 2)],
)
async def test_text_is_split_at_the_limit_as_it_is_sent(
    channel: SlackInput, vendor: Slack, text: str, messages: int
) -> None:
    await show(channel, ANNA, Text(text), **DIRECT)
    shown = vendor.texts("D000001")
    assert "".join(shown).replace("&amp;", "&") == text
    assert len(shown) == messages


@pytest.mark.parametrize(("count", "shown"), [(25, 25), (26, 0)])
async def test_more_buttons_than_slack_takes_are_numbered(
    channel: SlackInput, vendor: Slack, count: int, shown: int
) -> None:
    buttons = [Button("t" * 80 + str(n), f"/{n}") for n in range(count)]
    await show(channel, ANNA, Text("Which?", buttons), **DIRECT)
    [message] = vendor.shown["D000001"]
    blocks = message.get("blocks", [{}, {"elements": []}])
    assert len(blocks[1]["elements"]) == shown
    assert ("1. " in message["text"]) == (shown == 0)


async def test_files_cards_and_places_have_their_own_form(
    channel: SlackInput, vendor: Slack
) -> None:
    image = "https://shop.example/lamp.jpg"
    card = Card("Mira", ("£39", "<b>"), "https://shop.example/1", image)
    more = Card("Oslo", buttons=(Button("Buy", "/buy"),))
    await show(
        channel,
        ANNA,
        Media("image", image, caption="Mira"),
        Media("file", "https://shop.example/invoice.pdf", "invoice.pdf"),
        Location(51.5, -0.1, "Shop"),
        Cards([card, more] * 6),
        **DIRECT,
    )
    first, second, third, cards = vendor.shown["D000001"]
    assert first["blocks"][0]["image_url"] == image
    assert second["text"] == "invoice.pdf\nhttps://shop.example/invoice.pdf"
    assert "mlat=51.5&amp;mlon=-0.1" in third["text"]
    assert len(cards["blocks"]) == 15  # 10 cards, 5 of them with buttons
    assert vendor.refused == []


async def test_picture_slack_cannot_fetch_becomes_its_address(
    channel: SlackInput, vendor: Slack
) -> None:
    vendor.faults.append(Fault(200, body={"ok": False, "error": "invalid_blocks"}))
    media = Media("image", "https://intranet.example/lamp.jpg", caption="Mira")
    await show(channel, ANNA, media, **DIRECT)
    [shown] = vendor.shown["D000001"]
    assert "blocks" not in shown
    assert shown["text"] == "Mira\nhttps://intranet.example/lamp.jpg"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ratelimited", Busy),
        ("internal_error", Unreachable),
        ("channel_not_found", Refused),
        ("token_revoked", Refused),
    ],
)
async def test_errors_in_answers_of_status_200_are_told_apart(
    channel: SlackInput, vendor: Slack, error: str, kind: type[Exception]
) -> None:
    vendor.faults.append(Fault(200, body={"ok": False, "error": error}))
    with pytest.raises(kind):
        await channel.send(due(ANNA, channel.render(Text("hello"))[0], **DIRECT))


async def test_answer_of_unknown_outcome_is_looked_for_before_it_is_repeated(
    worker: Worker, vendor: Slack
) -> None:
    vendor.faults.extend([Fault(500, done=True)])
    said = event(1, **direct(Message(1, 1, "one")))
    await worker.post("slack", said)
    await until(lambda: not vendor.faults)
    await asyncio.sleep(0.5)
    vendor.faults.append(Fault(500))
    await worker.post("slack", event(2, **direct(Message(2, 1, "two"))))
    await until(lambda: len(vendor.texts("D000001")) == 2)
    assert vendor.texts("D000001") == ["You said: one", "You said: two"]


async def test_check_says_what_slack_says(
    vendor: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_PUBLIC_URL", "https://bot.example")
    assert await CASE.channel(vendor.url).check() == []
    wrong = CASE.channel(vendor.url, option={"bot_token": "xoxb-wrong"})
    assert await wrong.check() == [
        "Slack refuses FRONTDESK_SLACK_BOT_TOKEN: not_authed."
    ]
