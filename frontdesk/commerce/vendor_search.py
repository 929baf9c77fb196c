"""What a vendor's product search found, narrowed by what the vendor cannot filter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from frontdesk.commerce.products import find
from frontdesk.commerce.values import Product, ProductQuery

_WORD = re.compile(r"\w+(?:[.]\w+)*")


def narrowed(found: Iterable[Product], query: ProductQuery) -> tuple[Product, ...]:
    """The products that fit the query's limits, in the vendor's order if it is asked.

    The words were the vendor's to match, so they decide nothing here.
    """
    products = tuple({product.id: product for product in found}.values())
    limits = replace(query, text="", top_k=len(products))
    fitting = find(products, limits)
    if query.text and query.order_by == "relevance":
        kept = {product.id for product in fitting}
        fitting = tuple(product for product in products if product.id in kept)
    return fitting[: query.top_k]


def words(text: str) -> list[str]:
    """The words of a customer, in lower case and without any search syntax."""
    return [word.casefold() for word in _WORD.findall(text)]
