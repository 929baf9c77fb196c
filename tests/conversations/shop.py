"""The demo shop's database beside a running assistant: made ready, and looked at after.

Every conversation gets orders of its own: copies of the shop's examples, so that one
conversation's cancellation is not another's surprise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, func, inspect, select, text
from sqlalchemy.orm import Session

from frontdesk.commerce.demo.kinds import KINDS
from frontdesk.commerce.demo.models import CustomerRow, OrderRow

_FIRST_EXAMPLE = 100_101
_FIRST_COPY = 700_001


@dataclass(frozen=True)
class Made:
    """An order made for one conversation."""

    number: str
    email: str
    phone: str
    customer: str


class Shop:
    """The shop's tables and the desk's, on the databases the assistant uses."""

    def __init__(self, shop_url: str, desk_url: str) -> None:
        self.engine: Engine = create_engine(shop_url)
        self.desk: Engine = create_engine(desk_url)
        self._next = self._after_the_last()

    def copy(self, kind: str, customer: str = "") -> Made:
        """A new order like the example of a kind, with a number of its own.

        Args:
            kind: A name of `frontdesk.commerce.demo.kinds`.
            customer: The id of its customer; a new face each time if it is empty,
                since codes for one address are limited.
        """
        index = next(i for i, each in enumerate(KINDS) if each.name == kind)
        number = f"LO-{self._next}"
        self._next += 1
        with Session(self.engine) as session, session.begin():
            source = session.get_one(OrderRow, f"LO-{_FIRST_EXAMPLE + index}")
            order = _copied(source, source.number, number)
            person = self._person(session, customer)
            order.customer_id, order.email = person.id, person.email
            order.phone = person.phone
            parts = (source.items, source.fulfilments, source.returns, source.refunds)
            copies = [
                _copied(row, source.number, number) for part in parts for row in part
            ]
            session.add(order)
            session.flush()
            session.add_all(copies)
            return Made(number, order.email, order.phone, order.customer_id or "")

    def _after_the_last(self) -> int:
        """The first number without a copy: a database may have served before."""
        first = f"LO-{_FIRST_COPY}"
        query = select(func.max(OrderRow.number)).where(OrderRow.number >= first)
        with Session(self.engine) as session:
            last = session.scalar(query)
        return int(last.removeprefix("LO-")) + 1 if last else _FIRST_COPY

    def _person(self, session: Session, customer: str) -> CustomerRow:
        if customer:
            return session.get_one(CustomerRow, customer)
        # Behind those who have the example orders.
        everybody = select(CustomerRow).order_by(CustomerRow.id)
        place = len(KINDS) + self._next - _FIRST_COPY
        return session.scalars(everybody.offset(place).limit(1)).one()

    def ship(self, number: str) -> None:
        """Let the warehouse send an order."""
        with Session(self.engine) as session, session.begin():
            row = session.get_one(OrderRow, number)
            row.status, row.version = "shipped", row.version + 1

    def order(self, number: str) -> dict[str, Any]:
        """What the tables hold of an order."""
        with Session(self.engine) as session:
            row = session.get_one(OrderRow, number)
            items = {item.id: item.title for item in row.items}
            return {
                "status": row.status,
                "payment": row.payment,
                "address": row.address.get("line1", ""),
                "postcode": row.address.get("postcode", ""),
                "returns": [
                    [
                        each.kind,
                        sum(line["quantity"] for line in each.lines),
                        *(items[line["item_id"]] for line in each.lines),
                    ]
                    for each in row.returns
                ],
                "refunds": len(row.refunds),
            }

    def count(self, table: str, where: str = "", **values: Any) -> int:
        """How many rows of a table of the shop fit a condition."""
        condition = f" WHERE {where}" if where else ""
        with self.engine.connect() as connection:
            query = text(f"SELECT count(*) FROM {table}{condition}")
            return int(connection.execute(query, values).scalar_one())

    def audit(self, conversation: str) -> list[str]:
        """The events written down for a conversation, oldest first."""
        with self.desk.connect() as connection:
            query = text(
                "SELECT event FROM desk_audit WHERE conversation = :c ORDER BY id"
            )
            return [row[0] for row in connection.execute(query, {"c": conversation})]

    def contents(self) -> dict[str, str]:
        """Every table of the shop as text: equal before and after means unchanged."""
        found = {}
        with self.engine.connect() as connection:
            for table in sorted(inspect(self.engine).get_table_names()):
                rows = connection.execute(text(f"SELECT * FROM {table}"))
                found[table] = json.dumps(
                    sorted(map(str, (tuple(row) for row in rows)))
                )
        return found

    def people(self) -> list[tuple[str, str]]:
        """Numbers and addresses of all orders."""
        with Session(self.engine) as session:
            rows = session.execute(select(OrderRow.number, OrderRow.email))
            return [(row[0], row[1]) for row in rows]


def _copied(row: Any, old: str, new: str) -> Any:
    """A copy of a row in which the new order's number stands for the old one's."""
    columns = {c.key: getattr(row, c.key) for c in inspect(type(row)).column_attrs}
    old_id, new_id = old.removeprefix("LO-"), new.removeprefix("LO-")
    for name, value in columns.items():
        if isinstance(value, str):
            columns[name] = value.replace(old, new).replace(old_id, new_id)
        elif isinstance(value, list):
            columns[name] = json.loads(json.dumps(value).replace(old, new))
    return type(row)(**columns)
