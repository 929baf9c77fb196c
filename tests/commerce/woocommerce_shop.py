"""The fake WooCommerce with some records, and a back end that speaks to it."""

from __future__ import annotations

import httpx

from frontdesk.commerce.calls import Caller
from frontdesk.commerce.woocommerce import WooCommerceBackend
from frontdesk.commerce.woocommerce_rest import SETTINGS, WooCommerceRest
from tests.commerce.fake_woocommerce import KEY, SECRET, FakeWooCommerce
from tests.commerce.woocommerce_records import (
    made_customer,
    made_fulfilment,
    made_line,
    made_order,
    made_product,
    made_variation,
)


def filled_shop() -> FakeWooCommerce:
    """Orders 1001 and 1003 of Ada, 1002 of Bob that is on its way, 1004 of a guest."""
    fake = FakeWooCommerce()
    kettle = made_product(21, "Mira kettle", "Kettles", "39.00")
    kettle["type"] = "variable"
    fake.products = [kettle]
    fake.variations[21] = [
        made_variation(31, "Sage", "39.00", 4),
        made_variation(32, "Plum", "39.00", 0),
    ]
    fake.customers = [
        made_customer(501, "Ada Brook", "ada@mail.example", "+447700900001"),
        made_customer(502, "Bob Reed", "bob@mail.example", "+447700900002"),
    ]
    fake.orders = [
        made_order(1001, 501, [made_line(11, kettle, 1, 31)]),
        made_order(1002, 502, [made_line(12, kettle, 2, 31)]),
        made_order(1003, 501, [made_line(13, kettle, 2, 31)]),
        made_order(1004, 0, [made_line(14, kettle, 1, 31)]),
    ]
    fake.orders[1]["billing"] = fake.customers[1]["billing"]
    fake.orders[3]["billing"] = {**fake.customers[1]["billing"], "email": "g@x.example"}
    fake.orders[2]["status"] = "completed"
    fake.orders[2]["date_completed_gmt"] = "2026-11-16T15:00:00"
    for order in fake.orders[1:3]:
        parcel = made_fulfilment(order["id"], order["line_items"], True)
        fake.fulfilments[order["id"]] = [parcel]
    return fake


def woocommerce_at(
    url: str, key: str = KEY, secret: str = SECRET
) -> WooCommerceBackend:
    client = httpx.AsyncClient(timeout=httpx.Timeout(30.0))
    caller = Caller(client, "WooCommerce", SETTINGS, max_wait_s=1.0)
    return WooCommerceBackend(WooCommerceRest(caller, url, "wc/v3", key, secret))
