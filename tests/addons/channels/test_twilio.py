import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.guard import NO_TEXT
from addons.channels.messages import Busy, Inbound, Outgoing, Refused, Unreachable
from addons.channels.parts import Button, Card, Cards, Location, Media, Text
from addons.channels.twilio import TwilioInput
from addons.channels.webhook import Malformed, NotVerified, Received
from tests.addons.channels.cases.twilio import (
    NUMBER,
    TOKEN,
    URL,
    Twilio,
    channel,
    fields,
    signed,
)
from tests.fakes_messaging import Delivery, Fault, Message, Turns, Worker, until

PHONE = "+447700900001"
HELLO = Message(1, 1, "hello")


class Request:
    """As much of a request as `verify` looks at."""

    def __init__(self, delivery: Delivery, query: str = "") -> None:
        self.headers = {name.lower(): value for name, value in delivery.headers.items()}
        self.query_string = query


def verify(delivery: Delivery, query: str = "", **option: str) -> None:
    connector = channel("http://127.0.0.1:1", option=option)
    connector.verify(Request(delivery, query), delivery.body)


def read(**more: str) -> Received:
    delivery = signed(fields(HELLO, **more))
    return channel("http://127.0.0.1:1").read(None, delivery.body)


def event(**more: str) -> Inbound:
    [one] = read(**more).events
    return one


def outgoing(call: dict[str, Any], to: str = PHONE, **more: Any) -> Outgoing:
    number = f"whatsapp:{NUMBER}" if to.startswith("whatsapp:") else NUMBER
    values: dict[str, Any] = {
        "id": 1,
        "key": "key-1",
        "conversation": f"twilio:{to}",
        "call": call,
        "reply_to": {"number": number},
        "heard_at": time.time(),
        "uncertain": False,
        "tries": 0,
    }
    return Outgoing(**{**values, **more})


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[Twilio]:
    fake = Twilio()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def twilio(vendor: Twilio) -> AsyncIterator[TwilioInput]:
    connector = channel(vendor.url)
    yield connector
    await connector.closed()


@pytest.mark.parametrize(
    "form",
    [
        {"Body": "Grüße & mehr = 50 %+1"},
        {"Body": ""},
        {"Body": "🫖", "ProfileName": "Zoë"},
        {"From": "whatsapp:+447700900001", "Body": "hi"},
        {"NewParameterOfTomorrow": "x", "aLowerCaseName": "y"},
    ],
)
def test_signature_of_twilios_own_library_is_accepted(form: dict[str, str]) -> None:
    verify(signed(fields(HELLO, **form)))


@pytest.mark.parametrize(
    ("configured", "entered"),
    [
        (URL, URL),
        (URL, URL.replace(".example", ".example:443")),
        (URL.replace(".example", ".example:443"), URL),
        ("https://shop.example:8443/t", "https://shop.example:8443/t"),
        ("http://shop.example/t", "http://shop.example:80/t"),
    ],
)
def test_usual_port_may_be_named_or_not(configured: str, entered: str) -> None:
    verify(signed(fields(HELLO), url=entered), webhook_url=configured)


def test_query_of_the_url_is_signed_too() -> None:
    delivery = signed(fields(HELLO), url=f"{URL}?shop=1")
    verify(delivery, "shop=1")
    with pytest.raises(NotVerified):
        verify(delivery, "shop=2")


def test_public_url_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_PUBLIC_URL", "https://shop.example/")
    verify(signed(fields(HELLO)), webhook_url="")


def test_nothing_is_verified_without_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRONTDESK_PUBLIC_URL", raising=False)
    with pytest.raises(NotVerified):
        verify(signed(fields(HELLO), url=""), webhook_url="")


def test_repeated_field_is_verified_like_twilio_does() -> None:
    delivery = signed(fields(HELLO))
    twice = Delivery(delivery.body + b"&Body=refund", delivery.headers)
    with pytest.raises(NotVerified):
        verify(twice)


@pytest.mark.parametrize("body", [b"Body=%ff", b"\xff", b"&".join([b"a=b"] * 201)])
def test_what_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        verify(Delivery(body, {"X-Twilio-Signature": "x"}))


