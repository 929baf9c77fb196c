"""A demo shop with its desk, and each fake vendor with a back end that asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.commerce.shopify import ShopifyBackend
from frontdesk.commerce.woocommerce import WooCommerceBackend
from tests.commerce.desks import Counter
from tests.commerce.fake_shopify import (
    FakeShopify,
)
from tests.commerce.fake_woocommerce import FakeWooCommerce
from tests.commerce.loopback import Served, serve
from tests.commerce.sample import Run
from tests.commerce.shopify_shop import backend_at, filled
from tests.commerce.woocommerce_shop import filled_shop, woocommerce_at


@pytest.fixture
def fake_shopify() -> FakeShopify:
    return filled()


@pytest.fixture
def served_shopify(fake_shopify: FakeShopify) -> Iterator[Served]:
    with serve(fake_shopify.app()) as found:
        yield found


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def shopify(served_shopify: Served, run: Run) -> Iterator[ShopifyBackend]:
    backend = backend_at(served_shopify.url)
    yield backend
    run(backend.close())


@pytest.fixture
def fake_woocommerce() -> FakeWooCommerce:
    return filled_shop()


@pytest.fixture
def served_woocommerce(fake_woocommerce: FakeWooCommerce) -> Iterator[Served]:
    with serve(fake_woocommerce.app()) as found:
        yield found


@pytest.fixture
def woocommerce(served_woocommerce: Served, run: Run) -> Iterator[WooCommerceBackend]:
    backend = woocommerce_at(served_woocommerce.url)
    yield backend
    run(backend.close())


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path)
    yield counter
    counter.close()
