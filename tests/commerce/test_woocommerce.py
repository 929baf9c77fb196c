"""A shop on WooCommerce against the shared contract, and how its records are read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from frontdesk.commerce.errors import NotFoundError, ShopSettingsError
from frontdesk.commerce.values import Limit, Money, ProductQuery
from frontdesk.commerce.woocommerce import WooCommerceBackend, open_woocommerce
from frontdesk.settings import Settings
from tests.commerce.contract import BackendContract
from tests.commerce.fake_woocommerce import KEY, SECRET, FakeWooCommerce
from tests.commerce.loopback import Served
from tests.commerce.sample import Run, Sample
from tests.commerce.woocommerce_records import made_order, made_product


class TestContract(BackendContract):
    @pytest.fixture
    def shop(
        self,
        fake_woocommerce: FakeWooCommerce,
        served_woocommerce: Served,
        woocommerce: WooCommerceBackend,
    ) -> Sample:
        def lose_next_answer() -> None:
            fake_woocommerce.lose = "POST"  # the refund of a paid order

        return Sample(
            backend=woocommerce,
            open_order="1001",
            shipped_order="1002",
            delivered_order="1003",
            customer_id="501",
            customer_email="ada@mail.example",
            customer_phone="+447700900001",
            product_id="21",
            search="mira",
            sold_out_variant="32",
            lose_next_answer=lose_next_answer,
            go_down=served_woocommerce.stop,
            remembers_keys=False,
        )

    def test_a_delivered_order_says_what_was_in_its_parcels(
        self, shop: Sample, run: Run
    ) -> None:
        """WooCommerce is not told of deliveries: what is sent stays `shipped`."""
        order = run(shop.backend.order(shop.delivered_order))
        assert order.status == "shipped"
        packed = {p.item_id for f in order.fulfilments for p in f.contents}
        assert packed == {item.id for item in order.items}


def test_an_order_is_mapped_whole(woocommerce: WooCommerceBackend, run: Run) -> None:
    found = run(woocommerce.order("1002"))
    assert found.placed_at == datetime(2026, 11, 12, 9, tzinfo=UTC)
    assert (found.status, found.payment) == ("shipped", "paid")
    assert found.payment_method == "card"
    assert found.total == Money(Decimal("81.95"), "GBP")
    (item,) = found.items
    assert (item.id, item.product_id, item.variant_id) == ("12", "21", "31")
    assert item.price == Money(Decimal("39.00"), "GBP")
    assert item.options == (("colour", "Sage"),)
    assert (item.family, item.tags) == ("Kettles", frozenset({"final_sale"}))
    (parcel,) = found.fulfilments
    assert (parcel.carrier, parcel.tracking_number) == ("dpd", "T1002")


@pytest.mark.parametrize(
    ("given", "status", "payment"),
    [
        ({"status": "pending", "date_paid_gmt": None}, "awaiting_payment", "pending"),
        ({"status": "on-hold", "date_paid_gmt": None}, "on_hold", "pending"),
        ({"status": "processing"}, "received", "paid"),
        ({"status": "gone-fishing"}, "received", "paid"),
        ({"status": "cancelled", "date_paid_gmt": None}, "cancelled", "voided"),
        (
            {"status": "refunded", "refunds": [{"id": 1, "total": "-42.95"}]},
            "cancelled",
            "refunded",
        ),
        ({"refunds": [{"id": 1, "total": "-2.95"}]}, "received", "partly_refunded"),
        (
            {
                "status": "refunded",
                "date_completed_gmt": "2026-11-16T15:00:00",
                "refunds": [{"id": 1, "total": "-42.95"}],
            },
            "shipped",
            "refunded",
        ),
    ],
)
def test_states_become_ours(
    fake_woocommerce: FakeWooCommerce,
    woocommerce: WooCommerceBackend,
    run: Run,
    given: dict[str, Any],
    status: str,
    payment: str,
) -> None:
    fake_woocommerce.orders[0].update(given)
    found = run(woocommerce.order("1001"))
    assert (found.status, found.payment) == (status, payment)


def test_half_a_shipment_is_partly_shipped(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    (parcel,) = fake_woocommerce.fulfilments[1002]
    parcel["meta_data"][0]["value"][0]["qty"] = 1
    assert run(woocommerce.order("1002")).status == "partly_shipped"


def test_without_fulfilments_tracking_comes_from_the_extension(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.fulfilments_on = False
    tracked = {
        "tracking_id": "t1",
        "tracking_provider": "",
        "custom_tracking_provider": "Local van",
        "tracking_number": "V7",
        "date_shipped": "1763193600",
    }
    fake_woocommerce.orders[2]["meta_data"] = [
        {"key": "_wc_shipment_tracking_items", "value": [tracked]}
    ]
    (parcel,) = run(woocommerce.order("1003")).fulfilments
    assert (parcel.carrier, parcel.tracking_number) == ("Local van", "V7")
    assert parcel.shipped_at == datetime(2025, 11, 15, 8, tzinfo=UTC)


def test_numbers_of_an_extension_are_searched_for(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    """Id 1001 then carries another number, and must not be shown for it."""
    fake_woocommerce.orders[0]["number"] = "LO-7"
    assert run(woocommerce.order("lo-7")).items[0].id == "11"
    with pytest.raises(NotFoundError):
        run(woocommerce.order("1001"))
    with pytest.raises(NotFoundError):
        run(woocommerce.order("LO"))


def test_a_guest_is_no_customer(woocommerce: WooCommerceBackend, run: Run) -> None:
    assert run(woocommerce.order("1004")).customer_id is None
    assert run(woocommerce.orders_of("0")) == ()
    with pytest.raises(NotFoundError):
        run(woocommerce.customer("0"))


def test_a_phone_of_two_customers_is_nobodys(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    shared = {**fake_woocommerce.orders[1]["billing"], "phone": "+447700900001"}
    fake_woocommerce.orders[1]["billing"] = shared
    with pytest.raises(NotFoundError, match="2 customers"):
        run(woocommerce.customer_by_phone("+447700900001"))


def test_long_lists_are_read_page_by_page(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    line = fake_woocommerce.orders[0]["line_items"]
    fake_woocommerce.orders += [
        made_order(2000 + i, 502, line) | {"number": f"X-1-{i}"} for i in range(230)
    ]
    oldest = {"number": "X-1", "date_created_gmt": "2020-01-01T00:00:00"}
    fake_woocommerce.orders.append(made_order(1, 502, line) | oldest)
    assert run(woocommerce.order("X-1")).number == "X-1"
    assert fake_woocommerce.asked.count("GET orders") == 3


def test_a_search_is_narrowed_by_what_woocommerce_cannot_filter(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    wide = made_product(22, "Mira wide", "Kettles", "20.00")
    wide["attributes"][0]["options"] = ["60 cm"]
    draft = made_product(23, "Mira next", "Kettles", "20.00") | {"status": "draft"}
    fake_woocommerce.products += [wide, draft]
    asked = ProductQuery(
        text="mira",
        family="kettles",
        min_price=Decimal(10),
        limits=(Limit("width", "at_most", "45 cm"),),
        available_only=True,
    )
    (found,) = run(woocommerce.search_products(asked))
    assert (found.id, len(found.variants)) == ("21", 2)
    assert found.attributes == (("width", "45 cm"),)
    with pytest.raises(NotFoundError):
        run(woocommerce.product("23"))


def test_a_sentence_finds_by_its_words(
    woocommerce: WooCommerceBackend, run: Run
) -> None:
    asked = ProductQuery(text="the quietest Mira you have?")
    assert [one.id for one in run(woocommerce.search_products(asked))] == ["21"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "FRONTDESK_WOOCOMMERCE_URL"),
        ({"woocommerce_url": "http://shop.example"}, "https"),
        ({"woocommerce_url": "https://shop.example"}, "FRONTDESK_WOOCOMMERCE_KEY"),
    ],
)
def test_incomplete_settings_are_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(ShopSettingsError, match=said):
        open_woocommerce(Settings(**given))  # type: ignore[arg-type]


def test_settings_open_a_shop(run: Run) -> None:
    pair = {"woocommerce_key": KEY, "woocommerce_secret": SECRET}
    given = {"woocommerce_url": "https://shop.example/", **pair}
    backend = open_woocommerce(Settings(**given))  # type: ignore[arg-type]
    assert "request_return" not in backend.capabilities()
    run(backend.close())
