import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.messages import Inbound, Outgoing
from addons.channels.parts import Button, Card, Cards, Location, Media, Text
from addons.channels.signed_webhook import WebhookInput
from addons.channels.webhook import Malformed, NotVerified
from tests.addons.channels.cases.webhook import (
    SECRET,
    System,
    channel,
    content,
    signature,
    signed,
)
from tests.fakes_messaging import Delivery, Message, Turns, Worker, as_body, until

HELLO = Message(1, 1, "hello")


class Request:
    """As much of a request as `verify` looks at."""

    def __init__(self, delivery: Delivery) -> None:
        self.headers = {name.lower(): value for name, value in delivery.headers.items()}


def verify(delivery: Delivery) -> None:
    channel("http://127.0.0.1:1").verify(Request(delivery), delivery.body)


def event(**more: Any) -> Inbound:
    body = as_body(content(HELLO, **more))
    [one] = channel("http://127.0.0.1:1").read(None, body).events
    return one


@pytest_asyncio.fixture
async def system() -> AsyncIterator[System]:
    fake = System()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.mark.parametrize("age_s", [-295, 0, 295])
def test_call_of_the_last_five_minutes_is_accepted(age_s: float) -> None:
    verify(signed(content(HELLO), age_s=age_s))


@pytest.mark.parametrize("age_s", [-305, 305, 3600, 10**6])
def test_older_or_future_call_is_refused(age_s: float) -> None:
    with pytest.raises(NotVerified, match="seconds away"):
        verify(signed(content(HELLO), age_s=age_s))


@pytest.mark.parametrize("sent_at", ["", "now", "1e9", "-1", "9" * 400, "١٢٣", " 1"])
def test_strange_time_is_refused_even_when_signed(sent_at: str) -> None:
    body = as_body(content(HELLO))
    headers = {
        "X-Frontdesk-Timestamp": sent_at,
        "X-Frontdesk-Signature": signature(body, sent_at),
    }
    with pytest.raises(NotVerified):
        verify(Delivery(body, headers))


def test_shell_of_the_documentation_signs_as_we_check() -> None:
    """The openssl line of docs/channels/webhook.md."""
    body = '{"id": "1", "sender": "anna", "text": "Hello"}'
    sent_at = str(int(time.time()))
    guide = Path("docs/channels/webhook.md").read_text("utf-8")
    [line] = [one for one in guide.splitlines() if "openssl dgst" in one]
    script = f'SECRET="$1" NOW="$2" BODY="$3"\n{line}\nprintf %s "$SIGNATURE"'
    made = subprocess.run(
        ["sh", "-c", script, "sh", SECRET, sent_at, body],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    headers = {"X-Frontdesk-Timestamp": sent_at, "X-Frontdesk-Signature": made}
    verify(Delivery(body.encode(), headers))


def test_event_is_read() -> None:
    file = {"kind": "image", "url": "https://x.example/1", "name": "1", "mime": "a/b"}
    one = event(
        payload="/affirm", attachments=[file, "x"], sent_at=5, reply_to={"chat": 7}
    )
    assert (one.event_id, one.sender, one.text) == ("event-1", "customer-1", "hello")
    assert (one.payload, one.sent_at, one.reply_to) == ("/affirm", 5.0, {"chat": 7})
    [attachment] = one.attachments
    assert (attachment.kind, attachment.url) == ("image", "https://x.example/1")


@pytest.mark.parametrize(
    "more",
    [
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 201},
        {"id": "\ud800"},
        {"id": "a\x00"},
        {"sender": None},
        {"sender": ["a"]},
        {"text": 5},
        {"payload": {"a": 1}},
        {"reply_to": "x"},
        {"reply_to": {"a": "x" * 2000}},
        {"sent_at": "now"},
        {"sent_at": True},
        {"sent_at": float("nan")},
        {"sent_at": float("inf")},
    ],
)
def test_other_types_are_malformed(more: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        event(**more)


PARTS = [
    (
        Text(
            "Sure?", [Button("Yes", "/affirm"), Button("Shop", url="https://s.example")]
        ),
        {
            "type": "text",
            "text": "Sure?",
            "buttons": [
                {"title": "Yes", "payload": "/affirm"},
                {"title": "Shop", "url": "https://s.example"},
            ],
        },
    ),
    (
        Media("image", "https://s.example/1.jpg", caption="A kettle"),
        {
            "type": "image",
            "url": "https://s.example/1.jpg",
            "name": "",
            "caption": "A kettle",
        },
    ),
    (
        Location(51.5, -0.12, "Shop", "1 Street"),
        {
            "type": "location",
            "latitude": 51.5,
            "longitude": -0.12,
            "name": "Shop",
            "address": "1 Street",
        },
    ),
    (
        Cards([Card("Mira", ("£39",), "https://s.example/m")]),
        {
            "type": "cards",
            "cards": [
                {
                    "title": "Mira",
                    "lines": ("£39",),
                    "url": "https://s.example/m",
                    "image": "",
                    "buttons": [],
                }
            ],
        },
    ),
]


@pytest.mark.parametrize(("part", "message"), PARTS, ids=lambda one: type(one).__name__)
def test_parts_are_plain_objects(part: Any, message: dict[str, Any]) -> None:
    assert channel("http://x").render(part) == [message]


@pytest.mark.asyncio
async def test_answer_says_what_it_answers(system: System, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deliveries.db"
    worker = Worker([channel(system.url, deliveries_url=url)], Turns())
    await worker.start()
    delivery = signed(content(HELLO, reply_to={"chat": 7}))
    assert await worker.post("webhook", delivery) == 200
    await until(lambda: system.shown["customer-1"])
    [message] = system.shown["customer-1"]
    assert (message["text"], message["reply_to"]) == ("You said: hello", {"chat": 7})
    assert system.refused == []
    await worker.stop()


@pytest.mark.asyncio
async def test_repeated_call_has_the_same_key(system: System) -> None:
    connector = channel(system.url)
    call = Outgoing(1, "key-1", "webhook:a:b", {"type": "text"}, {}, 0, False, 0)
    assert await connector.send(call) == await connector.send(call) == "key-1"
    assert len(system.shown["a:b"]) == 1
    await connector.closed()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("option", "named"),
    [
        ({"reply_url": "http://shop.example/replies"}, "https://"),
        ({"reply_url": "shop.example"}, "https://"),
        ({"secret": "short"}, "openssl rand"),
    ],
)
async def test_probe_names_what_is_unsafe(option: dict[str, str], named: str) -> None:
    [problem] = await channel("https://x.example", option=option).probe()
    assert named in problem


@pytest.mark.asyncio
async def test_probe_is_content_with_a_safe_set_up() -> None:
    assert await channel("https://x.example").probe() == []


def test_variables_are_named_after_the_channel() -> None:
    assert WebhookInput.from_credentials(None).missing() == [
        "FRONTDESK_WEBHOOK_SECRET",
        "FRONTDESK_WEBHOOK_REPLY_URL",
    ]
