"""The demo shop, on SQLite and on PostgreSQL, against the shared contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from frontdesk.commerce.demo.backend import DemoShop
from tests.commerce.contract import BackendContract
from tests.commerce.demo_shops import CATALOGUE, NOW, demo_shop
from tests.commerce.sample import Run, Sample
from tests.services import postgres_database


class Faults:
    """Makes a demo shop's database lose an answer or go away."""

    def __init__(self, shop: DemoShop) -> None:
        self._dialect: Any = shop.engine.dialect
        self._engine = shop.engine

    def lose_next_answer(self) -> None:
        commit = self._dialect.do_commit

        def lost(connection: Any) -> None:
            self._dialect.do_commit = commit
            commit(connection)
            raise self._dialect.dbapi.OperationalError("connection lost")

        self._dialect.do_commit = lost

    def go_down(self) -> None:
        def refuse(*_: Any) -> None:
            raise self._dialect.dbapi.OperationalError("connection refused")

        self._engine.dispose()
        event.listen(self._engine, "do_connect", refuse)


def sample(shop: DemoShop, customer_id: str) -> Sample:
    """Orders of the first customers, one of which gets those of the others."""
    faults = Faults(shop)
    return Sample(
        backend=shop,
        open_order="LO-100101",
        shipped_order="LO-100107",
        delivered_order="LO-100113",
        customer_id=customer_id,
        customer_email="amelia.smith0@mail.example",
        customer_phone="+447700900000",
        product_id="halden-45",
        search="slim dishwasher",
        sold_out_variant="TAR-L-BLACK",
        lose_next_answer=faults.lose_next_answer,
        go_down=faults.go_down,
    )


class TestOnSqlite(BackendContract):
    @pytest.fixture
    def shop(self, tmp_path: Path, run: Run) -> Iterator[Sample]:
        shop = demo_shop(tmp_path / "shop.sqlite3")
        give(shop, "LO-100113", "C-1001")
        yield sample(shop, "C-1001")
        run(shop.close())


@pytest.fixture(scope="module")
def filled() -> Iterator[str]:
    with postgres_database() as url:
        shop = DemoShop(url, CATALOGUE, clock=lambda: NOW)
        give(shop, "LO-100113", "C-1001")
        shop.engine.dispose()
        yield url


class TestOnPostgres(BackendContract):
    @pytest.fixture
    def shop(self, filled: str, run: Run) -> Iterator[Sample]:
        with postgres_database(template=filled) as url:
            shop = DemoShop(url, CATALOGUE, clock=lambda: NOW)
            yield sample(shop, "C-1001")
            run(shop.close())


def give(shop: DemoShop, number: str, customer_id: str) -> None:
    """Make an order one of another customer's."""
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE orders SET customer_id = '{customer_id}' WHERE number = '{number}'"
        )
