"""Rows of products and variants, read from the catalogue of the knowledge base."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from frontdesk.commerce.demo.models import ProductRow, VariantRow
from frontdesk.commerce.errors import ShopSettingsError

_HYGIENE = ("Kettles", "Toasters", "Coffee", "Mixers and blenders")
_CONNECTED = re.compile(r"halden-|norvik-[789]")
_LARGE = re.compile(r"halden-|norvik-|haver-|fell-1")
_TO_ORDER = " (made to order)"


def read_catalogue(path: Path) -> list[ProductRow]:
    """Every product of the CSV with its variants, in the file's order.

    Raises:
        ShopSettingsError: The file is missing or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_product(row) for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise ShopSettingsError(
            f"The catalogue {str(path)!r} cannot be read ({error}). The demo shop is "
            "made from the demo knowledge base: set FRONTDESK_KB to it, or "
            "FRONTDESK_COMMERCE to another shop."
        ) from error


def tags_of(product: ProductRow, variant: VariantRow) -> list[str]:
    """What policies say about a variant: its product's tags and its own."""
    own = [] if variant.options == _plain(variant.options) else ["made_to_order"]
    return sorted({*product.tags, *own})


def _product(row: dict[str, str]) -> ProductRow:
    price = Decimal(row["price_gbp"])
    product = ProductRow(
        id=row["id"],
        title=row["name"],
        family=row["family"],
        description=row["description"],
        price=price,
        url=row["url"],
        attributes=[list(pair) for pair in _pairs(row["specifications"], ";")],
        tags=_tags(row["id"], row["family"]),
    )
    product.variants = list(_variants(row, price))
    return product


def _variants(row: dict[str, str], price: Decimal) -> Iterator[VariantRow]:
    name, _, text = row["variants"].partition(":")
    values = [value.strip() for value in text.split(",")]
    shares = _shares(int(row["stock"]), len(values))
    for position, (value, stock) in enumerate(zip(values, shares, strict=True)):
        suffix = re.sub(r"[^A-Z0-9]+", "-", value.upper()).strip("-")
        yield VariantRow(
            id=f"{row['sku']}-{suffix}" if len(values) > 1 else row["sku"],
            position=position,
            title=f"{row['name']}, {value.removesuffix(_TO_ORDER)}",
            options=[[name.strip(), value]],
            price=price,
            stock=stock,
            expected_at=None,
        )


def _shares(stock: int, count: int) -> list[int]:
    """The stock over so many variants; of three or more, the last is sold out."""
    selling = count - 1 if count > 2 else count
    shares = [
        stock // selling + (1 if i < stock % selling else 0) for i in range(selling)
    ]
    return shares + [0] * (count - selling)


def _tags(product_id: str, family: str) -> list[str]:
    tags = {
        "hygiene": family in _HYGIENE,
        "connected": bool(_CONNECTED.match(product_id)),
        "large": bool(_LARGE.match(product_id)),
        "mattress": product_id.startswith("haver-mattress"),
        "earbuds": product_id.startswith("tone-buds"),
        "cut_to_length": product_id == "lumo-strip",
    }
    return [tag for tag, holds in tags.items() if holds]


def _pairs(text: str, separator: str) -> Iterator[tuple[str, str]]:
    for part in text.split(separator):
        name, found, value = part.partition(":")
        if found:
            yield name.strip(), value.strip()


def _plain(options: list[list[str]]) -> list[list[str]]:
    return [[name, value.removesuffix(_TO_ORDER)] for name, value in options]
