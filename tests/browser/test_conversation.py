from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.assistant import Assistant, Reply
from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat
from tests.browser.server import Shop

ASKED = "How long do I have to return a lamp?"
ANSWER = "You have 30 days to return it. Keep the box."
STREAMED = Reply(
    ANSWER,
    ("You have 30 days to return it. ", "Keep the box."),
    {
        "decision": "answer",
        "citations": [
            {
                "id": "returns",
                "title": "Returns",
                "url": "https://shop.example/returns",
                "quote": "You can send it back within 30 days.",
            }
        ],
    },
    pause_s=0.3,
)


@pytest.fixture(autouse=True)
def answers(assistant: Assistant) -> None:
    assistant.replies[ASKED] = STREAMED


def test_nothing_is_loaded_or_sent_before_it_is_wanted(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    chat = Chat(page)
    page.goto(shop.page(assistant.url), wait_until="networkidle")
    expect(chat.launcher).to_be_visible()
    assert not [url for url in asked if "app.js" in url]
    chat.launcher.click()
    expect(chat.panel).to_contain_text("Before we start")
    assert len([url for url in asked if "app.js" in url]) == 1
    assert assistant.asked == []
    assert chat.focused() == "Agree and start"


def test_declining_closes_and_sends_nothing(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    chat = Chat(new_page())
    chat.page.goto(shop.page(assistant.url, starters=f"{ASKED}|Other"))
    chat.launcher.click()
    chat.button("Not now").click()
    expect(chat.panel).to_be_hidden()
    assert assistant.asked == []


def test_what_was_asked_before_consent_is_sent_after_it(
    new_page: Callable[..., Page], assistant: Assistant, shop: Shop
) -> None:
    chat = Chat(new_page())
    chat.page.goto(shop.page(assistant.url, starters=f"{ASKED}|Other"))
    chat.launcher.click()
    chat.button(ASKED).click()
    assert assistant.asked == []
    chat.button("Agree and start").click()
    chat.expect_reply(ANSWER)


def test_reply_appears_while_it_is_written_and_ends_with_its_source(
    open_chat: OpenChat,
) -> None:
    chat = open_chat(consent="on")
    chat.send(ASKED)
    expect(chat.panel.locator(".stage")).to_have_text("Writing")
    expect(chat.bubbles("bot").last).to_have_text("You have 30 days to return it.")
    chat.expect_reply(ANSWER)
    source = chat.panel.locator("details")
    expect(source.locator("blockquote")).to_be_hidden()
    source.locator("summary").click()
    expect(source.locator("blockquote")).to_have_text(
        "You can send it back within 30 days."
    )
    link = source.get_by_role("link", name="Open page")
    expect(link).to_have_attribute("href", "https://shop.example/returns")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


def test_finished_reply_takes_the_place_of_its_bubble(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.replies["hi"] = Reply("Checked.", ("Not yet checked.",), pause_s=1.5)
    chat = open_chat()
    chat.send("hi")
    bubble = chat.bubbles("bot").last
    expect(bubble).to_have_text("Not yet checked.")
    bubble.evaluate("bubble => { bubble.marked = true }")
    top = bubble.bounding_box()
    chat.expect_reply("Checked.")
    assert bubble.evaluate("bubble => bubble.marked") is True
    after = bubble.bounding_box()
    assert top and after and (top["x"], top["y"]) == (after["x"], after["y"])


def test_reload_in_the_middle_goes_on_with_the_same_reply(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.replies["slow"] = Reply("One. Two. Three.", ("One. ", "Two. "), {}, 0.8)
    chat = open_chat()
    chat.send("slow")
    expect(chat.bubbles("bot").last).to_have_text("One.")
    chat.page.reload()
    expect(chat.bubbles("bot").last).to_have_text(re.compile("^One. Two"))
    chat.expect_reply("One. Two. Three.")
    chat.expect_texts("user", ["slow"])
    assert len(assistant.events("user_uttered")) == 1


def test_second_tab_shows_the_same_conversation(
    open_chat: OpenChat, new_page: Callable[..., Page]
) -> None:
    chat = open_chat()
    chat.send(ASKED)
    chat.expect_reply(ANSWER)
    other = Chat(new_page(beside=chat.page))
    other.page.goto(chat.page.url)
    other.launcher.click()
    other.expect_texts("user", [ASKED])
    other.send("Thanks")
    for one in (chat, other):
        one.expect_texts("user", [ASKED, "Thanks"])
        one.expect_reply("I see.")


def test_server_restart_loses_nothing(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    chat.send("before")
    chat.expect_reply("I see.")
    assistant.stop()
    expect(chat.panel.locator(".status")).to_contain_text("No connection")
    chat.send("during")
    expect(chat.panel).to_contain_text("Waiting to be sent")
    assistant.start()
    chat.expect_texts("user", ["before", "during"])
    expect(chat.bubbles("bot")).to_have_count(3)
    chat.expect_reply("I see.")
    assert assistant.texts() == [
        "user: before",
        "bot: I see.",
        "user: during",
        "bot: I see.",
    ]
    expect(chat.panel.locator(".status")).to_be_hidden()


def test_message_written_offline_is_sent_once_after_a_reload(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    chat.page.context.set_offline(True)
    expect(chat.panel.locator(".status")).to_be_visible()
    chat.send("one")
    chat.send("two")
    chat.page.wait_for_timeout(300)
    assert assistant.texts() == []
    chat.page.context.set_offline(False)
    chat.expect_texts("user", ["one", "two"])
    expect(chat.bubbles("bot")).to_have_count(3)
    chat.page.reload()
    chat.expect_texts("user", ["one", "two"])
    assert [text for text in assistant.texts() if "user" in text] == [
        "user: one",
        "user: two",
    ]


def test_message_whose_receipt_was_lost_is_stored_once(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.lost_acks = 1
    chat = open_chat()
    chat.send("only once")
    expect(chat.bubbles("user")).to_have_text(["only once"])
    expect(chat.panel.locator(".pending")).to_have_count(0)
    chat.expect_texts("user", ["only once"])
    assert assistant.texts() == ["user: only once"]


def test_slow_network_shows_what_was_written_at_once(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    slow = chat.page.context.new_cdp_session(chat.page)
    slow.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 1500,
            "downloadThroughput": 8_000,
            "uploadThroughput": 8_000,
        },
    )
    chat.send(ASKED)
    chat.expect_texts("user", [ASKED])
    chat.expect_reply(ANSWER)
    chat.expect_texts("user", [ASKED])
    assert len(assistant.texts()) == 2


def test_stop_button_ends_the_reply(open_chat: OpenChat, assistant: Assistant) -> None:
    many = tuple(f"Sentence {n}. " for n in range(50))
    assistant.replies["talk"] = Reply("".join(many), many, pause_s=0.15)
    chat = open_chat()
    chat.send("talk")
    expect(chat.bubbles("bot").last).to_contain_text("Sentence 0.")
    chat.button("Stop writing").click()
    expect(chat.panel).to_contain_text("Stopped")
    expect(chat.button("Send")).to_be_visible()
    stopped = assistant.events("stop")
    assert len(stopped) == 1
    assert "Sentence 20." not in assistant.texts()[-1]
    assert chat.focused() == "Message"


def test_button_sends_its_payload_and_shows_its_label(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    payload = '/choose_product{"product": "mira-1-7"}'
    assistant.replies["kettle"] = Reply(
        "Which one?",
        parts={"buttons": [{"title": "The larger one", "payload": payload}]},
    )
    assistant.replies[payload] = Reply("A good choice.")
    chat = open_chat()
    chat.send("kettle")
    chat.button("The larger one").click()
    chat.expect_reply("A good choice.")
    chat.expect_texts("user", ["kettle", "The larger one"])
    expect(chat.button("The larger one")).to_have_count(0)
    sent = assistant.events("user_uttered")[-1]
    assert (sent["message"], sent["title"]) == (payload, "The larger one")
    chat.page.reload()
    chat.expect_texts("user", ["kettle", "The larger one"])


def test_person_can_always_be_asked_for(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    chat.button("Talk to a person").click()
    chat.expect_texts("user", ["Talk to a person"])
    assert assistant.events("user_uttered")[0]["message"] == "/talk_to_person"


def test_message_of_a_person_carries_their_name(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.replies["hi"] = Reply(
        "Hello, I am Mia.", parts={"role": "agent", "agent_name": "Mia"}
    )
    chat = open_chat()
    chat.send("hi")
    expect(chat.panel.locator(".agent .name")).to_have_text("Mia")


def test_refused_message_says_why_and_is_not_sent_again(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    assistant.refusals = [
        {"ok": False, "error": "not_text", "text": "That cannot be read."}
    ]
    chat = open_chat()
    chat.send("???")
    expect(chat.panel).to_contain_text("Not sent: That cannot be read.")
    chat.send("words")
    chat.expect_texts("user", ["words"])
    assert assistant.texts()[0] == "user: words"


def test_rate_limited_message_is_sent_when_it_may(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    limited = {"ok": False, "error": "rate_limited", "text": "", "retry_after_s": 1}
    assistant.refusals = [limited]
    chat = open_chat()
    chat.send("again")
    chat.expect_reply("I see.")
    assert len(assistant.events("user_uttered")) == 2


def test_too_long_message_cannot_be_sent(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    chat.send("x" * 201)
    expect(chat.panel.locator(".left")).to_have_text("-1")
    assert assistant.events("user_uttered") == []


def test_earlier_messages_are_fetched_on_request(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    conversation = assistant.conversations["token-1"]
    for number in range(60):
        conversation.store(role="bot", text=f"Message {number}")
    chat.page.reload()
    expect(chat.bubbles("bot")).to_have_count(50)
    chat.button("Show earlier messages").click()
    expect(chat.bubbles("bot")).to_have_count(61)  # with the greeting
    expect(chat.button("Show earlier messages")).to_have_count(0)


@pytest.mark.parametrize("by", ["bar", "wheel"])
def test_who_has_scrolled_up_stays_there(
    open_chat: OpenChat, assistant: Assistant, by: str
) -> None:
    chat = open_chat()
    conversation = assistant.conversations["token-1"]
    for number in range(40):
        conversation.store(role="bot", text=f"Message {number}")
    chat.page.reload()
    expect(chat.bubbles("bot").last).to_be_in_viewport()
    if by == "bar":
        chat.panel.locator(".log").evaluate("log => { log.scrollTop = 0 }")
    else:
        chat.bubbles("bot").last.hover()
        chat.page.mouse.wheel(0, -5000)
    expect(chat.bubbles("bot").first).to_be_in_viewport()
    chat.page.set_viewport_size({"width": 1000, "height": 640})
    expect(chat.bubbles("bot").first).to_be_in_viewport()
    expect(chat.bubbles("bot").last).not_to_be_in_viewport()


def test_session_that_is_gone_starts_anew(
    open_chat: OpenChat, assistant: Assistant
) -> None:
    chat = open_chat()
    chat.send("old")
    chat.expect_reply("I see.")
    assistant.conversations.clear()
    chat.page.reload()
    expect(chat.bubbles("user")).to_have_count(0)
    chat.send("new")
    chat.expect_texts("user", ["new"])
    chat.expect_reply("I see.")


def test_deleting_the_conversation_ends_it_in_every_tab(
    open_chat: OpenChat, assistant: Assistant, new_page: Callable[..., Page]
) -> None:
    chat = open_chat()
    chat.send("secret")
    chat.expect_reply("I see.")
    other = Chat(new_page(beside=chat.page))
    other.page.goto(chat.page.url)
    other.launcher.click()
    other.expect_texts("user", ["secret"])
    chat.button("Options").click()
    chat.panel.get_by_role("menuitem", name="Delete this conversation").click()
    chat.panel.get_by_role("menuitem", name="Really delete it?").click()
    for one in (chat, other):
        expect(one.bubbles("user")).to_have_count(0)
    assert "user: secret" not in assistant.texts()
    other.send("hello")
    chat.expect_texts("user", ["hello"])
