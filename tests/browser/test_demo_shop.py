"""The demo shop's pages with the widget on them, under the shop's strict policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jwt
import pytest
from playwright.sync_api import Page, expect

from frontdesk.page import create_app
from frontdesk.settings import Settings
from tests.browser.assistant import Assistant
from tests.browser.chat import Chat
from tests.browser.server import Shop, run_app
from tests.browser.test_access import violations

SECRET = "a-secret-of-at-least-thirty-two-bytes"


@pytest.fixture()
def shop(assistant: Assistant) -> Iterator[Shop]:
    """The demo shop in place of the small test page."""
    served = Shop()
    settings = Settings(rasa_url=assistant.url, identity_secret=SECRET)
    with run_app(create_app(settings), served.port):
        yield served


def test_product_page_passes_its_product_and_the_customer(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    page = new_page(viewport={"width": 1280, "height": 860})
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text))
    chat = Chat(page)
    page.goto(f"{shop.url}/account")
    page.get_by_role("button", name="Mia Wilson").click()
    page.goto(f"{shop.url}/shop/halden-45")
    page.get_by_role("button", name="Ask about it").click()
    chat.button("Agree and start").click()
    chat.button("What is its width?").click()
    chat.expect_reply("I see.")
    sent = assistant.events("user_uttered")[0]
    assert sent["message"] == "What is its width?"
    assert sent["metadata"] == {"locale": "en", "product_id": "halden-45"}
    token = assistant.events("identify")[0]["identity_token"]
    claims = jwt.decode(token, SECRET, ["HS256"], audience="frontdesk")
    assert (claims["sub"], claims["sid"]) == ("C-1007", "web:token-1")
    page.goto(f"{shop.url}/account")
    expect(chat.bubbles("user")).to_have_text(["What is its width?"])
    page.get_by_role("button", name="Sign out").click()
    expect(chat.bubbles("user")).to_have_text(["What is its width?"])
    said = len(assistant.events("identify"))
    chat.send("Who am I?")
    chat.expect_reply("I see.")
    assert len(assistant.events("identify")) == said  # nobody is signed in any more
    assert [text for text in blocked if "Content Security" in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_shop(
    new_page: Callable[..., Page], shop: Shop, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    for path in ("/", "/family/kettles", "/shop/mira-1-7", "/account", "/privacy"):
        page.goto(shop.url + path)
        expect(Chat(page).launcher).to_be_visible()
        assert violations(page) == [], path
    page.get_by_role("link", name="Basket").click()
    assert violations(page) == []
