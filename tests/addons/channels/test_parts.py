from typing import Any

import pytest

from addons.channels.parts import (
    Button,
    Card,
    Cards,
    Location,
    Media,
    Text,
    numbered,
    parts,
)

PRODUCTS = {
    "type": "products",
    "products": [
        {
            "id": "1",
            "title": "Mira 1.5",
            "price": {"amount": "39.00", "currency": "GBP"},
            "url": "https://shop.example/mira",
            "image": "https://shop.example/mira.jpg",
            "facts": ["45 cm wide", "44 dB"],
            "available": False,
            "buttons": [{"title": "Compare", "payload": "/compare"}],
        }
    ],
}
MIRA = Card(
    "Mira 1.5",
    ("£39.00", "Not available", "45 cm wide", "44 dB"),
    "https://shop.example/mira",
    "https://shop.example/mira.jpg",
    (Button("Compare", "/compare"),),
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"text": "Hello."}, [Text("Hello.")]),
        (
            {"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/y"}]},
            [Text("Sure?", [Button("Yes", "/y")])],
        ),
        (
            {"text": "Sure?", "buttons": [{"title": "Yes"}, {"payload": "/n"}]},
            [Text("Sure?", [Button("Yes", "Yes")])],
        ),
        (
            {"text": "", "buttons": [{"title": "Site", "url": "https://a.example"}]},
            [Text("…", [Button("Site", url="https://a.example")])],
        ),
        (
            {"text": "", "image": "https://a.example/1"},
            [Media("image", "https://a.example/1")],
        ),
        ({"text": "", "image": "javascript:alert(1)"}, []),
        (
            {"text": "", "attachment": "https://a.example/1"},
            [Media("file", "https://a.example/1")],
        ),
        (
            {
                "text": "",
                "attachment": {
                    "type": "video",
                    "payload": {"src": "https://a.example/1", "name": "v"},
                },
            },
            [Media("video", "https://a.example/1", "v")],
        ),
        (
            {"text": "Two lamps.", "custom": PRODUCTS},
            [Text("Two lamps."), Cards([MIRA])],
        ),
        ({"text": "Your order.", "custom": {"type": "order"}}, [Text("Your order.")]),
        ({"text": "How was it?", "custom": {"type": "rating"}}, [Text("How was it?")]),
        (
            {"text": "", "custom": {"type": "location", "latitude": 1, "longitude": 2}},
            [Location(1.0, 2.0)],
        ),
        (
            {
                "text": "",
                "elements": [
                    {
                        "title": "T",
                        "subtitle": "S",
                        "image_url": "https://a.example/1",
                        "default_action": {
                            "type": "web_url",
                            "url": "https://a.example",
                        },
                        "buttons": [{"title": "B", "payload": "/b"}],
                    }
                ],
            },
            [
                Cards(
                    [
                        Card(
                            "T",
                            ("S",),
                            "https://a.example",
                            "https://a.example/1",
                            (Button("B", "/b"),),
                        )
                    ]
                )
            ],
        ),
    ],
)
def test_message_becomes_parts(message: dict[str, Any], expected: list[Any]) -> None:
    assert parts([message]) == expected


def test_cards_that_a_channel_shows_are_left_out_of_the_text() -> None:
    text = "One product fits:\n- Mira 1.5: £39.00, 44 dB. https://shop.example/mira"
    message = {"text": text, "custom": PRODUCTS}
    assert parts([message], 1) == [Text("One product fits:"), Cards([MIRA])]
    assert parts([message]) == [Text(text), Cards([MIRA])]


def test_sources_are_listed_once_with_their_links() -> None:
    citations = [
        {"title": "Returns", "url": "https://a.example/returns"},
        {"title": "Returns", "url": "https://a.example/returns"},
        {"title": "How?", "url": "https://a.example/how"},
        {"title": "Terms", "url": "javascript:alert(1)"},
        {"title": "", "url": ""},
    ]
    [part] = parts([{"text": "Thirty days.", "citations": citations}])
    assert part == Text(
        "Thirty days.\n\nSources:\n- Returns: https://a.example/returns\n"
        "- How? https://a.example/how\n- Terms"
    )


def test_buttons_become_a_numbered_list() -> None:
    buttons = [Button("Yes", "/y"), Button("Site", url="https://a.example")]
    assert numbered("Sure?", buttons) == "Sure?\n1. Yes\n2. Site: https://a.example"
