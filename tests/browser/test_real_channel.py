"""The widget against our own channel class, in the Rasa server's environment."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chat import Chat
from tests.browser.server import Shop
from tests.services import missing

RASA = Path(".venv-rasa/bin/python")


@pytest.fixture()
def channel(shop: Shop, tmp_path: Path) -> Iterator[str]:
    """The address of the channel."""
    if not RASA.exists():
        missing("The Rasa environment is not there; run `make setup`.")
    command = [RASA, "-m", "tests.browser.real_channel", shop.url, str(tmp_path)]
    log = (tmp_path / "channel.log").open("w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url, (tmp_path / "channel.log").read_text("utf-8")[-2000:]
        yield url
    finally:
        process.kill()
        process.communicate()
        log.close()


def test_conversation_with_the_real_channel(
    channel: str, shop: Shop, browser: Browser
) -> None:
    context = browser.new_context(locale="en-GB")
    chat = Chat(context.new_page())
    chat.page.goto(shop.page(channel, product="halden-45"))
    chat.launcher.click()
    chat.button("Agree and start").click()
    chat.send("hello")
    chat.expect_reply("re: hello")
    chat.send("stream")
    expect(chat.bubbles("bot").last).to_have_text("One is written.")
    chat.page.reload()
    expect(chat.bubbles("bot").last).to_contain_text("One is written.")
    chat.expect_reply("One is written. Two is written. All is checked.")
    chat.send("offer")
    chat.button("Yes").click()
    chat.expect_reply("re: /talk_to_person")
    chat.expect_texts("user", ["hello", "stream", "offer", "Yes"])
    chat.panel.get_by_role("button", name="Options").click()
    with chat.page.expect_download() as download:
        chat.panel.get_by_role("menuitem", name="Download transcript").click()
    assert "One is written." in Path(download.value.path()).read_text("utf-8")
    other = Chat(context.new_page())
    other.page.goto(chat.page.url)
    other.launcher.click()
    other.expect_texts("user", ["hello", "stream", "offer", "Yes"])
    context.close()


def test_page_of_another_origin_is_refused(
    channel: str, shop: Shop, browser: Browser
) -> None:
    context = browser.new_context()
    chat = Chat(context.new_page())
    foreign = shop.page(channel).replace("127.0.0.1", "localhost")
    chat.page.goto(foreign)
    chat.launcher.click()
    chat.button("Agree and start").click()
    expect(chat.panel.locator(".status")).to_contain_text("No connection")
    context.close()
