from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.messages import Attachment, Busy, Refused
from addons.channels.parts import Button, Card, Cards, Location, Media, Text
from addons.channels.telegram import TelegramInput
from addons.channels.utterances import token
from tests.addons.channels.cases.telegram import CASE, Telegram, said, update
from tests.fakes_messaging import Delivery, Fault, due, events_of, show

pytestmark = pytest.mark.asyncio
ANNA = "telegram:500001"
CHAT = {"reply_to": {"chat_id": 500001}}


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[Telegram]:
    fake = Telegram()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def channel(vendor: Telegram) -> AsyncIterator[TelegramInput]:
    found = CASE.channel(vendor.url)
    yield found
    await found.closed()


def pressed(data: str, **message: Any) -> Delivery:
    query = {
        "id": "4382bfdwdsb323b2d9",
        "from": {"id": 500001, "is_bot": False},
        "message": {
            "message_id": 9,
            "chat": {"id": 500001, "type": "private"},
            "reply_markup": {
                "inline_keyboard": [[{"text": "Yes", "callback_data": data}]]
            },
            **message,
        },
        "chat_instance": "1",
        "data": data,
    }
    return update(3, callback_query=query)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"text": "hello"}, "hello"),
        ({"text": "/start"}, "Hello"),
        ({"text": "/start LINK-42"}, "LINK-42"),
        (
            {"location": {"latitude": 51.5, "longitude": -0.1}},
            "My location is 51.5, -0.1",
        ),
        ({"photo": [{"file_id": "small"}], "caption": "broken"}, "broken"),
    ],
)
async def test_message_is_read(
    channel: TelegramInput, content: dict[str, Any], text: str
) -> None:
    [event] = events_of(channel, update(7, message=said(500001, **content)))
    assert (event.event_id, event.sender, event.text) == ("7", "500001", text)


async def test_largest_picture_and_named_file_are_attachments(
    channel: TelegramInput,
) -> None:
    photo = {"photo": [{"file_id": "small"}, {"file_id": "large"}]}
    [event] = events_of(channel, update(7, message=said(1, **photo)))
    assert event.attachments == [Attachment("image", "large")]
    document = {"file_id": "d1", "file_name": "a.pdf", "mime_type": "application/pdf"}
    [event] = events_of(channel, update(8, message=said(1, document=document)))
    assert event.attachments == [
        Attachment("file", "d1", name="a.pdf", mime="application/pdf")
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"edited_message": said(1, text="changed")},
        {"my_chat_member": {"chat": {"id": 1}, "from": {"id": 1}}},
        {"channel_post": {"chat": {"id": -1}, "text": "news"}},
        {"message": said(1, new_chat_title="Orders")},
        {"message": {**said(1, text="I am a bot"), "from": {"id": 2, "is_bot": True}}},
        {"poll": {"id": "1"}},
    ],
)
async def test_what_is_no_message_is_left_out(
    channel: TelegramInput, content: dict[str, Any]
) -> None:
    assert events_of(channel, update(7, **content)) == []


async def test_members_of_a_group_have_their_own_conversations(
    channel: TelegramInput,
) -> None:
    group = {"chat": {"id": -100, "type": "supergroup"}, "text": "hello"}
    senders = [
        events_of(channel, update(n, message=said(n, **group)))[0].sender
        for n in (1, 2)
    ]
    assert senders == ["-100/1", "-100/2"]


async def test_answer_in_a_group_names_the_message_it_answers(
    channel: TelegramInput, vendor: Telegram
) -> None:
    group = {"chat": {"id": -100, "type": "supergroup"}, "text": "hello"}
    [event] = events_of(channel, update(1, message=said(1, **group)))
    sender = f"telegram:{event.sender}"
    await show(channel, sender, Text("Hi."), reply_to=event.reply_to)
    [shown] = vendor.shown["-100"]
    assert shown["reply_parameters"]["message_id"] == 7


