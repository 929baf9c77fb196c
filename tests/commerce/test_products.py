from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from frontdesk.commerce.products import measure
from frontdesk.commerce.values import Limit, Product, ProductQuery
from tests.commerce.demo_shops import demo_shop
from tests.commerce.desks import run


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder: Path = tmp_path_factory.mktemp("shop")
    shop = demo_shop(folder / "shop.sqlite3")

    def found(query: ProductQuery) -> list[str]:
        products: tuple[Product, ...] = run(shop.search_products(query))
        return [product.id for product in products]

    yield found
    shop.engine.dispose()


def test_a_quiet_dishwasher_under_500_that_fits_45_cm(search) -> None:  # type: ignore[no-untyped-def]
    query = ProductQuery(
        text="dishwasher",
        max_price=Decimal(500),
        limits=(Limit("width", "at_most", "45 cm"),),
        order_by="noise",
    )
    assert search(query) == ["halden-45-built-in", "halden-45"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        (ProductQuery(text="kettles", order_by="price"), "mira-travel"),
        (ProductQuery(text="washing machine", order_by="-load"), "norvik-9"),
        (ProductQuery(text="Mira 1.7 Temp"), "mira-1-7-temp"),
        (ProductQuery(text="robot that mops"), "sweep-r1-mop"),
        (
            ProductQuery(family="toasters", available_only=True, order_by="-price"),
            "tarn-4",
        ),
    ],
)
def test_the_best_comes_first(search, query: ProductQuery, first: str) -> None:  # type: ignore[no-untyped-def]
    assert search(query)[0] == first


@pytest.mark.parametrize(
    ("limit", "fits"),
    [
        (Limit("width", "at_most", "0.45 m"), True),
        (Limit("width", "at_most", "450 mm"), True),
        (Limit("width", "at_most", "45"), True),
        (Limit("width", "at_most", "44.9 cm"), False),
        (Limit("width", "at_least", "45 cm"), True),
        (Limit("width", "at_most", "50 kg"), False),
        (Limit("type", "equals", "Freestanding"), True),
        (Limit("colour", "equals", "steel"), True),
        (Limit("colour", "equals", "pink"), False),
        (Limit("wings", "at_least", "2"), False),
        (Limit("width", "at_most", "narrow"), False),
    ],
)
def test_limits_on_attributes(search, limit: Limit, fits: bool) -> None:  # type: ignore[no-untyped-def]
    query = ProductQuery(text="Halden 45", limits=(limit,), top_k=50)
    assert ("halden-45" in search(query)) == fits


def test_words_that_nothing_has_find_nothing(search) -> None:  # type: ignore[no-untyped-def]
    assert search(ProductQuery(text="xylophone")) == []
    assert len(search(ProductQuery(top_k=3))) == 3


def test_measures_are_read_with_their_unit() -> None:
    assert measure("84.5 cm") == (Decimal("0.845"), "m")
    assert measure("44 dB") == (Decimal(44), "db")
    assert measure("none") is None
