from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.assistant import Assistant, Reply
from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat

SCRIPTS = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    "<svg onload=window.broken=1></svg>",
    "<iframe srcdoc='<script>parent.broken=1</script>'></iframe>",
    "<a href='javascript:window.broken=1'>click</a>",
    "<details open ontoggle=window.broken=1>x</details>",
    "**<b onmouseover=window.broken=1>bold</b>**",
    "```html\n<script>window.broken = 1</script>\n```",
    "&lt;script&gt;window.broken = 1&lt;/script&gt;",
    "| a |\n|---|\n| <img src=x onerror=window.broken=1> |",
]
LINKS = [
    "javascript:window.broken=1",
    "JaVaScRiPt:window.broken=1",
    "java\tscript:window.broken=1",
    "&#106;avascript:window.broken=1",
    "\x01javascript:window.broken=1",
    "data:text/html,<script>opener.broken=1</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "blob:http://127.0.0.1/1",
    "intent://x#Intent;scheme=javascript;end",
]
OURS = "frontdesk-widget [role=dialog]"


def unbroken(page: Page) -> None:
    """Nothing ran, and nothing but our own elements is in the log."""
    page.wait_for_timeout(150)
    assert page.evaluate("window.broken") is None
    names = page.locator(f"{OURS} .markdown *").evaluate_all(
        "elements => elements.map((element) => element.localName)"
    )
    allowed = "p a span strong em del code pre ul ol li blockquote hr br div".split()
    table = "table thead tbody tr th td".split()
    assert set(names) <= {*allowed, *table}
    attributes = page.locator(f"{OURS} .markdown *").evaluate_all(
        "elements => elements.flatMap((element) => element.getAttributeNames())"
    )
    known = {"href", "rel", "target", "class", "start", "tabindex", "role", "scope"}
    assert set(attributes) <= known


def addresses(chat: Chat) -> list[str]:
    return chat.panel.locator(".turn a").evaluate_all(
        "links => links.map((link) => new URL(link.href).protocol)"
    )


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_markup_of_the_model_stays_text(
    open_chat: OpenChat, assistant: Assistant, streamed: bool
) -> None:
    text = "\n\n".join(SCRIPTS)
    deltas = tuple(f"{part}\n\n" for part in SCRIPTS) if streamed else ()
    assistant.replies["hi"] = Reply(text, deltas, pause_s=0.03)
    chat = open_chat()
    chat.send("hi")
    expect(chat.panel.locator(".stage")).to_have_count(0)
    expect(chat.bubbles("bot").last).to_contain_text("<script>window.broken = 1")
    unbroken(chat.page)


def test_links_of_the_model_open_allowed_schemes_only(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    good = ["https://a.example", "http://b.example", "mailto:a@b.example", "tel:+4420"]
    text = "\n\n".join(f"[Click me]({link})" for link in [*LINKS, *good])
    text += "\n\n<javascript:window.broken=1>\n\n[a][r]\n\n[r]: javascript:broken=1"
    assistant.replies["hi"] = Reply(text)
    chat = open_chat()
    chat.send("hi")
    expect(chat.bubbles("bot").last).to_contain_text("Click me")
    expect(chat.panel.locator(".stage")).to_have_count(0)
    # An entity is no scheme: the address is one of the shop's own pages that is not.
    found = addresses(chat)
    assert set(found) <= {"http:", "https:", "mailto:", "tel:"}
    assert [scheme for scheme in found if scheme in ("mailto:", "tel:")] == [
        "mailto:",
        "tel:",
    ]
    for link in chat.panel.locator(".turn a").all():
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    unbroken(chat.page)


def test_pictures_of_the_model_are_never_fetched(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.replies["hi"] = Reply("![a lamp](https://tracker.example/1.png?who=me)")
    chat = open_chat()
    chat.send("hi")
    expect(chat.panel.get_by_role("link", name="a lamp")).to_be_visible()
    expect(chat.panel.locator(".turn img")).to_have_count(0)


def test_every_part_of_a_message_is_data(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    for number, link in enumerate(LINKS):
        assistant.replies[f"hi {number}"] = hostile(SCRIPTS[1], link)
        chat.send(f"hi {number}")
        expect(chat.panel.locator(".order h3")).to_have_text(
            [f"Order {SCRIPTS[1]}"] * (number + 1)
        )
    assert set(addresses(chat)) <= {"http:", "https:"}
    sources = chat.panel.locator("img").evaluate_all(
        "pictures => pictures.map((picture) => new URL(picture.src).origin)"
    )
    assert set(sources) <= {chat.page.url.rstrip("/")}
    unbroken(chat.page)


def hostile(script: str, link: str) -> Reply:
    """A message with that text and that address wherever one can be."""
    return Reply(
        script,
        parts={
            "buttons": [{"title": script, "payload": "/x"}],
            "image": link,
            "attachment": {"type": "file", "payload": {"url": link}},
            "citations": [{"id": "1", "title": script, "url": link, "quote": script}],
            "elements": [
                {
                    "title": script,
                    "image_url": link,
                    "default_action": {"url": link},
                    "buttons": [{"title": script, "url": link}],
                }
            ],
            "custom": {
                "type": "order",
                "number": script,
                "status": "x' onclick='window.broken=1",
                "status_text": script,
                "items": [{"title": script, "quantity": script, "image": link}],
                "timeline": [{"label": script, "at": script, "state": script}],
                "total": {"amount": script, "currency": script},
                "tracking_url": link,
            },
        },
    )


def test_what_a_customer_writes_is_shown_as_written(open_chat: OpenChat) -> None:
    chat = open_chat()
    text = "**hi** <b>there</b> [x](javascript:window.broken=1)"
    chat.send(text)
    chat.expect_texts("user", [text])
    expect(chat.bubbles("user").locator("*")).to_have_count(0)
    unbroken(chat.page)


@pytest.mark.parametrize(
    "text",
    ["> " * 5000 + "x", "*a " * 20_000, "[" * 10_000, "`" * 9999, "- " * 4000],
    ids=["quotes", "stars", "brackets", "ticks", "lists"],
)
def test_text_made_to_be_slow_is_shown_soon(
    open_chat: OpenChat, assistant: Assistant, text: str
) -> None:
    assistant.replies["hi"] = Reply(text)
    chat = open_chat()
    chat.send("hi")
    expect(chat.panel.locator(".stage")).to_have_count(0)
    chat.send("next")
    chat.expect_reply("I see.")
