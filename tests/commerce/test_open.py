from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.commerce.demo.backend import DemoShop
from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.commerce.open import open_backend, open_desk
from frontdesk.commerce.trust import Visitor
from frontdesk.settings import Settings
from tests.commerce.desks import run


def test_the_demo_shop_opens_by_default_in_the_run_time_folder(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    desk = open_desk(settings)
    assert run(desk.trust(Visitor("one"))).level == "anonymous"
    assert run(desk.product("mira-1-5")).title == "Mira 1.5"
    assert {path.name for path in tmp_path.glob("*.sqlite3")} == {
        "shop.sqlite3",
        "desk.sqlite3",
    }
    backend = open_backend(settings)
    assert isinstance(backend, DemoShop)
    run(backend.close())
    run(desk.close())


def test_an_unknown_shop_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ShopSettingsError, match="choose demo, shopify or woocommerce"):
        open_backend(Settings(var=tmp_path, commerce="magento"))


@pytest.mark.parametrize("vendor", ["shopify", "woocommerce"])
def test_a_vendor_without_its_settings_stops_the_start(vendor: str) -> None:
    with pytest.raises(ShopSettingsError):
        open_backend(Settings(commerce=vendor))
