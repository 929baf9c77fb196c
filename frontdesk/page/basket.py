"""What a visitor wants to buy, kept in a cookie: `arden-s:2.mira-1-7:1`."""

from __future__ import annotations

from collections.abc import Mapping

from frontdesk.page.catalogue import Product

COOKIE = "basket"
MOST = 9  # pieces of one product


def read_basket(cookie: str, products: Mapping[str, Product]) -> dict[str, int]:
    """Pieces by product id; what the cookie gets wrong is left out."""
    basket = {}
    for entry in cookie.split("."):
        product_id, _, count = entry.rpartition(":")
        if product_id in products and count.isascii() and count.isdigit():
            basket[product_id] = min(int(count[:3]), MOST)
    return {product_id: count for product_id, count in basket.items() if count}


def write_basket(basket: Mapping[str, int]) -> str:
    """The cookie of a basket."""
    return ".".join(f"{product_id}:{count}" for product_id, count in basket.items())


def changed(basket: Mapping[str, int], product_id: str, by: int) -> dict[str, int]:
    """The basket with so many pieces more, or fewer."""
    count = min(max(basket.get(product_id, 0) + by, 0), MOST)
    rest = {name: pieces for name, pieces in basket.items() if name != product_id}
    return {**rest, product_id: count} if count else rest
