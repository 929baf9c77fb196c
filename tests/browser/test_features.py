from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.assistant import Assistant, Reply
from tests.browser.cards import COMPARISON, ORDER, PRODUCTS, STOCK_ELEMENTS
from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat
from tests.browser.server import Shop

BROKEN = [
    {"type": "order"},
    {"type": "products", "products": None},
    {"type": "comparison", "columns": 3},
    {"type": "constructor"},
    {"type": "of a later version"},
    [],
]


def ask(chat: Chat, assistant: Assistant, reply: Reply) -> None:
    assistant.replies["show"] = reply
    chat.send("show")
    expect(chat.panel.locator(".stage")).to_have_count(0)
    expect(chat.bubbles("bot").last).to_have_text(reply.text)


def test_order_is_a_card_with_its_timeline(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("It is on its way.", parts={"custom": ORDER}))
    card = chat.panel.get_by_role("article", name="Order LO-100107")
    expect(card.locator(".state")).to_have_text("On its way")
    expect(card.locator(".timeline li")).to_have_text(
        [
            "Order placed18 Nov 2026",
            "Packed19 Nov 2026",
            "With the carrier",
            "Delivered",
        ]
    )
    expect(card.locator("[aria-current=step]")).to_have_text("With the carrier")
    expect(card.locator(".items li")).to_have_text(["Mira 1.7× 1", "Lumo E27 White× 4"])
    expect(card).to_contain_text("Total £124.00")
    track = card.get_by_role("link", name="Track parcel")
    expect(track).to_have_attribute("href", "https://carrier.example/1")


def test_products_are_a_carousel_whose_buttons_work(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("These fit.", parts={"custom": PRODUCTS}))
    cards = chat.panel.locator(".card")
    expect(cards).to_have_count(4)
    expect(cards.nth(0)).to_contain_text("Halden 40£349.0045 cm wide47 dB")
    expect(cards.nth(2)).to_contain_text("Sold out")
    left = cards.nth(0).bounding_box()
    chat.button("Next").click()
    assert left
    chat.page.wait_for_function(
        "([card, x]) => card.getBoundingClientRect().x < x - 100",
        arg=[cards.nth(0).element_handle(), left["x"]],
    )
    cards.nth(1).get_by_role("button", name="Tell me more").click()
    expect(chat.bubbles("user").last).to_have_text("Tell me more")
    assert assistant.events("user_uttered")[-1]["message"] == '/ask{"id": "halden-41"}'


def test_elements_of_rasa_are_a_carousel_too(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("Two.", parts={"elements": STOCK_ELEMENTS}))
    expect(chat.panel.locator(".card h3")).to_have_text(["One", "Two"])
    link = chat.panel.get_by_role("link", name="Look")
    expect(link).to_have_attribute("href", "https://shop.example/one")


def test_comparison_is_a_table_that_marks_what_differs(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("Side by side.", parts={"custom": COMPARISON}))
    table = chat.panel.get_by_role("group", name="Comparison").get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["Mira 1.5", "Mira 1.7"])
    expect(table.get_by_role("row", name="Price").get_by_role("cell")).to_have_text(
        ["£39.00", "£45.00"]
    )
    expect(table.locator(".differs")).to_have_count(2)


