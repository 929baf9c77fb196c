import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.courier import Retries
from addons.channels.guard import NO_TEXT
from addons.channels.messages import Attachment, Busy, Refused, Unreachable
from addons.channels.parts import Button, Card, Cards, Location, Media, Text
from addons.channels.whatsapp import WhatsAppInput
from tests.addons.channels.cases.whatsapp import (
    CASE,
    SECRET,
    WhatsApp,
    envelope,
    receipt,
    signed,
)
from tests.fakes_messaging import (
    Delivery,
    Fault,
    Turns,
    Worker,
    as_body,
    due,
    events_of,
    show,
    until,
)

pytestmark = pytest.mark.asyncio
ANNA = "whatsapp:447700900001"


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[WhatsApp]:
    fake = WhatsApp()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def channel(vendor: WhatsApp) -> AsyncIterator[WhatsAppInput]:
    found = CASE.channel(vendor.url)
    yield found
    await found.closed()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest_asyncio.fixture
async def worker(
    vendor: WhatsApp, turns: Turns, tmp_path: Path
) -> AsyncIterator[Worker]:
    served = CASE.channel(
        vendor.url,
        deliveries_url=f"sqlite:///{tmp_path}/deliveries.db",
        retries=Retries(tries=4, first_s=0.05),
    )
    served.receipt_s = 0.5
    found = Worker([served], turns)
    await found.start()
    yield found
    await found.stop()


def incoming(**content: Any) -> Delivery:
    message = {
        "from": "447700900001",
        "id": "wamid.1",
        "timestamp": str(int(time.time())),
        **content,
    }
    return signed(envelope(messages=[message]))


async def test_url_is_verified_by_the_token_of_our_choice(worker: Worker) -> None:
    path = "/webhooks/whatsapp/webhook?hub.mode=subscribe&hub.challenge=1158201444"
    right = await worker.get(f"{path}&hub.verify_token=chosen-by-us")
    assert right == (200, "1158201444")
    assert await worker.get(f"{path}&hub.verify_token=guess") == (403, "")
    assert await worker.get(path) == (403, "")


async def test_signature_is_the_one_openssl_computes(worker: Worker) -> None:
    body = as_body(envelope(messages=[]))
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET]
    said = subprocess.run(command, input=body, capture_output=True, check=True)
    digest = said.stdout.decode().split()[-1]
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    assert await worker.post("whatsapp", Delivery(body, headers)) == 200


REPLY = {"id": '/confirm{"order": "1"}', "title": "Yes"}


@pytest.mark.parametrize(
    ("content", "text", "payload"),
    [
        ({"type": "text", "text": {"body": "hello"}}, "hello", ""),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": REPLY},
            },
            "Yes",
            REPLY["id"],
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": REPLY},
            },
            "Yes",
            REPLY["id"],
        ),
        ({"type": "button", "button": {"text": "Yes", "payload": "y"}}, "Yes", "y"),
        (
            {
                "type": "location",
                "location": {"latitude": 51.5, "longitude": -0.1, "name": "Shop"},
            },
            "My location is 51.5, -0.1 (Shop)",
            "",
        ),
        ({"type": "contacts", "contacts": []}, "", ""),
    ],
)
async def test_message_is_read(
    channel: WhatsAppInput, content: dict[str, Any], text: str, payload: str
) -> None:
    [event] = events_of(channel, incoming(**content))
    assert (event.sender, event.text, event.payload) == (
        "447700900001",
        text,
        payload,
    )


async def test_file_is_read_with_its_caption(channel: WhatsAppInput) -> None:
    image = {"id": "1003383421387256", "mime_type": "image/jpeg", "caption": "broken"}
    [event] = events_of(channel, incoming(type="image", image=image))
    assert event.text == "broken"
    assert event.attachments == [
        Attachment("image", id="1003383421387256", mime="image/jpeg")
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "x"}},
        {"type": "system", "system": {"body": "changed number"}},
        {"type": "unsupported", "errors": [{"code": 131051}]},
    ],
)
async def test_notice_is_no_message(
    channel: WhatsAppInput, content: dict[str, Any]
) -> None:
    assert events_of(channel, incoming(**content)) == []