async def test_pressed_button_has_its_title_and_is_acknowledged(
    channel: TelegramInput, vendor: Telegram
) -> None:
    [event] = events_of(channel, pressed("/confirm"))
    assert (event.text, event.payload) == ("Yes", "/confirm")
    await channel.show_typing(event)
    assert [one["method"] for one in vendor.other] == [
        "answerCallbackQuery",
        "sendChatAction",
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [("x" * 4096, 1), ("x" * 4097, 2), ("\U0001f600" * 2048, 1), ("😀" * 2049, 2)],
    ids=["limit", "above", "emoji at the limit", "emoji above"],
)
async def test_text_is_split_as_telegram_counts(
    channel: TelegramInput, vendor: Telegram, text: str, messages: int
) -> None:
    await show(channel, ANNA, Text(text), **CHAT)
    assert "".join(vendor.texts("500001")) == text
    assert len(vendor.texts("500001")) == messages


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        ("/" + "x" * 63, "/" + "x" * 63),
        ("/" + "x" * 64, token("/" + "x" * 64)),
        ("/ü" + "x" * 62, token("/ü" + "x" * 62)),
    ],
    ids=["64 bytes", "65 bytes", "65 bytes in 64 characters"],
)
async def test_long_payload_travels_as_a_token(
    channel: TelegramInput, vendor: Telegram, payload: str, data: str
) -> None:
    await show(channel, ANNA, Text("Sure?", [Button("Yes", payload)]), **CHAT)
    [shown] = vendor.shown["500001"]
    [[button]] = shown["reply_markup"]["inline_keyboard"]
    assert button == {"text": "Yes", "callback_data": data}


async def test_files_cards_places_and_links_have_their_own_form(
    channel: TelegramInput, vendor: Telegram
) -> None:
    image = "https://shop.example/lamp.jpg"
    link = Button("Open", url="https://shop.example/1")
    await show(
        channel,
        ANNA,
        Media("image", image, caption="x" * 1025),
        Media("file", "https://shop.example/invoice.pdf", "invoice.pdf"),
        Location(51.5, -0.1),
        Location(51.5, -0.1, "Shop", "1 High Street"),
        Text("Look:", [link]),
        Cards([Card("Mira", ("£39",), image=image, buttons=(link,)), Card("Oslo")]),
        **CHAT,
    )
    assert [message["method"] for message in vendor.shown["500001"]] == [
        *("sendPhoto", "sendDocument", "sendLocation", "sendVenue", "sendMessage"),
        *("sendPhoto", "sendMessage"),
    ]
    assert vendor.refused == []


async def test_picture_telegram_cannot_fetch_becomes_its_address(
    channel: TelegramInput, vendor: Telegram
) -> None:
    vendor.unreachable = "https://intranet.example/lamp.jpg"
    media = Media("image", vendor.unreachable, caption="Mira")
    await show(channel, ANNA, media, **CHAT)
    assert vendor.texts("500001") == ["Mira\nhttps://intranet.example/lamp.jpg"]


async def test_time_to_wait_is_read_from_the_body(
    channel: TelegramInput, vendor: Telegram
) -> None:
    body = {"ok": False, "error_code": 429, "parameters": {"retry_after": 7}}
    vendor.faults.append(Fault(429, body=body))
    with pytest.raises(Busy) as caught:
        await show(channel, ANNA, Text("hello"), **CHAT)
    assert caught.value.retry_after_s == 7


async def test_blocked_bot_is_refused_and_the_token_stays_secret(
    channel: TelegramInput, vendor: Telegram
) -> None:
    reason = "Forbidden: bot was blocked by the user"
    vendor.faults.append(Fault(403, body={"ok": False, "description": reason}))
    with pytest.raises(Refused) as caught:
        await channel.send(due(ANNA, channel.render(Text("hello"))[0], **CHAT))
    assert str(caught.value) == f"The vendor answered 403: {reason}"


async def test_reminder_reaches_a_chat_that_is_known_by_its_sender_only(
    channel: TelegramInput, vendor: Telegram
) -> None:
    await show(channel, ANNA, Text("Your order is on its way."))
    assert vendor.texts("500001") == ["Your order is on its way."]


async def test_check_compares_the_webhook_and_the_token(
    vendor: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_PUBLIC_URL", "https://bot.example/")
    ours = "https://bot.example/webhooks/telegram/webhook"
    vendor.webhook = ours
    assert await CASE.channel(vendor.url).check() == []
    vendor.webhook = "https://old.example/hook"
    [problem] = await CASE.channel(vendor.url).check()
    assert problem.startswith("Telegram's webhook is 'https://old.example/hook', not")
    wrong = CASE.channel(vendor.url, option={"bot_token": "1:wrong"})
    assert await wrong.check() == ["Telegram refuses FRONTDESK_TELEGRAM_BOT_TOKEN."]
