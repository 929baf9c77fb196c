"""A shop at Shopify against the shared contract, and how its records are read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from frontdesk.commerce.errors import (
    NotFoundError,
    ShopSettingsError,
)
from frontdesk.commerce.shopify import ShopifyBackend, open_shopify
from frontdesk.commerce.values import Limit, Money, ProductQuery, ReturnLine
from frontdesk.commerce.writes import (
    RequestReturn,
)
from frontdesk.settings import Settings
from tests.commerce.contract import BackendContract
from tests.commerce.fake_shopify import (
    TOKEN,
    FakeShopify,
)
from tests.commerce.loopback import Served
from tests.commerce.sample import KEY, Run, Sample
from tests.commerce.shopify_records import (
    line,
    product,
    variant,
)


class TestContract(BackendContract):
    @pytest.fixture
    def shop(
        self, fake_shopify: FakeShopify, served_shopify: Served, shopify: ShopifyBackend
    ) -> Sample:
        def lose_next_answer() -> None:
            fake_shopify.lose = "orderCancel"

        return Sample(
            backend=shopify,
            open_order="#1001",
            shipped_order="#1002",
            delivered_order="#1003",
            customer_id="501",
            customer_email="ada@mail.example",
            customer_phone="+447700900001",
            product_id="21",
            search="mira",
            sold_out_variant="32",
            lose_next_answer=lose_next_answer,
            go_down=served_shopify.stop,
            remembers_keys=False,
        )


def test_an_order_is_mapped_whole(shopify: ShopifyBackend, run: Run) -> None:
    found = run(shopify.order("1003"))
    assert found.status == "delivered"
    assert found.payment == "paid"
    assert found.payment_method == "card"
    assert found.total == Money(Decimal("78.00"), "GBP")
    assert found.shipping == Money(Decimal("3.95"), "GBP")
    (item,) = found.items
    assert (item.id, item.product_id, item.variant_id) == ("13", "21", "31")
    assert item.options == (("colour", "Sage"),)
    (parcel,) = found.fulfilments
    assert (parcel.carrier, parcel.tracking_number) == ("DPD", "T62")
    assert parcel.delivered_at == datetime(2026, 11, 16, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"displayFinancialStatus": "PENDING"}, "awaiting_payment"),
        ({"displayFinancialStatus": "AUTHORIZED"}, "received"),
        ({"displayFulfillmentStatus": "ON_HOLD"}, "on_hold"),
        ({"displayFulfillmentStatus": "IN_PROGRESS"}, "packing"),
        ({"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "partly_shipped"),
        ({"cancelledAt": "2026-11-19T10:00:00Z"}, "cancelled"),
    ],
)
def test_states_become_ours(
    fake_shopify: FakeShopify,
    shopify: ShopifyBackend,
    run: Run,
    given: Any,
    status: str,
) -> None:
    fake_shopify.all_orders[1].update(given)
    assert run(shopify.order("#1001")).status == status


def test_a_long_order_is_read_on(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    kettle = fake_shopify.all_products[0]
    many = [line(1000 + i, kettle, kettle["variants"][0], 1) for i in range(145)]
    fake_shopify.all_orders[1]["lineItems"] = many
    found = run(shopify.order("#1001"))
    assert [item.id for item in found.items] == [str(1000 + i) for i in range(145)]
    assert fake_shopify.asked == [
        "orders",
        "orders",
        "order",
        "order",
    ]  # 20, 100 and 25


def test_labels_and_refunds_are_read(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    run(shopify.write(RequestReturn("#1003", (ReturnLine("13", 1, "x"),)), KEY))
    (made,) = fake_shopify.all_orders[3]["returns"]
    label = {
        "__typename": "ReverseDeliveryShippingDeliverable",
        "label": {"publicFileUrl": "https://labels.example/1.pdf"},
    }
    made["status"] = "OPEN"
    made["reverseFulfillmentOrders"] = [
        {"id": "1", "reverseDeliveries": [{"id": "2", "deliverable": label}]}
    ]
    (found,) = run(shopify.returns_of("#1003"))
    assert (found.status, found.label_url) == (
        "approved",
        "https://labels.example/1.pdf",
    )
    fake_shopify.all_orders[3]["refunds"] = [
        {
            "id": "gid://shopify/Refund/9",
            "createdAt": "2026-11-18T09:00:00Z",
            "totalRefundedSet": fake_shopify.all_orders[3]["totalPriceSet"],
            "transactions": [
                {
                    "status": "SUCCESS",
                    "gateway": "shopify_payments",
                    "processedAt": "2026-11-18T09:05:00Z",
                }
            ],
        }
    ]
    (refund,) = run(shopify.refunds_of("#1003"))
    assert (refund.status, refund.method) == ("done", "card")
    assert refund.amount == Money(Decimal("78.00"), "GBP")


def test_drafts_and_private_attributes_stay_private(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    found = run(shopify.product("21"))
    assert found.attributes == (("width", "45 cm"),)
    assert [one.available for one in found.variants] == [True, False, True]
    fake_shopify.all_products[0]["status"] = "DRAFT"
    with pytest.raises(NotFoundError):
        run(shopify.product("21"))
    assert run(shopify.search_products(ProductQuery(text="mira"))) == ()


def test_a_search_is_narrowed_and_read_on(
    fake_shopify: FakeShopify, shopify: ShopifyBackend, run: Run
) -> None:
    fake_shopify.all_products += [
        product(100 + i, f"Mira {i}", "Kettles", [variant(200 + i, "Red", "20.00", 1)])
        for i in range(12)
    ]
    fake_shopify.all_products[-1]["metafields"][0]["value"] = "60 cm"
    asked = ProductQuery(
        text="a MIRA (kettle) OR status:draft",
        family="Kettles",
        max_price=Decimal(30),
        limits=(Limit("width", "at_most", "45 cm"),),
        available_only=True,
        top_k=20,
    )
    found = run(shopify.search_products(asked))
    assert [one.id for one in found] == [str(100 + i) for i in range(11)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "FRONTDESK_SHOPIFY_URL"),
        ({"shopify_url": "http://shop.example"}, "https"),
        ({"shopify_url": "https://shop.example"}, "FRONTDESK_SHOPIFY_TOKEN"),
    ],
)
def test_incomplete_settings_are_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(ShopSettingsError, match=said):
        open_shopify(Settings(**given))  # type: ignore[arg-type]


def test_settings_open_a_shop(run: Run) -> None:
    given = {"shopify_url": "https://shop.example/", "shopify_token": TOKEN}
    backend = open_shopify(Settings(**given))  # type: ignore[arg-type]
    assert "request_return" in backend.capabilities()
    run(backend.close())
