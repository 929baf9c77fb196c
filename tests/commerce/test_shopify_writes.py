"""How a shop at Shopify is changed, and how a write is recognised."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from frontdesk.commerce.errors import (
    RefusedError,
    UnavailableError,
    UncertainError,
    UnsupportedError,
)
from frontdesk.commerce.shopify import ShopifyBackend
from frontdesk.commerce.values import Money, ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    Reorder,
    RequestData,
    RequestReturn,
)
from tests.commerce.fake_shopify import (
    FakeShopify,
)
from tests.commerce.sample import ELSEWHERE, KEY, OTHER_KEY, Run
from tests.commerce.shopify_records import (
    fulfilment,
)


def test_a_lost_mark_is_no_lost_cancellation(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    write = CancelOrder("#1001", "x")
    fake_shopify.lose = "metafieldsSet"
    with pytest.raises(UnavailableError):
        run(shopify.write(write, KEY))
    assert run(shopify.find_write(write, KEY)) is None
    assert fake_shopify.all_orders[1]["cancelledAt"] is None
    assert run(shopify.write(write, KEY)).state == "done"


def test_a_cancelled_order_pays_back(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    done = run(shopify.write(CancelOrder("#1001", "too late for me"), KEY))
    assert done.amount == Money(Decimal("39.00"), "GBP")
    assert fake_shopify.all_orders[1]["staffNote"].startswith("too late for me [")
    assert run(shopify.order("#1001")).payment == "refunded"


def test_a_slow_job_is_in_progress_and_found_later(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.job_polls, fake_shopify.job_works = 99, False
    write = CancelOrder("#1001", "x")
    assert run(shopify.write(write, KEY)).state == "in_progress"
    assert run(shopify.find_write(write, KEY)) is None
    fake_shopify.all_orders[1]["cancelledAt"] = "2026-11-20T10:00:00Z"
    assert run(shopify.find_write(write, KEY)).state == "done"


def test_a_job_without_effect_is_a_refusal(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.job_polls, fake_shopify.job_works = 1, False
    with pytest.raises(RefusedError, match="did not cancel"):
        run(shopify.write(CancelOrder("#1001", "x"), KEY))


def test_a_key_of_another_write_to_the_order_is_noticed(
    shopify: ShopifyBackend, run: Run
) -> None:
    run(shopify.write(ChangeAddress("#1001", ELSEWHERE), KEY))
    elsewhere = replace(ELSEWHERE, line1="8 Quay Street")
    with pytest.raises(RefusedError) as refusal:
        run(shopify.write(ChangeAddress("#1001", elsewhere), KEY))
    assert refusal.value.reason == "key_reused"


def test_an_empty_address_part_is_emptied(shopify: ShopifyBackend, run: Run) -> None:
    run(shopify.write(ChangeAddress("#1001", ELSEWHERE), KEY))
    plain = replace(ELSEWHERE, line2="", phone="")
    run(shopify.write(ChangeAddress("#1001", plain), OTHER_KEY))
    assert run(shopify.order("#1001")).address == plain


def test_a_return_over_two_parcels_takes_from_both(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    (here,) = fake_shopify.all_orders[3]["lineItems"]
    half = {**here, "quantity": 1}
    fake_shopify.all_orders[3]["fulfillments"] = [
        fulfilment(71, [half], "DELIVERED"),
        fulfilment(72, [half], "DELIVERED"),
    ]
    lines = (ReturnLine("13", 2, "x" * 400),)
    run(shopify.write(RequestReturn("#1003", lines), KEY))
    (made,) = run(shopify.returns_of("#1003"))
    assert [(one.item_id, one.quantity) for one in made.lines] == [("13", 1)] * 2
    assert made.status == "requested"
    assert set(made.lines[0].reason) == {"x"}


def test_a_lost_return_is_found_by_its_note(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    write = RequestReturn("#1003", (ReturnLine("13", 2, "changed_mind"),))
    fake_shopify.lose = "returnRequest"
    with pytest.raises(UncertainError):
        run(shopify.write(write, KEY))
    found = run(shopify.find_write(write, KEY))
    assert found.reference == "#1003-R1"
    assert run(shopify.find_write(write, OTHER_KEY)) is None


def test_a_lost_draft_is_found_by_its_tag(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.lose = "draftOrderCreate"
    with pytest.raises(UncertainError):
        run(shopify.write(Reorder("#1003"), KEY))
    done = run(shopify.write(Reorder("#1003"), KEY))
    assert done.url == "https://shop.example/invoices/1"
    assert done.amount == Money(Decimal("78.00"), "GBP")
    assert len(fake_shopify.drafts) == 1


def test_what_shopify_lacks_is_said(shopify: ShopifyBackend, run: Run) -> None:
    with pytest.raises(UnsupportedError, match="request_data"):
        run(shopify.write(RequestData("501", "deletion"), KEY))
