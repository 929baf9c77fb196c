"""Tokens, versions, permissions, throttling and HTTP errors of Shopify."""

from __future__ import annotations

import logging

import pytest

from frontdesk.commerce.errors import (
    UnavailableError,
)
from frontdesk.commerce.shopify import ShopifyBackend
from frontdesk.commerce.values import ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    RequestReturn,
)
from tests.commerce.fake_shopify import (
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN,
    FakeShopify,
)
from tests.commerce.loopback import Served
from tests.commerce.sample import KEY, Run
from tests.commerce.shopify_shop import backend_at


def test_a_wrong_token_says_what_to_check(served_shopify: Served, run: Run) -> None:
    backend = backend_at(served_shopify.url, token="shpat_wrong")
    with pytest.raises(UnavailableError, match="FRONTDESK_SHOPIFY_TOKEN"):
        run(backend.order("#1001"))
    run(backend.close())


def test_client_credentials_become_one_token(
    fake_shopify: FakeShopify, served_shopify: Served, run: Run
) -> None:
    pair = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    backend = backend_at(served_shopify.url, **pair)
    assert run(backend.order("#1001")).number == "#1001"
    assert run(backend.order("#1002")).number == "#1002"
    assert fake_shopify.tokens_issued == 1
    run(backend.close())


def test_a_withdrawn_token_is_fetched_anew_once(
    fake_shopify: FakeShopify, served_shopify: Served, run: Run
) -> None:
    pair = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    backend = backend_at(served_shopify.url, **pair)
    run(backend.order("#1001"))
    fake_shopify.tokens.clear()
    assert run(backend.order("#1002")).number == "#1002"
    assert fake_shopify.tokens_issued == 2
    run(backend.close())


def test_wrong_client_credentials_are_named(served_shopify: Served, run: Run) -> None:
    backend = backend_at(served_shopify.url, client_id=CLIENT_ID, client_secret="wrong")
    with pytest.raises(UnavailableError, match="gives no token"):
        run(backend.order("#1001"))
    run(backend.close())


def test_a_retired_version_is_logged_once(
    served_shopify: Served, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_at(served_shopify.url, token=TOKEN, version="2024-01")
    with caplog.at_level(logging.WARNING):
        run(backend.order("#1001"))
        run(backend.order("#1001"))
    (record,) = caplog.records
    assert "serves API version 2026-07, not 2024-01" in record.getMessage()
    run(backend.close())


def test_a_missing_permission_changes_nothing(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.scopes.remove("write_returns")
    lines = (ReturnLine("13", 1, "changed_mind"),)
    with pytest.raises(UnavailableError, match="write_returns"):
        run(shopify.write(RequestReturn("#1003", lines), KEY))
    assert fake_shopify.all_orders[3]["returns"] == []


def test_a_short_throttle_is_waited_for(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.bucket.available, fake_shopify.bucket.restore_rate = 0.0, 4000.0
    assert run(shopify.order("#1001")).number == "#1001"
    assert fake_shopify.asked == ["orders", "orders"]  # #1001-A comes first


def test_a_long_throttle_is_unavailable_and_says_how_long(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.bucket.available, fake_shopify.bucket.restore_rate = 0.0, 10.0
    with pytest.raises(UnavailableError) as error:
        run(shopify.write(CancelOrder("#1001", "x"), KEY))
    assert error.value.retry_after_s is not None
    assert 30 < error.value.retry_after_s < 100
    assert fake_shopify.all_orders[1]["cancelledAt"] is None


@pytest.mark.parametrize("status", [402, 404, 423, 429, 500, 503])
def test_http_errors_of_a_read_are_unavailable(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run, status: int
) -> None:
    fake_shopify.status, fake_shopify.headers = status, {"Retry-After": "30"}
    with pytest.raises(UnavailableError):
        run(shopify.order("#1001"))
