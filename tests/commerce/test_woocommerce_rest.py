"""Keys, permissions, limits and odd answers of WooCommerce."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from frontdesk.commerce.errors import UnavailableError, UncertainError
from frontdesk.commerce.woocommerce import WooCommerceBackend
from frontdesk.commerce.writes import CancelOrder
from tests.commerce.fake_woocommerce import FakeWooCommerce
from tests.commerce.loopback import Served, serve
from tests.commerce.sample import KEY, Run
from tests.commerce.woocommerce_shop import woocommerce_at


def test_a_wrong_key_says_what_to_check(served_woocommerce: Served, run: Run) -> None:
    backend = woocommerce_at(served_woocommerce.url, key="ck_wrong")
    with pytest.raises(UnavailableError, match="FRONTDESK_WOOCOMMERCE_KEY"):
        run(backend.order("1001"))
    run(backend.close())


def test_a_key_that_may_only_read_changes_nothing(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.read_only = True
    with pytest.raises(UnavailableError, match="permissions"):
        run(woocommerce.write(CancelOrder("1001", "x"), KEY))
    assert fake_woocommerce.orders[0]["status"] == "processing"


def test_a_429_is_waited_for(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.limited = 2
    assert run(woocommerce.order("1001")).number == "1001"


def test_a_long_429_says_when_to_come_back(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.limited, fake_woocommerce.retry_after = 1, "60"
    with pytest.raises(UnavailableError) as error:
        run(woocommerce.write(CancelOrder("1001", "x"), KEY))
    assert error.value.retry_after_s == 60.0


def test_a_gateway_that_fails_is_uncertain_and_then_not_done(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    fake_woocommerce.gateway_works = False
    write = CancelOrder("1001", "x")
    with pytest.raises(UncertainError):
        run(woocommerce.write(write, KEY))
    assert run(woocommerce.find_write(write, KEY)) is None
    assert run(woocommerce.order("1001")).status == "received"


def test_a_field_that_an_extension_took_away_is_our_error(
    fake_woocommerce: FakeWooCommerce, woocommerce: WooCommerceBackend, run: Run
) -> None:
    del fake_woocommerce.orders[0]["shipping_lines"]
    with pytest.raises(UnavailableError, match="shipping_lines"):
        run(woocommerce.order("1001"))


def test_a_page_instead_of_json_names_the_address(run: Run) -> None:
    async def page(request: object) -> HTMLResponse:
        return HTMLResponse("<h1>Shop</h1>")

    with serve(Starlette(routes=[Route("/{path:path}", page)])) as served:
        backend = woocommerce_at(served.url)
        with pytest.raises(UnavailableError, match="FRONTDESK_WOOCOMMERCE_URL"):
            run(backend.order("1001"))
        run(backend.close())
