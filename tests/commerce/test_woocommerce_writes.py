"""How a shop on WooCommerce is changed, and how a write is recognised."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from frontdesk.commerce.errors import RefusedError, UncertainError
from frontdesk.commerce.values import Money
from frontdesk.commerce.woocommerce import WooCommerceBackend
from frontdesk.commerce.writes import CancelOrder, ChangeAddress, Reorder
from tests.commerce.fake_woocommerce import FakeWooCommerce
from tests.commerce.sample import ELSEWHERE, KEY, OTHER_KEY, Run


def writes(fake: FakeWooCommerce) -> list[str]:
    return [one for one in fake.asked if not one.startswith("GET")]


def test_cancelling_a_paid_order_pays_back_in_one_request(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    done = run(woocommerce.write(CancelOrder("1001", "too late"), KEY))
    assert done.amount == Money(Decimal("42.95"), "GBP")
    assert writes(fake_woocommerce) == ["POST orders/1001/refunds"]
    found = run(woocommerce.order("1001"))
    assert (found.status, found.payment) == ("cancelled", "refunded")
    (refund,) = run(woocommerce.refunds_of("1001"))
    assert (refund.status, refund.amount) == ("done", done.amount)


def test_cancelling_a_partly_refunded_order_pays_back_the_rest(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.orders[0]["refunds"] = [{"id": 1, "total": "-2.95"}]
    done = run(woocommerce.write(CancelOrder("1001", "x"), KEY))
    assert done.amount == Money(Decimal("40.00"), "GBP")


def test_cancelling_an_unpaid_order_only_cancels(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.orders[0] |= {"status": "pending", "date_paid_gmt": None}
    done = run(woocommerce.write(CancelOrder("1001", "x"), KEY))
    assert (done.amount, done.reference) == (None, "1001")
    assert writes(fake_woocommerce) == ["PUT orders/1001"]
    assert run(woocommerce.find_write(CancelOrder("1001", "x"), KEY)) == done


def test_a_lost_address_is_found(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    write = ChangeAddress("1001", ELSEWHERE)
    fake_woocommerce.lose = "PUT"
    with pytest.raises(UncertainError):
        run(woocommerce.write(write, KEY))
    assert run(woocommerce.find_write(write, KEY)).reference == "1001"
    assert run(woocommerce.find_write(write, OTHER_KEY)) is None


def test_a_key_of_another_write_to_the_order_is_noticed(
    woocommerce: WooCommerceBackend, run: Run
) -> None:
    run(woocommerce.write(ChangeAddress("1001", ELSEWHERE), KEY))
    with pytest.raises(RefusedError) as refusal:
        elsewhere = replace(ELSEWHERE, line1="8 Quay Street")
        run(woocommerce.write(ChangeAddress("1001", elsewhere), KEY))
    assert refusal.value.reason == "key_reused"


@pytest.mark.parametrize("number", ["1003", "1004"])
def test_a_lost_order_again_is_found_and_made_once(
    fake_woocommerce: FakeWooCommerce,
    woocommerce: WooCommerceBackend,
    run: Run,
    number: str,
) -> None:
    """Of a customer, and of a guest, whose orders are searched for by address."""
    fake_woocommerce.lose = "POST"
    with pytest.raises(UncertainError):
        run(woocommerce.write(Reorder(number), KEY))
    done = run(woocommerce.write(Reorder(number), KEY))
    assert done.url == "https://shop.example/pay/1005"
    assert len(fake_woocommerce.orders) == 5
    assert run(woocommerce.order(done.reference)).status == "awaiting_payment"