def test_part_that_cannot_be_drawn_leaves_the_text(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    for number, custom in enumerate(BROKEN):
        text = f"Text {number} says it all."
        ask(chat, assistant, Reply(text, parts={"custom": custom}))
    chat.send("next")
    chat.expect_reply("I see.")


def test_thumb_down_asks_for_the_reason(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("Blue.", parts={"decision": "answer"}))
    chat.button("Not helpful").click()
    chat.button("Something is missing").click()
    expect(chat.panel.locator(".feedback")).to_contain_text("Thank you")
    assert assistant.events("feedback") == [
        {"seq": 2, "value": "down"},
        {"seq": 2, "value": "down", "reason": "incomplete"},
    ]
    chat.page.reload()
    expect(chat.button("Not helpful")).to_have_attribute("aria-pressed", "true")


def test_small_talk_asks_for_no_judgement(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("Hello!"))
    expect(chat.button("Helpful")).to_have_count(0)


@pytest.mark.parametrize("asked_by", ["assistant", "menu"])
def test_conversation_is_rated_once(
    open_chat: OpenChat, assistant: Assistant, asked_by: str
) -> None:
    chat = open_chat()
    parts = {"custom": {"type": "rating"}} if asked_by == "assistant" else {}
    ask(chat, assistant, Reply("Goodbye.", parts=parts))
    if asked_by == "menu":
        chat.button("Options").click()
        chat.panel.get_by_role("menuitem", name="Rate this conversation").click()
    chat.panel.get_by_role("radio", name="4 of 5").check(force=True)
    chat.panel.get_by_placeholder("Anything to add?").fill("Quick!")
    chat.button("Send rating").click()
    expect(chat.panel.locator(".thanks")).to_be_visible()
    assert assistant.events("rating") == [{"value": 4, "comment": "Quick!"}]


def test_transcript_is_downloaded(
    open_chat: OpenChat, assistant: Assistant, tmp_path: Path
) -> None:
    chat = open_chat()
    ask(chat, assistant, Reply("Blue."))
    chat.button("Options").click()
    with chat.page.expect_download() as download:
        chat.panel.get_by_role("menuitem", name="Download transcript").click()
    assert download.value.suggested_filename == "conversation.txt"
    download.value.save_as(tmp_path / "text")
    assert (tmp_path / "text").read_text("utf-8") == "user: show\nbot: Blue."


def test_unread_messages_are_counted_while_closed(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.replies["slow"] = Reply("Done.", pause_s=0.6)
    chat = open_chat()
    chat.send("slow")
    chat.button("Close chat").first.click()
    expect(chat.badge).to_have_text("1")
    expect(chat.launcher).to_have_accessible_name("Open chat (1)")
    chat.page.reload()
    expect(chat.badge).to_have_text("1")
    chat.launcher.click()
    expect(chat.badge).to_be_hidden()
    chat.page.reload()
    chat.button("Close chat").first.click()
    expect(chat.badge).to_be_hidden()


def test_sound_is_off_until_it_is_turned_on(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.button("Options").click()
    chat.panel.get_by_role("menuitem", name="Turn sound on").click()
    chat.button("Options").click()
    expect(chat.panel.get_by_role("menuitem", name="Turn sound off")).to_be_visible()


def test_message_carries_the_product_of_its_page(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat(product="halden-45")
    chat.send("Does it fit?")
    chat.expect_reply("I see.")
    assert assistant.events("user_uttered")[0]["metadata"] == {
        "locale": "en",
        "product_id": "halden-45",
    }


def test_pictures_come_from_allowed_hosts_only(
    open_chat: OpenChat, assistant: Assistant, shop: Shop
) -> None:
    chat = open_chat()
    foreign = "https://tracker.example/pixel.png"
    ask(chat, assistant, Reply("Look.", parts={"image": foreign}))
    link = chat.panel.get_by_role("link", name="Open picture")
    expect(link).to_have_attribute("href", foreign)
    ask(chat, assistant, Reply("Look.", parts={"image": f"{shop.url}/lamp.png"}))
    expect(chat.panel.locator("img.picture")).to_have_count(1)


def test_page_talks_to_the_widget_before_and_after_it_is_there(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    page = new_page()
    head = """<script>
      window.heard = [];
      (window.Frontdesk ||= []).push((chat) => {
        for (const name of ['open', 'close', 'ready', 'sent', 'message', 'unread',
                            'identified', 'error'])
          chat.on(name, (detail) => heard.push([name, detail]));
        chat.on('open', () => { throw new Error('of the page'); });
        chat.identify(async (session) => `token for ${session}`);
      });
    </script>"""
    page.goto(shop.page(assistant.url, head=head, consent="off"))
    page.wait_for_function("!Array.isArray(window.Frontdesk)")
    page.evaluate("Frontdesk.send('from the page')")
    chat = Chat(page)
    chat.expect_texts("user", ["from the page"])
    chat.expect_reply("I see.")
    assert assistant.events("identify") == [{"identity_token": "token for web:token-1"}]
    order = [name for name, _ in assistant.asked]
    assert order.index("identify") < order.index("user_uttered")
    page.evaluate("Frontdesk.close()")
    expect(chat.panel).to_be_hidden()
    heard = page.evaluate("heard")
    assert ["sent", {"text": "from the page"}] in heard
    assert ["identified", {"customer": {"id": "c-1", "name": "Alma"}}] in heard
    said = [detail["text"] for name, detail in heard if name == "message"]
    assert said == ["I see."]
    assert [name for name, _ in heard].count("close") == 1
    page.evaluate("Frontdesk.identify(null)")
    page.wait_for_function("heard.filter(([name]) => name === 'identified').length > 1")
    assert assistant.events("identify")[-1] == {"identity_token": None}


def test_failed_identity_does_not_stop_the_conversation(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat(
        head="<script>(window.Frontdesk ||= []).push((chat) => "
        "chat.identify(async () => { throw new Error('shop is down'); }))</script>"
    )
    chat.send("hi")
    chat.expect_reply("I see.")
    assert assistant.events("identify") == []
