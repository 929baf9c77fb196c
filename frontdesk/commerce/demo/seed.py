"""Fills the demo shop: the same customers and orders each time, relative to now.

A shop that was filled a while ago is moved to the present when it is opened, all its
times by the same amount, so that nothing in it grows too old to try.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from frontdesk.commerce.database import Moment, one_at_a_time, writing
from frontdesk.commerce.demo.catalogue import read_catalogue
from frontdesk.commerce.demo.kinds import KINDS
from frontdesk.commerce.demo.models import (
    Base,
    CustomerRow,
    NoteRow,
    OrderRow,
    SubscriberRow,
    WriteRow,
)
from frontdesk.commerce.demo.orders import OrderMaker
from frontdesk.commerce.demo.people import Person, make_people

CUSTOMERS = 320
_GUESTS = 80
_SEED = 20_26
_FIRST_EXAMPLE = 100_101
_FIRST_OTHER = 200_001
_STALE = timedelta(minutes=30)


def fill(engine: Engine, catalogue: Path, now: datetime) -> None:
    """Fill an empty shop, or move a filled one to the present; safe to do at once."""
    now = now.replace(microsecond=0)
    with writing(engine) as session:
        one_at_a_time(session.connection())
        note = session.get(NoteRow, "filled_for")
        if note is None:
            _fill(session, catalogue, now)
            session.add(NoteRow(name="filled_for", value=now.isoformat()))
        elif (age := now - datetime.fromisoformat(note.value)) > _STALE:
            _move(session, age)
            note.value = now.isoformat()


def _fill(session: Session, catalogue: Path, now: datetime) -> None:
    random = Random(_SEED)
    products = read_catalogue(catalogue)
    session.add_all(products)
    people = make_people(random, CUSTOMERS + _GUESTS)
    customers = [
        _customer(index, person)
        for index, person in enumerate(people[:CUSTOMERS], start=1)
    ]
    session.add_all(customers)
    session.add_all(
        SubscriberRow(email=row.email, subscribed=True, changed_at=now)
        for row in customers[::3]
    )
    session.flush()
    session.add_all(_orders(OrderMaker(random, products, now), customers, people))


def _orders(
    maker: OrderMaker, customers: list[CustomerRow], people: list[Person]
) -> list[OrderRow]:
    """One order of each kind for the first customers, then all the others by time."""
    guests = people[CUSTOMERS:]
    made = [
        maker.order(
            f"LO-{_FIRST_EXAMPLE + index}",
            kind,
            people[index] if not kind.guest else guests[index],
            None if kind.guest else customers[index].id,
        )
        for index, kind in enumerate(KINDS)
    ]
    rest = [kind for kind in KINDS for _ in range(kind.share)]
    rest.sort(key=lambda kind: (-kind.placed, kind.name))
    number = _FIRST_OTHER
    for kind in rest:
        number += maker.random.choice((1, 1, 2, 3))
        if kind.guest:
            person, customer_id = maker.random.choice(guests), None
        else:
            index = maker.random.randrange(len(KINDS), CUSTOMERS)
            person, customer_id = people[index], customers[index].id
        made.append(maker.order(f"LO-{number}", kind, person, customer_id))
    return made


def _customer(index: int, person: Person) -> CustomerRow:
    return CustomerRow(
        id=f"C-{1000 + index}",
        name=person.name,
        email=person.email,
        phone=person.phone,
        address=asdict(person.address),
        tier=person.tier,
    )


def _move(session: Session, by: timedelta) -> None:
    for mapper in Base.registry.mappers:
        columns = [c.key for c in mapper.columns if isinstance(c.type, Moment)]
        if not columns or mapper.class_ is WriteRow:
            continue
        for row in session.scalars(select(mapper.class_)):
            for column in columns:
                if (moment := getattr(row, column)) is not None:
                    setattr(row, column, moment + by)
