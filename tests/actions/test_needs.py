from __future__ import annotations

from decimal import Decimal

import pytest

from actions.needs import read_need
from frontdesk.commerce.values import Limit
from tests.fakes_desk import PRODUCTS


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("kettle under 40", None, 40),
        ("kettle under £40.50", None, Decimal("40.50")),
        ("a kettle for less than 40 pounds", None, 40),
        ("kettle, budget is 40", None, 40),
        ("kettle between 20 and 40", 20, 40),
        ("a kettle over £50", 50, None),
        ("dishwasher under 45 cm", None, None),
        ("dishwasher for 2 people", None, None),
    ],
)
def test_budget_is_read(text: str, low: int | None, high: int | None) -> None:
    query = read_need(text, PRODUCTS).query
    assert (query.min_price, query.max_price) == (low, high)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("dishwasher that fits 45 cm", Limit("width", "at_most", "45 cm")),
        ("dishwasher not wider than 45cm", Limit("width", "at_most", "45 cm")),
        ("dishwasher at least 60 cm wide", Limit("width", "at_least", "60 cm")),
        ("a 45 cm dishwasher", Limit("width", "equals", "45 cm")),
        ("dishwasher below 45 dB", Limit("noise", "at_most", "45 dB")),
        ("toaster with 2 slots", Limit("slots", "equals", "2")),
    ],
)
def test_limit_is_read(text: str, limit: Limit) -> None:
    assert read_need(text, PRODUCTS).query.limits == (limit,)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("I need a kettle", "Kettles"),
        ("a table lamp for reading", "Lighting"),
        ("two toasters", "Toasters"),
        ("something nice", ""),
    ],
)
def test_family_is_found_by_its_words(text: str, family: str) -> None:
    assert read_need(text, PRODUCTS).query.family == family


def test_wish_orders_by_an_attribute_that_the_products_have() -> None:
    assert read_need("quiet dishwasher", PRODUCTS).order_by == ("noise",)
    assert read_need("quiet kettle", PRODUCTS).order_by == ()
    assert read_need("cheap kettle", PRODUCTS).order_by == ("price",)