async def test_message_to_another_number_is_not_ours(channel: WhatsAppInput) -> None:
    content = envelope(messages=[{"from": "1", "id": "wamid.1", "type": "text"}])
    value = content["entry"][0]["changes"][0]["value"]
    value["metadata"]["phone_number_id"] = "999"
    assert events_of(channel, signed(content)) == []


async def test_picture_without_words_is_answered_with_a_sentence(
    worker: Worker, vendor: WhatsApp, turns: Turns
) -> None:
    image = {"id": "1003383421387256", "mime_type": "image/jpeg"}
    assert await worker.post("whatsapp", incoming(type="image", image=image)) == 200
    await until(lambda: vendor.shown)
    assert vendor.texts("447700900001") == [NO_TEXT]
    assert turns.said == []


async def test_customer_sees_that_the_message_was_read_and_is_answered(
    worker: Worker, vendor: WhatsApp
) -> None:
    await worker.post("whatsapp", incoming(type="text", text={"body": "hello"}))
    await until(lambda: vendor.shown and vendor.other)
    assert vendor.other == [
        {
            "status": "read",
            "message_id": "wamid.1",
            "typing_indicator": {"type": "text"},
        }
    ]


@pytest.mark.parametrize(("length", "messages"), [(4096, 1), (4097, 2)])
async def test_text_is_split_at_the_limit(
    channel: WhatsAppInput, vendor: WhatsApp, length: int, messages: int
) -> None:
    await show(channel, ANNA, Text("x" * length))
    assert "".join(vendor.texts("447700900001")) == "x" * length
    assert len(vendor.shown["447700900001"]) == messages


def buttons(count: int, title: int = 5) -> list[Button]:
    return [Button(f"{n:0{title}d}", f"/choose{n}") for n in range(count)]


@pytest.mark.parametrize(
    ("offered", "kind"),
    [
        (buttons(3, 20), "button"),
        (buttons(3, 21), "list"),
        (buttons(4), "list"),
        (buttons(10, 60), "list"),
        (buttons(11), "text"),
        ([Button("Same", "/a"), Button("Same", "/b")], "list"),
        ([Button("Twice", "/a"), Button("Again", "/a")], "button"),
        ([Button("Long", "/x" + "y" * 199)], "text"),
    ],
)
async def test_buttons_take_the_form_that_holds_them(
    channel: WhatsAppInput, vendor: WhatsApp, offered: list[Button], kind: str
) -> None:
    await show(channel, ANNA, Text("Which one?", offered))
    [shown] = vendor.shown["447700900001"]
    assert shown.get("interactive", {"type": "text"})["type"] == kind
    assert vendor.refused == []


async def test_buttons_no_list_can_hold_are_numbered(
    channel: WhatsAppInput, vendor: WhatsApp
) -> None:
    await show(channel, ANNA, Text("Which?", buttons(11)))
    [text] = vendor.texts("447700900001")
    assert text.splitlines()[:2] == ["Which?", "1. 00000"]


async def test_long_text_with_buttons_keeps_them_at_its_end(
    channel: WhatsAppInput, vendor: WhatsApp
) -> None:
    await show(channel, ANNA, Text("One sentence. " * 500, buttons(2)))
    kinds = [message["type"] for message in vendor.shown["447700900001"]]
    assert kinds[-1] == "interactive"
    assert set(kinds[:-1]) == {"text"}
    assert vendor.refused == []


async def test_files_cards_and_places_have_their_own_form(
    channel: WhatsAppInput, vendor: WhatsApp
) -> None:
    image = "https://shop.example/lamp.jpg"
    await show(
        channel,
        ANNA,
        Media("image", image, caption="x" * 1025),
        Media("file", "https://shop.example/invoice.pdf", "invoice.pdf"),
        Location(51.5, -0.1, "Shop", "1 High Street"),
        Cards(
            [
                Card("Mira", ("£39",), "https://shop.example/1", image),
                Card("Oslo", ("£45",), image=image, buttons=tuple(buttons(4, 30))),
            ]
        ),
    )
    kinds = [message["type"] for message in vendor.shown["447700900001"]]
    assert kinds == ["image", "document", "location", "image", "interactive"]
    assert vendor.refused == []


