"""Imaginary people and where they live; every contact is one that nobody can have.

Email addresses end in `.example` and telephone numbers lie in the range that the
British regulator keeps for drama (07700 900000 to 900999).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from frontdesk.commerce.values import Address

_FIRST = (
    "Amelia Oliver Isla George Ava Noah Mia Arthur Ivy Leo Grace Oscar Freya Theo Ella "
    "Henry Aisha Yusuf Priya Arjun Mei Wei Zofia Jakub Chidi Amara Siobhan Declan "
    "Rhiannon Gethin Eilidh Callum Nadia Tomasz Leila Omar Hannah Ben"
).split()
_LAST = (
    "Smith Jones Taylor Brown Patel Khan Wilson Evans Thomas Roberts Walker Wright "
    "Thompson Hughes Edwards Green Lewis Wood Harris Martin Clarke Begum Singh Kaur "
    "Nowak Okafor Murphy Byrne MacLeod Campbell Davies Price Chen Ali Novak Marsh"
).split()
_STREETS = (
    "Station Road,Church Lane,Mill Street,Park Avenue,Victoria Road,Orchard Close,"
    "The Green,Manor Drive,Bridge Street,Chapel Hill,Elm Grove,King Street"
).split(",")
_TOWNS = (
    ("Leeds", "LS"),
    ("Bristol", "BS"),
    ("Cardiff", "CF"),
    ("Manchester", "M"),
    ("Norwich", "NR"),
    ("Exeter", "EX"),
    ("Sheffield", "S"),
    ("Edinburgh", "EH"),
    ("Oxford", "OX"),
    ("York", "YO"),
    ("Brighton", "BN"),
    ("Nottingham", "NG"),
)
_TIERS = ("", "", "oak", "oak", "oak", "oak", "silver", "silver", "gold")


@dataclass(frozen=True)
class Person:
    """Somebody who may have an account."""

    name: str
    email: str
    phone: str
    address: Address
    tier: str


def make_people(random: Random, count: int) -> list[Person]:
    """So many people, each with contacts of their own; at most 1,000."""
    return [_person(random, index) for index in range(count)]


def _person(random: Random, index: int) -> Person:
    # Both lists have their own length, so 38 * 36 names come before one comes twice.
    first, last = _FIRST[index % len(_FIRST)], _LAST[index % len(_LAST)]
    name = f"{first} {last}"
    phone = f"+447700900{index:03d}"
    town, area = random.choice(_TOWNS)
    address = Address(
        name=name,
        line1=f"{random.randint(1, 180)} {random.choice(_STREETS)}",
        line2=random.choice(("", "", "", f"Flat {random.randint(1, 20)}")),
        city=town,
        postcode=f"{area}{random.randint(1, 16)} {random.randint(1, 9)}"
        f"{random.choice('ABDEFGHJ')}{random.choice('LNPQRSTUWXYZ')}",
        country="GB",
        phone=phone,
    )
    email = f"{first}.{last}{index}@mail.example".lower()
    return Person(name, email, phone, address, random.choice(_TIERS))
