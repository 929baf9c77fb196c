"""The shop's products as its pages show them, read from the knowledge folder."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Product:
    """An article of the catalogue.

    Attributes:
        facts: Pairs as the catalogue writes them, such as `("width", "45 cm")`.
        variants: Their names, such as `white`; what they differ in is `choice`.
    """

    id: str
    name: str
    family: str
    price: Decimal
    stock: int
    description: str
    choice: str
    variants: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def family_id(self) -> str:
        """The family as it stands in addresses, such as `smart-lighting`."""
        return slug(self.family)


def slug(text: str) -> str:
    """Lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def read_catalogue(path: Path) -> dict[str, Product]:
    """Every product by its id, in the file's order; empty without a file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        products = [_product(row) for row in csv.DictReader(file)]
    return {product.id: product for product in products}


def _product(row: dict[str, str]) -> Product:
    choice, _, variants = row["variants"].partition(":")
    pairs = (part.partition(":") for part in row["specifications"].split(";"))
    return Product(
        id=row["id"],
        name=row["name"],
        family=row["family"],
        price=Decimal(row["price_gbp"]),
        stock=int(row["stock"]),
        description=row["description"],
        choice=choice.strip(),
        variants=tuple(name.strip() for name in variants.split(",") if name.strip()),
        facts=tuple((name.strip(), value.strip()) for name, _, value in pairs),
    )
