"""The fake Shopify with some records, and a back end that speaks to it."""

from __future__ import annotations

from typing import Any

import httpx

from frontdesk.commerce.calls import Caller
from frontdesk.commerce.shopify import ShopifyBackend
from frontdesk.commerce.shopify_admin import SETTINGS, ShopifyAdmin
from tests.commerce.fake_shopify import (
    TOKEN,
    VERSION,
    FakeShopify,
)
from tests.commerce.shopify_records import (
    customer,
    fulfilment,
    line,
    order,
    product,
    variant,
)


def filled() -> FakeShopify:
    """Three orders of Ada, one of Bob whose number begins like one of hers."""
    fake = FakeShopify()
    sage, plum = variant(31, "Sage", "39.00", 4), variant(32, "Plum", "39.00", 0)
    coral = variant(33, "Coral", "41.00", 9)
    kettle = product(21, "Mira kettle", "Kettles", [sage, plum, coral])
    fake.all_products = [kettle]
    ada = customer(501, "Ada Brook", "ada@mail.example", "+447700900001")
    bob = customer(502, "Bob Reed", "bob@mail.example", "+447700900002")
    fake.customers = [ada, bob]
    sent, here = [line(12, kettle, sage, 1)], [line(13, kettle, sage, 2)]
    fake.all_orders = [
        order(4, "#1001-A", bob, [line(14, kettle, sage, 1)]),
        order(1, "#1001", ada, [line(11, kettle, sage, 1)]),
        order(
            2,
            "#1002",
            bob,
            sent,
            fulfillments=[fulfilment(61, sent, "IN_TRANSIT")],
            displayFulfillmentStatus="FULFILLED",
        ),
        order(
            3,
            "#1003",
            ada,
            here,
            fulfillments=[fulfilment(62, here, "DELIVERED")],
            displayFulfillmentStatus="FULFILLED",
        ),
    ]
    return fake


def backend_at(url: str, **given: Any) -> ShopifyBackend:
    client = httpx.AsyncClient(timeout=httpx.Timeout(30.0))
    caller = Caller(client, "Shopify", SETTINGS, max_wait_s=1.0)
    credentials = given or {"token": TOKEN}
    version = credentials.pop("version", VERSION)
    admin = ShopifyAdmin(caller, url, version, **credentials)
    return ShopifyBackend(admin, job_poll_s=0.0)
