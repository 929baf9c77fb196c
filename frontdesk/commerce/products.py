"""Products that fit a query, by reading attributes as measures: `45 cm`, `44 dB`.

Adapters whose vendor cannot filter on attributes fetch candidates and call `find`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from frontdesk.commerce.values import Limit, Product, ProductQuery

# Each unit with what it is counted in and how much of that it is.
_UNITS = {
    "mm": ("m", Decimal("0.001")),
    "cm": ("m", Decimal("0.01")),
    "m": ("m", Decimal(1)),
    "g": ("kg", Decimal("0.001")),
    "kg": ("kg", Decimal(1)),
    "ml": ("l", Decimal("0.001")),
    "l": ("l", Decimal(1)),
    "litre": ("l", Decimal(1)),
    "litres": ("l", Decimal(1)),
    "w": ("w", Decimal(1)),
    "kw": ("w", Decimal(1000)),
    "min": ("min", Decimal(1)),
    "minutes": ("min", Decimal(1)),
    "hours": ("min", Decimal(60)),
    "years": ("years", Decimal(1)),
    "year": ("years", Decimal(1)),
}
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)")
_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")
# Where a word stands says how much it tells about the product.
_TITLE, _FAMILY, _TEXT = 4, 3, 1


def find(products: Iterable[Product], query: ProductQuery) -> tuple[Product, ...]:
    """The products that fit, best first, at most `query.top_k`."""
    fitting = [product for product in products if _fits(product, query)]
    words = _words(query.text)
    scored = [(_relevance(product, words), product) for product in fitting]
    if words:
        scored = [pair for pair in scored if pair[0] > 0]
    return tuple(_ordered(scored, query.order_by)[: query.top_k])


def measure(text: str) -> tuple[Decimal, str] | None:
    """The first number of a text and what it counts, e.g. 0.45 and `m` for `45 cm`."""
    found = _MEASURE.search(text)
    if not found:
        return None
    number, unit = Decimal(found[1]), found[2].lower()
    base, factor = _UNITS.get(unit, (unit, Decimal(1)))
    return number * factor, base


def _fits(product: Product, query: ProductQuery) -> bool:
    price = product.price.amount
    return (
        (not query.family or product.family.casefold() == query.family.casefold())
        and (query.min_price is None or price >= query.min_price)
        and (query.max_price is None or price <= query.max_price)
        and (product.available or not query.available_only)
        and all(_within(product, limit) for limit in query.limits)
    )


def _within(product: Product, limit: Limit) -> bool:
    name = limit.attribute.casefold()
    values = [value for key, value in product.attributes if key.casefold() == name]
    for variant in product.variants:
        values += [value for key, value in variant.options if key.casefold() == name]
    return any(_satisfies(value, limit) for value in values)


def _satisfies(value: str, limit: Limit) -> bool:
    if limit.relation == "equals":
        return value.casefold() == limit.value.casefold() or (
            measure(value) is not None and measure(value) == measure(limit.value)
        )
    have, want = measure(value), measure(limit.value)
    if have is None or want is None:
        return False
    if not want[1]:  # a bare number is meant in the product's own unit
        raw = _MEASURE.search(value)
        have = (Decimal(raw[1]) if raw else have[0], "")
    if have[1] != want[1]:
        return False
    return have[0] <= want[0] if limit.relation == "at_most" else have[0] >= want[0]


def _ordered(scored: list[tuple[int, Product]], order_by: str) -> list[Product]:
    by_price = sorted(scored, key=lambda pair: (pair[1].price.amount, pair[1].id))
    if order_by == "relevance":
        by_score = sorted(by_price, key=lambda pair: -pair[0])
        return [product for _, product in by_score]
    name, sign = order_by.lstrip("-"), -1 if order_by.startswith("-") else 1
    measured = [(_value(product, name), product) for _, product in by_price]
    known = [(value, product) for value, product in measured if value is not None]
    known.sort(key=lambda pair: sign * pair[0])
    unknown = [product for value, product in measured if value is None]
    return [product for _, product in known] + unknown


def _value(product: Product, name: str) -> Decimal | None:
    if name == "price":
        return product.price.amount
    for key, value in product.attributes:
        if key.casefold() == name.casefold() and (found := measure(value)):
            return found[0]
    return None


def _relevance(product: Product, words: set[str]) -> int:
    fields = (
        (_TITLE, f"{product.title} {product.id.replace('-', ' ')}"),
        (_FAMILY, product.family),
        (_TEXT, product.description),
        (_TEXT, " ".join(f"{key} {value}" for key, value in product.attributes)),
        (_TEXT, " ".join(v.title for v in product.variants)),
    )
    best: dict[str, int] = {}
    for weight, text in fields:
        for word in words & _words(text):
            best[word] = max(best.get(word, 0), weight)
    return sum(best.values())


def _words(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text.casefold())}


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and len(word) > 3 else word
