from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.assistant import Assistant, Reply
from tests.browser.cards import COMPARISON, ORDER, PRODUCTS
from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat
from tests.browser.server import Shop

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
ANSWER = Reply(
    "You have **30 days**. See [our page](https://shop.example).",
    ("You have **30 days**. ",),
    {
        "decision": "answer",
        "citations": [
            {
                "id": "r",
                "title": "Returns",
                "url": "https://s.example",
                "quote": "30 d.",
            }
        ],
        "buttons": [{"title": "Start a return", "payload": "/start_return"}],
    },
)


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds on the page and in the widget, by rule and place."""
    page.wait_for_timeout(350)  # colours are measured when nothing moves any more
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        {"rule": v["id"], "at": [node["target"] for node in v["nodes"]]} for v in found
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("look", ["plain", "phone", "arabic", "yellow"])
def test_axe_finds_nothing(
    new_page: Callable[..., Page],
    assistant: Assistant,
    shop: Shop,
    theme: str,
    look: str,
) -> None:
    chat = Chat(new_page(**(PHONE if look == "phone" else {})))
    head = "<style>:root { --frontdesk-brand: #ffd400 }</style>"
    chat.page.goto(
        shop.page(
            assistant.url,
            theme=theme,
            starters="One|Two",
            privacy="/privacy",
            lang="ar" if look == "arabic" else "en",
            head=head if look == "yellow" else "",
        )
    )
    chat.launcher.click()
    expect(chat.panel).to_be_visible()
    if look == "plain":
        assert violations(chat.page) == []
    chat.panel.locator(".consent .main").click()
    parts = {"products": PRODUCTS, "order": ORDER, "comparison": COMPARISON}
    for name, custom in parts.items():
        assistant.replies[name] = Reply(f"See {name}.", parts={"custom": custom})
        chat.send(name)
        chat.expect_reply(f"See {name}.")
    assistant.replies["ask"] = ANSWER
    chat.send("ask")
    expect(chat.panel.locator("details")).to_have_count(1)
    chat.panel.locator("summary").click()
    chat.panel.locator(".thumb").nth(1).click()
    assistant.replies["rate"] = Reply("Bye.", parts={"custom": {"type": "rating"}})
    assert violations(chat.page) == []
    chat.send("rate")
    expect(chat.panel.locator(".rating")).to_be_visible()
    chat.panel.locator("header .options button").click()
    assert violations(chat.page) == []


def test_whole_conversation_by_keyboard(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    assistant.replies["ask"] = ANSWER
    chat = Chat(new_page())
    chat.page.goto(shop.page(assistant.url))
    expect(chat.launcher).to_be_visible()
    press = chat.page.keyboard.press
    press("Tab")
    assert chat.focused() == "Open chat"
    press("Enter")
    expect(chat.panel).to_be_visible()
    assert chat.focused() == "Agree and start"
    press("Enter")
    expect(chat.field).to_be_focused()
    chat.page.keyboard.type("ask")
    press("Shift+Enter")
    expect(chat.field).to_have_value("ask\n")
    press("Backspace")
    press("Enter")
    expect(chat.panel.locator("details")).to_have_count(1)
    expect(chat.field).to_be_focused()
    expect(chat.field).to_have_value("")
    passed = []
    for _ in range(7):
        press("Shift+Tab")
        passed.append(chat.focused())
    assert passed == [
        "Start a return",
        "Not helpful",
        "Helpful",
        "Returns",
        "our page",
        "Conversation",
        "Close chat",
    ]
    for _ in range(3):
        press("Tab")
    press("Enter")
    expect(chat.panel.locator("details[open] blockquote")).to_be_visible()
    for _ in range(4):
        press("Tab")
    assert chat.focused() == "Start a return"
    press("Space")
    expect(chat.bubbles("user").last).to_have_text("Start a return")
    press("Escape")
    expect(chat.panel).to_be_hidden()
    assert chat.focused().startswith("Open chat")


def test_options_are_a_menu_for_the_keyboard(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.button("Options").focus()
    press = chat.page.keyboard.press
    press("Enter")
    assert chat.focused() == "Download transcript"
    press("ArrowDown")
    assert chat.focused() == "Turn sound on"
    press("ArrowUp")
    press("ArrowUp")
    assert chat.focused() == "Delete this conversation"
    press("Escape")
    assert chat.focused() == "Options"
    expect(chat.panel.locator("[role=menu]")).to_have_count(0)
    expect(chat.panel).to_be_visible()


def test_finished_reply_is_spoken_once_and_nothing_while_it_is_written(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    sentences = tuple(f"Sentence {n} of it. " for n in range(6))
    text = "**Six** sentences [here](https://s.example)."
    assistant.replies["ask"] = Reply(
        text,
        sentences,
        {"buttons": [{"title": "Yes", "payload": "/yes"}]},
        pause_s=0.06,
    )
    chat = open_chat()
    chat.page.evaluate(
        """() => {
          window.said = [];
          const root = document.querySelector('frontdesk-widget').shadowRoot;
          const regions = root.querySelectorAll('[aria-live]:not([aria-live=off])');
          for (const region of regions)
            new MutationObserver((changes) => {
              for (const { addedNodes } of changes)
                for (const node of addedNodes) said.push(node.textContent);
            }).observe(region, { childList: true, subtree: true, characterData: true });
        }"""
    )
    expect(chat.panel.locator(".log")).to_have_attribute("aria-live", "off")
    chat.send("ask")
    chat.expect_reply("Six sentences here.")
    chat.page.wait_for_timeout(100)
    assert chat.page.evaluate("said") == ["Six sentences here. Yes"]
    chat.page.reload()
    expect(chat.bubbles("user")).to_have_count(1)
    expect(chat.spoken).to_have_count(0)


def test_phone_shows_the_panel_on_the_whole_screen(open_chat: OpenChat) -> None:
    chat = open_chat(context=PHONE)
    chat.page.wait_for_timeout(350)
    assert chat.panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    expect(chat.launcher).to_be_hidden()
    size = chat.field.evaluate("field => getComputedStyle(field).fontSize")
    assert size == "16px"  # less, and phones zoom in
    chat.button("Talk to a person").focus()
    chat.page.keyboard.press("Tab")
    assert chat.focused() == "Options"  # the page behind cannot be reached
    chat.page.keyboard.press("Shift+Tab")
    assert chat.focused() == "Talk to a person"
    chat.button("Close chat").click()
    expect(chat.launcher).to_be_focused()
    chat.page.reload()
    expect(chat.launcher).to_be_visible()
    expect(chat.panel).to_be_hidden()


def test_right_to_left_mirrors_the_panel(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat(lang="ar")
    chat.send("مرحبا LO-1234")
    expect(chat.bubbles("bot")).to_have_count(2)
    ours = chat.bubbles("user").bounding_box()
    theirs = chat.bubbles("bot").last.bounding_box()
    panel = chat.panel.bounding_box()
    assert ours and theirs and panel
    assert ours["x"] < theirs["x"]
    assert panel["x"] < 100  # the end of a line is on the left
    direction = "bubble => getComputedStyle(bubble).direction"
    assert chat.bubbles("user").evaluate(direction) == "rtl"
    assert chat.bubbles("bot").last.evaluate(direction) == "ltr"  # "I see."
    expect(chat.field).to_have_attribute("placeholder", "اكتب رسالة…")
    assert assistant.events("user_uttered")[0]["metadata"]["locale"] == "ar"


def test_reduced_motion_stops_what_moves(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.replies["slow"] = Reply("Done.", pause_s=4)
    chat = open_chat(context={"reduced_motion": "reduce"})
    chat.send("slow")
    expect(chat.panel.locator(".dots i").first).to_have_css("animation-name", "none")
    expect(chat.panel).to_have_css("animation-name", "none")


@pytest.mark.parametrize(
    ("page", "attribute", "browser_language", "shown"),
    [
        ("de-AT", "", "fr-FR", "Chat öffnen"),
        ("de", "ja", "fr-FR", "チャットを開く"),
        ("sv", "", "fr-FR", "Ouvrir le chat"),
        ("sv", "", "fi-FI", "Open chat"),
    ],
)
def test_language_is_that_of_attribute_page_or_browser(
    new_page: Callable[..., Page],
    assistant: Assistant,
    shop: Shop,
    page: str,
    attribute: str,
    browser_language: str,
    shown: str,
) -> None:
    chat = Chat(new_page(locale=browser_language))
    chat.page.goto(shop.page(assistant.url, lang=page, locale=attribute))
    expect(chat.launcher).to_have_accessible_name(shown)