def test_form_without_sender_or_id_is_malformed() -> None:
    for missing in ("From", "MessageSid"):
        with pytest.raises(Malformed, match=missing):
            read(**{missing: ""})


@pytest.mark.parametrize(
    "more",
    [
        {"MessageStatus": "delivered"},
        {"MessageStatus": "failed", "ErrorCode": "30008"},
        {"OptOutType": "STOP", "Body": "STOP"},
        {"OptOutType": "HELP", "Body": "HELP"},
    ],
)
def test_status_and_stop_words_are_no_message(more: dict[str, str]) -> None:
    assert read(**more).events == ()


def test_sms_and_whatsapp_of_one_number_are_two_conversations() -> None:
    assert event().sender == PHONE
    assert event(From=f"whatsapp:{PHONE}").sender == f"whatsapp:{PHONE}"


def test_button_carries_its_payload() -> None:
    one = event(Body="Yes", ButtonText="Yes", ButtonPayload="/affirm")
    assert (one.text, one.payload) == ("Yes", "/affirm")


def test_files_are_read() -> None:
    one = event(
        Body="",
        NumMedia="2",
        MediaUrl0="https://api.twilio.com/m/0",
        MediaContentType0="image/jpeg",
        MediaUrl1="https://api.twilio.com/m/1",
        MediaContentType1="application/pdf",
    )
    assert [(file.kind, file.url) for file in one.attachments] == [
        ("image", "https://api.twilio.com/m/0"),
        ("file", "https://api.twilio.com/m/1"),
    ]


@pytest.mark.parametrize("count", ["x", "-1", "", "²"])
def test_strange_number_of_files_is_none(count: str) -> None:
    assert event(NumMedia=count).attachments == []


def test_place_is_said() -> None:
    one = event(Body="", Latitude="51.5", Longitude="-0.12", Label="Home")
    assert one.text == "My location is 51.5, -0.12 (Home)"


@pytest.mark.asyncio
async def test_file_without_words_gets_a_sentence(
    vendor: Twilio, tmp_path: Any
) -> None:
    turns = Turns()
    url = f"sqlite:///{tmp_path}/deliveries.db"
    worker = Worker([channel(vendor.url, deliveries_url=url)], turns)
    await worker.start()
    file = {"MediaUrl0": "https://x.example/0", "MediaContentType0": "image/png"}
    delivery = signed(fields(HELLO, Body="", NumMedia="1", **file))
    assert await worker.post("twilio", delivery) == 200
    await until(lambda: vendor.shown[PHONE])
    assert vendor.texts(PHONE) == [NO_TEXT]
    assert turns.said == []
    await worker.stop()


@pytest.mark.asyncio
async def test_answer_comes_from_the_number_that_was_written_to(
    vendor: Twilio, tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path}/deliveries.db"
    worker = Worker([channel(vendor.url, deliveries_url=url)], Turns())
    await worker.start()
    other = "+14155238886"
    await worker.post("twilio", signed(fields(HELLO, To=other)))
    await until(lambda: vendor.shown[PHONE])
    assert vendor.shown[PHONE][0]["from"] == other
    await worker.stop()


@pytest.mark.parametrize(("size", "pieces"), [(1599, 1), (1600, 1), (1601, 2)])
def test_text_is_cut_at_1600(size: int, pieces: int) -> None:
    assert len(channel("http://x").render(Text("x" * size))) == pieces


def test_emoji_count_as_two() -> None:
    calls = channel("http://x").render(Text("🫖" * 801))
    assert [len(call["Body"]) for call in calls] == [800, 1]


def test_buttons_become_a_numbered_list() -> None:
    buttons = [Button("Yes", "/affirm"), Button("Shop", url="https://shop.example")]
    [call] = channel("http://x").render(Text("Cancel it?", buttons))
    assert call["Body"] == "Cancel it?\n1. Yes\n2. Shop: https://shop.example"


