from __future__ import annotations

import pytest

from frontdesk.commerce.writes import ChangeAddress, RequestExchange, RequestReturn
from frontdesk.evaluation import retail_reading
from frontdesk.evaluation.retail_shop import (
    Inexpressible,
    load,
    open_shop,
    state_of,
    write_of,
)
from tests.evaluation.retail_set import AWAY, MOVE, data, exchange, give_back


@pytest.fixture
def shop(tmp_path):
    load(data(), tmp_path / "shop.sqlite3")
    opened = open_shop(tmp_path / "shop.sqlite3")
    yield opened
    opened.engine.dispose()


def test_loaded_data_reads_back_as_it_was(shop):
    assert state_of(shop, data()) == retail_reading.state_of(data())


def test_an_address_is_translated(shop):
    write = write_of(shop, *MOVE)
    assert isinstance(write, ChangeAddress)
    assert (write.address.line1, write.address.country) == (AWAY["address1"], "US")
    assert (write.address.name, write.address.region) == ("Ada Brook", "CO")


def test_equal_items_of_an_order_are_told_apart(shop):
    name, given = give_back()
    write = write_of(shop, name, {**given, "item_ids": ["r", "r"]})
    assert isinstance(write, RequestReturn)
    assert [line.item_id for line in write.lines] == ["W2-1", "W2-2"]


def test_an_exchange_names_the_new_variant(shop):
    write = write_of(shop, *exchange("g"))
    assert isinstance(write, RequestExchange)
    assert write.lines[0].variant_id == "g"


def test_another_payment_method_cannot_be_said(shop):
    with pytest.raises(Inexpressible, match="payment method"):
        write_of(shop, *give_back(method="card_1"))
