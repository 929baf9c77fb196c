from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from frontdesk.commerce.database import reading
from frontdesk.commerce.demo.backend import DemoShop
from frontdesk.commerce.demo.kinds import KINDS
from frontdesk.commerce.demo.models import Base, CustomerRow, OrderRow, ProductRow
from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.commerce.values import OrderStatus, PaymentStatus
from tests.commerce.demo_shops import CATALOGUE, NOW, demo_shop


def placed(shop: DemoShop) -> dict[str, object]:
    with reading(shop.engine) as session:
        return dict(session.execute(select(OrderRow.number, OrderRow.placed_at)).all())  # type: ignore[arg-type]


def test_the_shop_is_large_and_has_orders_in_every_state(tmp_path: Path) -> None:
    shop = demo_shop(tmp_path / "shop.sqlite3")
    with reading(shop.engine) as session:
        assert session.scalar(select(func.count()).select_from(CustomerRow)) == 320
        assert session.scalar(select(func.count()).select_from(ProductRow)) == 91
        orders = session.scalars(select(OrderRow)).all()
        assert len(orders) >= 1000
        states = Counter(order.status for order in orders)
        assert set(states) == set(get_args(OrderStatus))
        assert {order.payment for order in orders} == set(get_args(PaymentStatus))
        tags = {tag for order in orders for item in order.items for tag in item.tags}
        wanted = {"clearance", "refurbished", "made_to_order", "pre_order", "mattress"}
        assert wanted <= tags
        for order in orders:
            goods = sum(item.price * item.quantity for item in order.items)
            assert order.total == goods + order.shipping
            packed = Counter[str]()
            for parcel in order.fulfilments:
                for content in parcel.contents:
                    packed[content["item_id"]] += content["quantity"]
            if order.fulfilments:
                assert packed == {item.id: item.quantity for item in order.items}
    shop.engine.dispose()


def test_neighbouring_numbers_belong_to_different_customers(tmp_path: Path) -> None:
    shop = demo_shop(tmp_path / "shop.sqlite3")
    numbers = [f"LO-{100_101 + index}" for index in range(len(KINDS))]
    with reading(shop.engine) as session:
        emails = [session.get_one(OrderRow, number).email for number in numbers]
    assert len(set(emails)) == len(KINDS)
    shop.engine.dispose()


def test_the_same_shop_comes_out_each_time(tmp_path: Path) -> None:
    copied = demo_shop(tmp_path / "one.sqlite3")
    fresh = DemoShop(f"sqlite:///{tmp_path}/two.sqlite3", CATALOGUE, lambda: NOW)
    assert placed(copied) == placed(fresh)
    copied.engine.dispose()
    fresh.engine.dispose()


def test_a_shop_opened_later_is_moved_to_the_present(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite3"
    first = demo_shop(path)
    before = placed(first)
    first.engine.dispose()
    for span, moved in ((timedelta(minutes=29), False), (timedelta(days=9), True)):
        shop = DemoShop(f"sqlite:///{path}", CATALOGUE, lambda s=span: NOW + s)  # type: ignore[misc]
        by = span if moved else timedelta(0)
        assert placed(shop) == {n: at + by for n, at in before.items()}  # type: ignore[operator]
        shop.engine.dispose()


def test_two_openings_at_once_fill_it_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.sqlite3"

    def open_it(_: int) -> int:
        shop = DemoShop(url, CATALOGUE, lambda: NOW)
        count = len(placed(shop))
        shop.engine.dispose()
        return count

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(open_it, range(3)))) == 1


def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    shop = demo_shop(tmp_path / "shop.sqlite3")
    with shop.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    shop.engine.dispose()


def test_a_missing_catalogue_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ShopSettingsError, match="FRONTDESK_KB"):
        DemoShop(f"sqlite:///{tmp_path}/s.sqlite3", tmp_path / "none.csv", lambda: NOW)
