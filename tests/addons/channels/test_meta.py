import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.messages import Busy, Outgoing, Refused, Unreachable
from addons.channels.meta import MetaInput
from addons.channels.parts import Button, Card, Cards, Location, Media, Text
from addons.channels.utterances import token
from addons.channels.webhook import Malformed, Received
from tests.addons.channels.cases.meta import (
    PAGE,
    Meta,
    channel,
    envelope,
    event,
    signed,
)
from tests.fakes_messaging import Fault, Turns, Worker, until

PERSON, IGSID = "254459797", "17841400000000001"


def read(*events: dict[str, Any], platform: str = "page") -> Received:
    delivery = signed(envelope(*events, platform=platform))
    return channel("http://127.0.0.1:1").read(None, delivery.body)


def render(part: Any) -> list[dict[str, Any]]:
    return channel("http://127.0.0.1:1").render(part)


def outgoing(message: dict[str, Any], to: str = f"messenger.{PERSON}") -> Outgoing:
    return Outgoing(1, "key-1", f"meta:{to}", message, {}, time.time(), False, 0)


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[Meta]:
    fake = Meta()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def meta(vendor: Meta) -> AsyncIterator[MetaInput]:
    connector = channel(vendor.url)
    yield connector
    await connector.closed()


def test_all_events_of_all_entries_are_read() -> None:
    events = [event(f"{n}", message={"mid": f"m{n}", "text": "hi"}) for n in range(5)]
    received = read(*events)
    assert [one.sender for one in received.events] == [
        f"messenger.{n}" for n in range(5)
    ]


def test_instagram_and_messenger_are_kept_apart() -> None:
    same = event(PERSON, message={"mid": "m1", "text": "hi"})
    [there] = read(same, platform="instagram").events
    [here] = read(same).events
    assert (there.sender, here.sender) == (f"instagram.{PERSON}", f"messenger.{PERSON}")
    assert there.event_id != here.event_id


def test_quick_reply_carries_its_payload() -> None:
    message = {"mid": "m1", "text": "Yes", "quick_reply": {"payload": "/affirm"}}
    [one] = read(event(PERSON, message=message)).events
    assert (one.text, one.payload) == ("Yes", "/affirm")


def test_postback_carries_its_payload() -> None:
    postback = {"mid": "m2", "title": "Buy", "payload": "/buy"}
    [one] = read(event(PERSON, postback=postback)).events
    assert (one.event_id, one.text, one.payload) == ("messenger.m2", "Buy", "/buy")


def test_old_postback_without_mid_is_known_by_its_time() -> None:
    first = event(PERSON, at=1700000000.5, postback={"title": "Go", "payload": "x"})
    [one] = read(first).events
    assert one.event_id == f"messenger.{PERSON}.1700000000500"
    assert one.sent_at == 1700000000.5


def test_files_are_read() -> None:
    image = {"type": "image", "payload": {"url": "https://cdn.example/1.jpg"}}
    reel = {
        "type": "ig_reel",
        "payload": {"url": "https://cdn.example/2", "title": "R"},
    }
    message = {"mid": "m1", "attachments": [image, reel]}
    [one] = read(event(PERSON, message=message)).events
    assert [(file.kind, file.url, file.name) for file in one.attachments] == [
        ("image", "https://cdn.example/1.jpg", ""),
        ("file", "https://cdn.example/2", "R"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"read": {"watermark": 1458668856253}},
        {"delivery": {"mids": ["m1"], "watermark": 1}},
        {"reaction": {"mid": "m1", "action": "react", "emoji": "x"}},
        {"message_edit": {"mid": "m1", "text": "changed", "num_edit": 1}},
        {"referral": {"ref": "x", "source": "SHORTLINK"}},
        {"message": {"mid": "m1", "is_deleted": True}},
        {"message": "text"},
        {"postback": None},
        {},
    ],
)
def test_what_says_nothing_is_left_out(content: dict[str, Any]) -> None:
    assert read(event(PERSON, **content)).events == []