def test_cards_are_left_to_the_text_before_them() -> None:
    assert channel("http://x").render(Cards([Card("Mira 1.5")])) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("to", "mms", "expected"),
    [
        (PHONE, "no", {"Body": "https://x.example/k.jpg\nA kettle"}),
        (PHONE, "yes", {"Body": "A kettle", "MediaUrl": "https://x.example/k.jpg"}),
        (
            f"whatsapp:{PHONE}",
            "no",
            {"Body": "A kettle", "MediaUrl": "https://x.example/k.jpg"},
        ),
    ],
)
async def test_file_is_a_link_where_files_cannot_be_sent(
    vendor: Twilio, to: str, mms: str, expected: dict[str, str]
) -> None:
    connector = channel(vendor.url, option={"mms": mms})
    part = Media("image", "https://x.example/k.jpg", caption="A kettle")
    for call in connector.render(part):
        await connector.send(outgoing(call, to))
    [message] = vendor.shown[to]
    assert {key: message[key] for key in expected} == expected
    assert vendor.refused == []
    await connector.closed()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "part",
    [
        Text("A sentence. " * 500, [Button("Yes", "/affirm")]),
        Media("file", "https://x.example/m.pdf", caption="word " * 700),
        Media("image", "https://x.example/m.jpg"),
        Location(51.5, -0.12, "Shop", "1 Street"),
    ],
    ids=lambda part: f"{type(part).__name__} {len(str(part))}",
)
@pytest.mark.parametrize("to", [PHONE, f"whatsapp:{PHONE}"])
async def test_every_part_keeps_the_limits(
    twilio: TwilioInput, vendor: Twilio, part: Any, to: str
) -> None:
    for call in twilio.render(part):
        await twilio.send(outgoing(call, to))
    assert vendor.shown[to] and vendor.refused == []


@pytest.mark.asyncio
async def test_whatsapp_ends_after_24_hours_and_sms_does_not(
    twilio: TwilioInput, vendor: Twilio
) -> None:
    heard = time.time() - 24 * 3600 - 1
    await twilio.send(outgoing({"Body": "Hi"}, heard_at=heard))
    with pytest.raises(Refused, match="24 hours"):
        await twilio.send(outgoing({"Body": "Hi"}, f"whatsapp:{PHONE}", heard_at=heard))
    assert list(vendor.shown) == [PHONE]


@pytest.mark.asyncio
async def test_nobody_is_written_to_who_never_wrote(twilio: TwilioInput) -> None:
    with pytest.raises(Refused, match="never wrote"):
        await twilio.send(outgoing({"Body": "Hi"}, reply_to={}))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, Busy), (400, Refused), (401, Refused), (500, Unreachable)],
)
async def test_errors_are_understood(
    twilio: TwilioInput, vendor: Twilio, status: int, expected: type
) -> None:
    body = {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}
    vendor.faults.append(Fault(status, body=body))
    with pytest.raises(expected, match=r"unsubscribed recipient \(21610\)"):
        await twilio.send(outgoing({"Body": "Hi"}))


@pytest.mark.asyncio
async def test_call_of_unknown_outcome_is_looked_up(
    twilio: TwilioInput, vendor: Twilio
) -> None:
    call = outgoing({"Body": "Thirty days."})
    assert not await twilio.arrived(call)
    vendor.faults.append(Fault(500, done=True))
    with pytest.raises(Unreachable):
        await twilio.send(call)
    assert await twilio.arrived(call)
    assert not await twilio.arrived(outgoing({"Body": "Something else."}))
    # Said before this try began: another one.
    later = outgoing({"Body": "Thirty days."}, begun_at=time.time() + 60)
    assert not await twilio.arrived(later)


@pytest.mark.asyncio
async def test_call_is_found_though_the_customer_wrote_again(
    twilio: TwilioInput, vendor: Twilio
) -> None:
    began = time.time()
    await twilio.send(outgoing({"Body": "Thirty days."}))
    heard = time.time() + 60
    call = outgoing({"Body": "Thirty days."}, heard_at=heard, begun_at=began)
    assert await twilio.arrived(call)


@pytest.mark.asyncio
async def test_probe_names_refused_credentials(vendor: Twilio) -> None:
    right, wrong = channel(vendor.url), channel(vendor.url, option={"auth_token": "x"})
    assert await right.probe() == []
    [problem] = await wrong.probe()
    assert "FRONTDESK_TWILIO_AUTH_TOKEN" in problem
    assert TOKEN not in problem
    await right.closed()
    await wrong.closed()
