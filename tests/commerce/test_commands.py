from __future__ import annotations

import pytest

from frontdesk.cli import main
from tests.commerce.fake_woocommerce import KEY, SECRET
from tests.commerce.loopback import Served


@pytest.fixture
def woocommerce_settings(
    monkeypatch: pytest.MonkeyPatch, served_woocommerce: Served
) -> Served:
    monkeypatch.setenv("FRONTDESK_COMMERCE", "woocommerce")
    monkeypatch.setenv("FRONTDESK_WOOCOMMERCE_URL", served_woocommerce.url)
    monkeypatch.setenv("FRONTDESK_WOOCOMMERCE_KEY", KEY)
    monkeypatch.setenv("FRONTDESK_WOOCOMMERCE_SECRET", SECRET)
    return served_woocommerce


def test_a_connected_shop_says_what_it_offers(
    woocommerce_settings: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shop"]) == 0
    shown = capsys.readouterr().out
    assert "  yes cancel_order\n" in shown
    assert "  no  request_return\n" in shown
    assert shown.endswith("one of its products: Mira kettle.\n")


def test_an_order_is_shown_without_whose_it_is(
    woocommerce_settings: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shop", "1002"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "1002: shipped, paid, £81.95, placed 2026-11-12: 2 x Mira kettle"


def test_a_shop_that_does_not_answer_is_one_sentence(
    woocommerce_settings: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    woocommerce_settings.stop()
    assert main(["shop"]) == 1
    assert "WooCommerce cannot be reached" in capsys.readouterr().err