def test_message_of_the_page_itself_is_left_out() -> None:
    own = event(PAGE, message={"mid": "m1", "text": "hi"})
    assert read(own).events == []


def test_echo_of_an_image_is_no_message_and_reports_its_call() -> None:
    image = {"type": "image", "payload": {"url": "https://cdn.example/1.jpg"}}
    echo = {"mid": "m9", "is_echo": True, "metadata": "key-1", "attachments": [image]}
    received = read(event(PAGE, message=echo))
    assert received.events == []
    assert [(one.key, one.vendor_id) for one in received.receipts] == [("key-1", "m9")]


def test_echo_of_somebody_elses_message_reports_nothing() -> None:
    echo = {"mid": "m9", "is_echo": True, "text": "I'm a person"}
    assert read(event(PAGE, message=echo)).receipts == []


def test_standby_events_belong_to_another_app() -> None:
    content = {"object": "page", "entry": [{"standby": [event(PERSON, message={})]}]}
    assert channel("http://x").read(None, signed(content).body).events == []


def test_object_of_another_product_is_refused() -> None:
    with pytest.raises(Malformed, match="neither"):
        read(platform="user")


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_text_is_cut_at_a_thousand_bytes(size: int) -> None:
    calls = render(Text("é" * (size // 2) + "x" * (size % 2)))
    assert len(calls) == (1 if size <= 1000 else 2)
    assert all(len(call["text"].encode()) <= 1000 for call in calls)


def test_thirteen_buttons_are_quick_replies_and_fourteen_a_list() -> None:
    buttons = [Button(f"Choice {n}", f"/choose{n}") for n in range(14)]
    [call] = render(Text("Which?", buttons[:13]))
    assert [one["title"] for one in call["quick_replies"]] == [
        f"Choice {n}" for n in range(13)
    ]
    [call] = render(Text("Which?", buttons))
    assert "quick_replies" not in call
    assert call["text"].endswith("14. Choice 13")


def test_long_titles_are_shortened_unless_they_become_the_same() -> None:
    [call] = render(Text("?", [Button("Tell me more about it", "/more")]))
    assert call["quick_replies"][0]["title"] == "Tell me more about…"
    same = [Button(f"A title of twenty letters {n}", f"/{n}") for n in range(2)]
    [call] = render(Text("?", same))
    assert call["text"].splitlines()[1:] == [
        "1. A title of twenty letters 0",
        "2. A title of twenty letters 1",
    ]


def test_payload_of_more_than_a_thousand_bytes_travels_as_a_token() -> None:
    payload = "/x" + "é" * 500
    [call] = render(Text("?", [Button("Go", payload)]))
    assert call["quick_replies"][0]["payload"] == token(payload)


def test_buttons_come_with_the_last_piece() -> None:
    calls = render(Text("A sentence. " * 200, [Button("Yes", "/affirm")]))
    assert [("quick_replies" in call) for call in calls] == [False] * 2 + [True]


def test_web_page_is_a_link_in_the_text() -> None:
    [call] = render(Text("See", [Button("Shop", url="https://shop.example")]))
    assert call == {"text": "See\nShop: https://shop.example"}


async def shown(meta: MetaInput, vendor: Meta, part: Any, to: str) -> list[Any]:
    """What the vendor showed of a part; it refused nothing."""
    for call in meta.render(part):
        await meta.send(outgoing(call, to))
    assert vendor.refused == []
    return vendor.shown[to.partition(".")[2]]


PARTS = [
    Text("Hello " * 700, [Button("A" * 40, "/a"), Button("Web", url="https://a.b")]),
    Media("image", "https://shop.example/1.jpg", caption="A kettle"),
    Media("file", "https://shop.example/1.pdf", "Manual"),
    Media("video", "https://shop.example/1.mp4"),
    Location(51.5, -0.12, "Shop", "1 Street"),
    Cards(
        [
            Card(
                f"Kettle {n} " + "x" * 100,
                ("£39.00", "y" * 100),
                "https://shop.example/k",
                "https://shop.example/k.jpg",
                tuple(
                    Button(f"Button {b} with a long title", f"/b{b}") for b in range(5)
                ),
            )
            for n in range(15)
        ]
    ),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("to", [f"messenger.{PERSON}", f"instagram.{IGSID}"])
@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
async def test_every_part_keeps_the_limits_of_both(
    meta: MetaInput, vendor: Meta, part: Any, to: str
) -> None:
    assert await shown(meta, vendor, part, to)


def test_card_shows_whole_facts_only() -> None:
    [call] = render(Cards([Card("Kettle", ("£39.00", "x" * 80, "steel"))]))
    [card] = call["attachment"]["payload"]["elements"]
    assert card["subtitle"] == "£39.00 · steel"


def test_card_with_a_title_only_is_not_sent() -> None:
    assert render(Cards([Card("Nothing more")])) == []


@pytest.mark.asyncio
async def test_nothing_is_sent_after_24_hours(meta: MetaInput, vendor: Meta) -> None:
    late = Outgoing(1, "k", f"meta:messenger.{PERSON}", {"text": "Hi"}, {}, 0, False, 0)
    heard = time.time() - 24 * 3600
    for heard_at, is_shown in ((heard - 1, False), (heard + 60, True)):
        call = Outgoing(**{**late.__dict__, "heard_at": heard_at})
        if is_shown:
            await meta.send(call)
        else:
            with pytest.raises(Refused, match="24 hours"):
                await meta.send(call)
        assert bool(vendor.shown[PERSON]) is is_shown


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"code": 613, "message": "Calls have exceeded the limit"}, Busy),
        (403, {"code": 4, "message": "Application request limit reached"}, Busy),
        (400, {"code": 10, "error_subcode": 2018278, "message": "window"}, Refused),
        (400, {"code": 190, "message": "Error validating access token"}, Refused),
        (400, {"code": 551, "message": "This person isn't available"}, Refused),
        (400, {"code": 1200, "message": "Temporary send message failure"}, Unreachable),
        (500, {"code": 2, "message": "An unexpected error"}, Unreachable),
        (503, {}, Unreachable),
        (429, {}, Busy),
    ],
)
async def test_errors_are_understood(
    meta: MetaInput, vendor: Meta, status: int, error: Any, expected: type
) -> None:
    vendor.faults.append(Fault(status, body={"error": error}))
    with pytest.raises(expected):
        await meta.send(outgoing({"text": "Hi"}))