async def test_after_24_hours_the_template_carries_the_answer(
    vendor: WhatsApp,
) -> None:
    channel = CASE.channel(vendor.url, option={"template": "answer"})
    long_ago = time.time() - 24 * 3600 - 1
    await show(channel, ANNA, Text("One.\n\nTwo."), heard_at=long_ago)
    [shown] = vendor.shown["447700900001"]
    [component] = shown["template"]["components"]
    assert component["parameters"] == [{"type": "text", "text": "One. Two."}]
    await channel.closed()


async def test_after_24_hours_without_a_template_nothing_is_sent(
    channel: WhatsAppInput, vendor: WhatsApp
) -> None:
    just_in = time.time() - 24 * 3600 + 60
    await show(channel, ANNA, Text("In time."), heard_at=just_in)
    with pytest.raises(Refused, match="FRONTDESK_WHATSAPP_TEMPLATE"):
        await show(channel, ANNA, Text("Late."), heard_at=just_in - 120)
    assert vendor.texts("447700900001") == ["In time."]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 130429, Busy),
        (400, 131056, Busy),
        (429, 80007, Busy),
        (500, 131000, Unreachable),
        (503, 2, Unreachable),
        (400, 131047, Refused),
        (400, 131026, Refused),
        (401, 190, Refused),
    ],
)
async def test_errors_of_meta_are_told_apart(
    channel: WhatsAppInput,
    vendor: WhatsApp,
    status: int,
    code: int,
    error: type[Exception],
) -> None:
    body = {"error": {"message": "no", "code": code}}
    vendor.faults.append(Fault(status, body=body))
    call = channel.render(Text("hello"))[0]
    with pytest.raises(error):
        await channel.send(due(ANNA, call))


async def test_answer_of_unknown_outcome_is_not_repeated_once_it_is_reported(
    worker: Worker, vendor: WhatsApp
) -> None:
    vendor.faults.append(Fault(500, done=True))
    await worker.post("whatsapp", incoming(type="text", text={"body": "hello"}))
    await until(lambda: vendor.shown)
    await worker.post("whatsapp", receipt(vendor.shown["447700900001"][0]))
    await asyncio.sleep(1.2)
    assert vendor.texts("447700900001") == ["You said: hello"]


async def test_answer_of_unknown_outcome_is_repeated_where_no_report_comes(
    worker: Worker, vendor: WhatsApp
) -> None:
    vendor.faults.append(Fault(500))
    await worker.post("whatsapp", incoming(type="text", text={"body": "hello"}))
    await until(lambda: vendor.shown)
    assert vendor.texts("447700900001") == ["You said: hello"]


async def test_check_says_what_meta_says(
    vendor: WhatsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_PUBLIC_URL", "http://bot.example")
    channel = CASE.channel(vendor.url, option={"access_token": "expired"})
    assert await channel.check() == [
        "FRONTDESK_PUBLIC_URL is 'http://bot.example'. Set it to the https:// address "
        "under which the vendor reaches this server.",
        "Meta refuses FRONTDESK_WHATSAPP_ACCESS_TOKEN for the number in "
        "FRONTDESK_WHATSAPP_PHONE_NUMBER_ID: (#190) Invalid OAuth",
    ]
    monkeypatch.setenv("FRONTDESK_PUBLIC_URL", "https://bot.example")
    assert await CASE.channel(vendor.url).check() == []


async def test_check_names_a_vendor_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRONTDESK_PUBLIC_URL", "https://bot.example")
    channel = CASE.channel("http://127.0.0.1:1")
    assert await channel.check() == ["The vendor cannot be reached."]
