from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.assistant import Assistant
from tests.browser.chat import Chat
from tests.browser.server import Shop, run_app
from tests.services import missing

FLAGS = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]

PATIENCE_MS = 20_000  # of a busy machine; what is there sooner is seen sooner

OpenChat = Callable[..., Chat]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; nothing is downloaded."""
    path = shutil.which("chromium")
    if path is None:
        missing("Chromium is not there; on Debian: apt-get install chromium.")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, *sandbox]
        )
        yield started
        started.close()


@pytest.fixture()
def assistant() -> Iterator[Assistant]:
    server = Assistant()
    server.start()
    yield server
    server.stop()


@pytest.fixture()
def shop() -> Iterator[Shop]:
    served = Shop()
    with run_app(served.app(), served.port):
        yield served


@pytest.fixture()
def new_page(
    browser: Browser, assistant: Assistant, shop: Shop
) -> Iterator[Callable[..., Page]]:
    """Pages in a context of their own; each test ends with a look at what they did.

    Nothing may have been asked of another host, and no script may have failed.
    """
    contexts, requests, errors = [], [], []

    def make(*, beside: Page | None = None, **options: Any) -> Page:
        if beside is None:
            context = browser.new_context(**{"locale": "en-GB", **options})
            contexts.append(context)
        else:
            context = beside.context
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda socket: requests.append(socket.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    ours = [url.split(":", 1)[1] for url in (shop.url, assistant.url)]
    foreign = [
        url
        for url in requests
        if not any(url.split(":", 1)[1].startswith(known) for known in ours)
        and not url.startswith("blob:")
    ]
    assert foreign == []
    assert errors == []


@pytest.fixture()
def open_chat(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> OpenChat:
    """A chat on a page of the shop, opened and agreed to.

    Keyword arguments of `Shop.page` make the page, `context` the browser's context.
    """

    def open_one(*, context: dict[str, Any] | None = None, **page: Any) -> Chat:
        chat = Chat(new_page(**(context or {})))
        chat.page.goto(shop.page(assistant.url, **page))
        chat.launcher.click()
        chat.page.locator(".consent .main").click()
        chat.page.locator(".names .ready").wait_for()
        return chat

    return open_one