@pytest.mark.asyncio
async def test_subscription_is_confirmed_only_with_our_token(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deliveries.db"
    worker = Worker([channel("http://127.0.0.1:1", deliveries_url=url)], Turns())
    await worker.start()
    query = "/webhooks/meta/webhook?hub.mode=subscribe&hub.challenge=1158201444"
    right = await worker.get(f"{query}&hub.verify_token=chosen-by-us")
    assert right == (200, "1158201444")
    assert (await worker.get(f"{query}&hub.verify_token=other"))[0] == 403
    assert (await worker.get(query))[0] == 403
    await worker.stop()


@pytest.mark.asyncio
async def test_customer_sees_that_we_read_and_type(
    meta: MetaInput, vendor: Meta, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/deliveries.db"
    worker = Worker([channel(vendor.url, deliveries_url=url)], Turns())
    await worker.start()
    message = event(PERSON, message={"mid": "m1", "text": "hi"})
    await worker.post("meta", signed(envelope(message)))
    await until(lambda: vendor.shown[PERSON] and len(vendor.other) == 2)
    actions = [one["sender_action"] for one in vendor.other]
    assert actions == ["mark_seen", "typing_on"]
    await worker.stop()


@pytest.mark.asyncio
async def test_probe_names_a_refused_token(vendor: Meta) -> None:
    right, wrong = channel(vendor.url), channel(vendor.url, option={"page_token": "x"})
    assert await right.probe() == []
    [problem] = await wrong.probe()
    assert "FRONTDESK_META_PAGE_TOKEN" in problem and "Invalid OAuth" in problem
    await right.closed()
    await wrong.closed()
