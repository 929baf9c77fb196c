"""Pictures of the main states, to be looked at: `var/screenshots` after each run.

The README shows those in docs/screenshots, which are copies of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from frontdesk.page import create_app
from frontdesk.settings import Settings
from tests.browser.assistant import Assistant, Reply
from tests.browser.cards import COMPARISON, ORDER, PRODUCTS
from tests.browser.chat import Chat
from tests.browser.server import Shop, run_app

FOLDER = Path("var/screenshots")
MOST_BYTES = 150_000
DESKTOP = {"viewport": {"width": 1180, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True}
ASKED = "How long do I have to return a lamp?"
FIRST = "You have **30 days** from delivery to return it. "
SOURCES = [
    {
        "id": "returns",
        "title": "Returns and refunds",
        "url": "https://lumenandoak.example/help/returns",
        "quote": "You can return most things within 30 days of delivery.",
    },
    {
        "id": "labels",
        "title": "How to send something back",
        "url": "https://lumenandoak.example/help/labels",
        "quote": "Print the label, or show its code at the parcel shop.",
    },
]
ANSWER = Reply(
    f"{FIRST}Print the label or show its code at a parcel shop.",
    (FIRST, "Print the label or show its code at a parcel shop."),
    {"citations": SOURCES, "decision": "answer"},
    pause_s=0.6,
)

# The shop's page as one in Arabic would begin.
ARABIC = """new MutationObserver(() => {
  Object.assign(document.documentElement, { lang: 'ar', dir: 'rtl' });
  document.querySelector('[data-greeting]')?.removeAttribute('data-greeting');
}).observe(document, { childList: true, subtree: true })"""


@pytest.fixture()
def shop(assistant: Assistant) -> Iterator[Shop]:
    served = Shop()
    settings = Settings(rasa_url=assistant.url, identity_secret="x" * 40)
    with run_app(create_app(settings), served.port):
        yield served


@pytest.fixture()
def shot(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> Callable[..., Chat]:
    assistant.replies[ASKED] = ANSWER
    assistant.replies["Where is my order?"] = Reply(
        "LO-100107 is with the carrier and should arrive tomorrow.",
        parts={"custom": ORDER},
    )
    assistant.replies["Which fit a 45 cm gap?"] = Reply(
        "These fit a 45 cm gap.", parts={"custom": PRODUCTS}
    )
    assistant.replies["Compare them"] = Reply(
        "Side by side:", parts={"custom": COMPARISON}
    )
    assistant.replies["كم يومًا لدي لإرجاع مصباح؟"] = Reply(
        "لديك **30 يومًا** من تاريخ التسليم لإرجاعه.",
        parts={"citations": SOURCES[:1], "decision": "answer"},
    )

    def begin(path: str = "/", **context: Any) -> Chat:
        chat = Chat(new_page(**context))
        if context.get("locale") == "ar":
            chat.page.add_init_script(ARABIC)
        chat.page.goto(shop.url + path)
        expect(chat.launcher).to_be_visible()
        return chat

    return begin


def talk(chat: Chat, *messages: str) -> None:
    chat.launcher.click()
    chat.panel.locator(".consent .main").click()
    chat.panel.locator(".names .ready").wait_for()
    for message in messages:
        chat.send(message)
        expect(chat.panel.locator(".pending")).to_have_count(0)
        expect(chat.panel.locator(".stage")).to_have_count(0)
    chat.page.wait_for_timeout(400)


def keep(chat: Chat, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    chat.page.screenshot(path=path)
    assert 5_000 < path.stat().st_size < MOST_BYTES


def test_closed(shot: Callable[..., Chat]) -> None:
    keep(shot(**DESKTOP), "closed")


def test_open(shot: Callable[..., Chat]) -> None:
    chat = shot("/shop/halden-45", **DESKTOP)
    chat.launcher.click()
    expect(chat.panel).to_be_visible()
    chat.page.wait_for_timeout(400)
    keep(chat, "open")


def test_streaming(shot: Callable[..., Chat]) -> None:
    chat = shot("/shop/arden-s", **DESKTOP)
    talk(chat)
    chat.send(ASKED)
    expect(chat.bubbles("bot").last).to_have_text(FIRST.replace("*", "").strip())
    keep(chat, "streaming")
    chat.panel.locator("summary").first.click()
    chat.page.wait_for_timeout(300)
    keep(chat, "sources")


def test_order(shot: Callable[..., Chat]) -> None:
    chat = shot("/account", **DESKTOP)
    talk(chat, "Where is my order?")
    keep(chat, "order")


def test_products(shot: Callable[..., Chat]) -> None:
    chat = shot("/family/dishwashers", **DESKTOP)
    talk(chat, "Which fit a 45 cm gap?", "Compare them")
    keep(chat, "products")


def test_phone(shot: Callable[..., Chat]) -> None:
    chat = shot("/shop/arden-s", **PHONE)
    talk(chat, ASKED)
    keep(chat, "phone")


def test_dark(shot: Callable[..., Chat]) -> None:
    chat = shot("/shop/arden-s", color_scheme="dark", **DESKTOP)
    talk(chat, "Where is my order?", ASKED)
    keep(chat, "dark")


def test_right_to_left(shot: Callable[..., Chat]) -> None:
    chat = shot("/", **{**DESKTOP, "locale": "ar"})
    talk(chat, "كم يومًا لدي لإرجاع مصباح؟")
    keep(chat, "right-to-left")
