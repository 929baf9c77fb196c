from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.assistant import Assistant, Reply
from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat
from tests.browser.server import Shop

AGGRESSIVE = """<style>
  * { all: unset !important; color: red !important; font: 40px/3 cursive !important;
      letter-spacing: 9px !important; text-transform: uppercase !important;
      position: static !important; background: yellow !important;
      margin: 30px !important; border: 9px solid lime !important; float: left; }
  html { font-size: 40px !important; direction: rtl; }
  div, button, section, frontdesk-widget { display: none !important;
      visibility: hidden !important; opacity: .1 !important; width: 3px !important;
      transform: rotate(9deg) !important; filter: blur(9px) !important;
      pointer-events: none !important; z-index: -1 !important; }
  svg { width: 500px !important; } textarea { height: 900px !important; }
</style>"""
LOOKS = """(widget) => [...widget.shadowRoot.querySelectorAll('*')].map((element) => {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return [element.localName, style.color, style.fontFamily, style.fontSize,
          style.letterSpacing, style.textTransform, style.display,
          style.backgroundColor, style.borderTopWidth, style.marginTop,
          box.x, box.y, box.width, box.height];
})"""


def talk(chat: Chat, assistant: Assistant) -> None:
    assistant.replies["hi"] = Reply("**Hello** to [you](https://shop.example)")
    chat.send("hi")
    chat.expect_reply("Hello to you")


def test_aggressive_style_sheet_changes_nothing(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    plain, styled = open_chat(), open_chat(head=AGGRESSIVE)
    looks = []
    for chat in (plain, styled):
        talk(chat, assistant)
        chat.page.evaluate("document.activeElement.blur()")
        chat.page.wait_for_timeout(400)
        looks.append(chat.page.locator("frontdesk-widget").evaluate(LOOKS))
    assert looks[0] == looks[1]
    host = styled.page.locator("frontdesk-widget").evaluate(
        "(host) => { const { opacity, filter, zIndex } = getComputedStyle(host);"
        " return [opacity, filter, zIndex]; }"
    )
    assert host == ["1", "none", "2147483000"]


def test_page_is_untouched_by_the_widget(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    head = "<script>window.names = Object.keys(window)</script>"
    chat = Chat(new_page())
    chat.page.goto(shop.page(assistant.url, head=head))
    before = chat.page.locator("main").evaluate("main => main.outerHTML")
    box = chat.page.locator("main").bounding_box()
    chat.launcher.click()
    chat.button("Agree and start").click()
    talk(chat, assistant)
    assert chat.page.locator("main").evaluate("main => main.outerHTML") == before
    assert chat.page.locator("main").bounding_box() == box
    added = chat.page.evaluate(
        "Object.keys(window).filter((name) => ![...names, 'names'].includes(name))"
    )
    assert added == ["Frontdesk"]
    assert chat.page.evaluate("document.adoptedStyleSheets.length") == 0


@pytest.mark.parametrize(
    "extra",
    ["", "; require-trusted-types-for 'script'; trusted-types frontdesk"],
    ids=["strict", "trusted types"],
)
def test_strict_policy_is_kept(
    open_chat: OpenChat, assistant: Assistant, extra: str
) -> None:
    socket = assistant.url.replace("http", "ws")
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'none'; "
        f"connect-src {assistant.url} {socket}{extra}"
    )
    chat = open_chat(headers={"Content-Security-Policy": policy}, privacy="/privacy")
    broken: list[str] = []
    chat.page.on("console", lambda message: broken.append(message.text))
    talk(chat, assistant)
    chat.button("Options").click()
    with chat.page.expect_download():
        chat.panel.get_by_role("menuitem", name="Download transcript").click()
    assert [text for text in broken if "Content Security" in text] == []
    assert chat.panel.evaluate("panel => getComputedStyle(panel).position") == "fixed"


def test_nonce_policy_is_kept(open_chat: OpenChat, assistant: Assistant) -> None:
    policy = "script-src 'nonce-abc' 'strict-dynamic'; object-src 'none'"
    chat = open_chat(headers={"Content-Security-Policy": policy}, nonce="abc")
    talk(chat, assistant)


def test_script_that_is_included_twice_makes_one_widget(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    again = f'<script async src="/widget/widget.js" data-server="{assistant.url}">'
    chat = open_chat(head=f"{again}</script>")
    expect(chat.page.locator("frontdesk-widget")).to_have_count(1)


def test_browser_without_storage_still_talks(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    blocked = """<script>
      for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, {
          get() { throw new DOMException('blocked', 'SecurityError'); } });
    </script>"""
    chat = open_chat(head=blocked)
    talk(chat, assistant)


def test_app_that_cannot_be_loaded_says_so_and_is_tried_again(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    chat = Chat(new_page())
    chat.page.goto(shop.page(assistant.url))
    chat.page.route("**/app.js*", lambda route: route.abort())
    chat.launcher.click()
    expect(chat.launcher).to_have_accessible_name("Chat is unavailable. Try again")
    chat.page.unroute("**/app.js*")
    chat.launcher.click()
    expect(chat.panel).to_be_visible()


def test_brand_colour_is_taken_and_stays_readable(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    style = "<style>:root { --frontdesk-brand: #ffd400; }</style>"
    chat = open_chat(head=style)
    talk(chat, assistant)
    colours = chat.bubbles("user").evaluate(
        "(bubble) => [getComputedStyle(bubble).backgroundColor,"
        " getComputedStyle(bubble).color]"
    )
    assert colours == ["rgb(255, 212, 0)", "rgb(24, 24, 27)"]
