"""The measures of this folder, against the scripted assistant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from frontdesk.page import create_app
from frontdesk.settings import Settings
from tests.browser.assistant import Assistant, Reply
from tests.browser.cost import PAGES, TAG, shortcomings
from tests.browser.cost import figures as costs
from tests.browser.server import Shop, run_app
from tests.browser.timing import HEADER, Customer, crowd, measure, row

SECRET = "a-secret-of-at-least-thirty-two-bytes"
SLOW = Reply("One. Two.", ("One. ",), {"decision": "answer", "generated": True}, 0.4)
REPLACED = Reply("Quoted.", ("Drafted. ",), {"failure": "late"}, 0.1)


@pytest.fixture()
def customer(browser: Browser, assistant: Assistant, shop: Shop) -> Iterator[Customer]:
    settings = Settings(rasa_url=assistant.url, identity_secret=SECRET)
    with run_app(create_app(settings), shop.port):
        yield Customer(browser, f"{shop.url}/")


@pytest.fixture()
def shop() -> Shop:
    return Shop()


def test_first_text_comes_earlier_only_when_streaming(
    customer: Customer, assistant: Assistant
) -> None:
    assistant.replies["When?"] = SLOW
    seen = measure(customer, "When?", 2)
    assert [one.error for found in seen.values() for one in found] == [""] * 4
    for one in seen["streaming"]:
        assert 400 < one.text < 800 < one.complete
        assert (one.pieces, one.generated, one.kept) == (1, True, True)
    for one in seen["whole"]:
        assert one.text == one.complete > 800
        assert one.pieces == 0
    assert len(assistant.events("session_request")) == 5  # the first, and one a reply


def test_what_was_shown_and_replaced_is_counted(
    customer: Customer, assistant: Assistant
) -> None:
    assistant.replies["When?"] = REPLACED
    seen = customer.ask("When?", streaming=True)
    assert (seen.kept, seen.stood_in, seen.generated) == (False, True, False)
    line = dict(zip(HEADER, row(1, 4, "streaming", [seen]), strict=True))
    assert line["question"] == "1 streaming"
    assert (line["sessions"], line["n"], line["errors"]) == (4, 1, 0)
    assert (line["in pieces"], line["kept"], line["stood in"]) == (1.0, 0.0, 1)


def test_others_ask_all_the_while(assistant: Assistant) -> None:
    settings = Settings(rasa_url=assistant.url)
    with crowd(settings, "When?", 3) as errors:
        assert len(assistant.events("user_uttered")) >= 3
    assert errors == []
    assert len(assistant.conversations) >= 3


def test_variants_of_the_page_differ_by_the_tag_alone() -> None:
    tag = '<script async src="/widget/widget.js"\n  data-shop="A"></script>'
    html = f"<head><script src='/shop.js'></script>{tag}</head>"
    without, closed, opened = (change(html) for change in PAGES.values())
    assert without == html.replace(tag, "")
    assert closed == html
    assert 'data-open="true"' in opened and TAG.sub("", html) == without


def test_scores_and_shortcomings_of_a_report() -> None:
    names = ("performance", "accessibility", "best-practices", "seo")
    report = {
        "categories": {
            name: {"score": 0.9, "auditRefs": [{"id": "total-blocking-time"}]}
            for name in names
        },
        "audits": {
            name: {"score": 0.5, "numericValue": 120.0, "title": "Too long"}
            for name in (
                *("first-contentful-paint", "largest-contentful-paint"),
                *("total-blocking-time", "cumulative-layout-shift"),
                "total-byte-weight",
            )
        },
    }
    assert costs(report)["performance"] == 90
    assert costs(report)["blocking ms"] == 120
    assert shortcomings(report)[0] == "performance: Too long"
