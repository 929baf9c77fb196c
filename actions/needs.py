"""What somebody looks for, read from their words against the catalogue as it is.

Families, kinds and attributes are the shop's own: nothing here names a product. Limits
("under 500", "fits 45 cm") are hard; wishes ("quiet", "cheap") choose the order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from actions.reading import words_of
from frontdesk.commerce.values import Limit, Product, ProductQuery

# A wish: the attributes it is measured by, the first that the products have, and
# whether the smallest or (with a minus) the largest comes first.
_WISHES = {
    r"quiet\w*|silent|noise ?less|low noise": ("noise", "spin noise"),
    r"cheap\w*|inexpensive|affordable|lowest price|low budget": ("price",),
    r"light(?:er|est|weight)": ("weight",),
    r"small\w*|compact|slim\w*|narrow\w*|tiny|little": ("width", "depth", "capacity"),
    r"big\w*|large\w*|huge|family of": ("-load", "-capacity", "-width", "-rooms up to"),
    r"long battery|longest battery|lasts? longest": ("-battery", "-run time"),
    r"powerful|strong\w*": ("-power",),
    r"bright\w*": ("-brightness",),
}  # fmt: skip
_NUMBER = r"(?P<n>\d+(?:[.,]\d+)?)"
_UNITS = {
    r"cm|centimet\w+": "cm", r"mm": "mm", r"kg|kilos?": "kg", r"db|decibels?": "dB",
    r"litres?|liters?|l": "litres", r"place settings?|places": "place settings",
    r"hours?": "hours", r"w|watts?": "W", r"seats?|seater": "", r"slots?|slices?": "",
}  # fmt: skip
_MEASURE = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*-?(?P<unit>{'|'.join(_UNITS)})\b", re.IGNORECASE
)
_SIDES = {
    "width": r"wid\w+|narrow\w*|fits?|gap|niche|space",
    "height": "tall|high|height",
    "depth": "deep|depth",
    "diameter": "diameter",
}
_AT_MOST = re.compile(
    r"(?:under|below|less than|at most|max(?:imum)?|up to|no more than|not (?:more|"
    r"wider|taller|higher|deeper|over) than|not wider|within|fits?(?: in(?:to)?)?|"
    r"cheaper than|narrower than|or less)\D{0,12}\Z",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"(?:over|above|more than|at least|min(?:imum)?|from|no less than|wider than)"
    r"\D{0,8}\Z",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"(?:£|\bgbp)\s?(?P<a>\d[\d,]*(?:\.\d\d)?)"
    r"|(?<![\w.])(?P<b>\d[\d,]*(?:\.\d\d)?)\s?(?:£|pounds?\b|quid\b|gbp\b)"
    r"|\b(?:under|below|less than|max(?:imum)?|up to|budget(?: of| is)?|around|about|"
    r"cheaper than|over|above|more than|at least)\s+(?P<c>\d{2,5})(?![\w.]|\s*-?(?:"
    rf"{'|'.join(_UNITS)})\b)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\bbetween\s+£?(\d{2,5})\s+(?:and|to)\s+£?(\d{2,5})", re.IGNORECASE
)
_STOPWORDS = frozenset(
    "a an the i we you my your me for of in on to with and or is are be do have has "
    "got need want buy look looking search find show recommend good best nice new some "
    "any something anything one that which what would like can could please under "
    "below less than at most up max about around not more over from it this these "
    "those fit machine product cheap cheaper cheapest quiet small big large room home "
    "only stock compare first two help choose wide tall high deep light pound".split()
)
_MANY_WORDS = 3


@dataclass(frozen=True)
class Need:
    """What is looked for, and the words that name the kind of thing.

    Attributes:
        order_by: Attributes that wishes are measured by, most wanted first.
        words: Words of the message that the catalogue uses for kinds of things.
    """

    query: ProductQuery
    order_by: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the message says nothing about the kind of thing."""
        return not self.query.family


def read_need(text: str, catalogue: Sequence[Product]) -> Need:
    """The need in a message; without a family if it names no kind of thing we have."""
    low, high = _budget(text)
    family, words = _kind(text, catalogue)
    members = [p for p in catalogue if p.family == family]
    query = ProductQuery(
        family=family,
        min_price=low,
        max_price=high,
        limits=_limits(text, members or catalogue),
        available_only=re.search(r"\bin stock\b|\bavailable\b", text, re.I) is not None,
        top_k=50,
    )
    return Need(query, _wishes(text, members or catalogue), words)


def refined(before: Need, now: Need) -> Need:
    """The need before, changed by what a later message adds ("anything quieter?")."""
    if not now.is_empty:
        return now
    query = replace(
        before.query,
        min_price=now.query.min_price or before.query.min_price,
        max_price=now.query.max_price or before.query.max_price,
        limits=(*before.query.limits, *now.query.limits),
        available_only=now.query.available_only or before.query.available_only,
    )
    order_by = tuple(dict.fromkeys((*now.order_by, *before.order_by)))
    return Need(query, order_by, before.words)


def ranked(products: Sequence[Product], need: Need) -> list[Product]:
    """The products that are of the very kind, best first; available before sold out.

    Of many words one may be missing: "a vacuum for pet hair" finds pet vacuums.
    """
    kinds = {p.id: len(set(need.words) & kind_words(p)) for p in products}
    most = max(kinds.values(), default=0)
    least = most if most < _MANY_WORDS else most - 1
    fitting = [p for p in products if kinds[p.id] >= least]
    for wish in reversed(need.order_by or ("price",)):
        name, sign = wish.lstrip("-"), -1 if wish.startswith("-") else 1
        fitting.sort(
            key=lambda p: (_measured(p, name) is None, sign * (_measured(p, name) or 0))
        )
    return sorted(fitting, key=lambda p: (not p.available, -kinds[p.id]))


def kind_words(product: Product) -> set[str]:
    """The words that say what a product is, without its brand."""
    title = words_of(product.title)[1:]
    kind = dict(product.attributes).get("type", "")
    yes = [n for n, v in product.attributes if v.lower().startswith(("yes", "up to"))]
    summary = product.description.split(".")[0].split(",")[0]
    text = f"{product.family} {kind} {' '.join(yes)} {summary}"
    return {*title, *words_of(text)} - _STOPWORDS


def _kind(text: str, catalogue: Sequence[Product]) -> tuple[str, tuple[str, ...]]:
    """The family that the words fit best, and those of the words that name kinds."""
    said = [word for word in words_of(text) if word not in _STOPWORDS]
    families: dict[str, set[str]] = {}
    names: dict[str, set[str]] = {}
    for product in catalogue:
        kind = dict(product.attributes).get("type", "")
        strong = set(words_of(f"{product.family} {kind} {product.title}")) - _STOPWORDS
        names.setdefault(product.family, set()).update(strong)
        families.setdefault(product.family, set()).update(kind_words(product))
    scores: dict[str, float] = {}
    for word in said:
        for weight, known in ((2.0, names), (0.5, families)):
            holders = [family for family, words in known.items() if word in words]
            for family in holders:
                scores[family] = scores.get(family, 0) + weight / len(holders)
    best = max(scores, key=lambda family: scores[family], default="")
    if not best or scores[best] < 0.5:
        return "", ()
    return best, tuple(w for w in said if w in families[best] | names[best])


def _budget(text: str) -> tuple[Decimal | None, Decimal | None]:
    if between := _BETWEEN.search(text):
        return Decimal(between[1]), Decimal(between[2])
    low: Decimal | None = None
    high: Decimal | None = None
    for match in _MONEY.finditer(text):
        amount = Decimal(next(g for g in match.groups() if g).replace(",", ""))
        before = f"{text[: match.start()]}{match[0].rstrip('0123456789.,£ ')}"
        if _AT_LEAST.search(before):
            low = amount
        else:
            high = amount
    return low, high


def _limits(text: str, products: Sequence[Product]) -> tuple[Limit, ...]:
    found = []
    for match in _MEASURE.finditer(text):
        unit = next(
            u for p, u in _UNITS.items() if re.fullmatch(p, match["unit"], re.I)
        )
        attribute = _attribute(text, match, unit, products)
        if attribute:
            relation = "equals"
            if _AT_MOST.search(text[: match.start()]) or unit == "dB":
                relation = "at_most"
            elif _AT_LEAST.search(text[: match.start()]) or "or more" in text:
                relation = "at_least"
            elif unit == "place settings":
                relation = "at_least"
            value = f"{match['n'].replace(',', '.')} {unit}".strip()
            found.append(Limit(attribute, relation, value))  # type: ignore[arg-type]
    return tuple(found)


def _attribute(
    text: str, match: re.Match[str], unit: str, products: Sequence[Product]
) -> str:
    """The attribute a measure is about: the side named, or one with its unit."""
    if unit in ("cm", "mm"):
        near = text[max(0, match.start() - 25) : match.end() + 15]
        for side, words in _SIDES.items():
            if re.search(rf"\b(?:{words})\b", near, re.I) and _has(side, products):
                return side
        for side in ("width", "diameter", "height", "depth"):
            if _has(side, products):
                return side
        return ""
    plain = words_of(match["unit"])[0]
    for product in products:
        for name, value in product.attributes:
            if plain in words_of(name) or (
                unit and unit.lower() in value.lower().split(",")[0]
            ):
                return name
    return ""


def _wishes(text: str, products: Sequence[Product]) -> tuple[str, ...]:
    found = []
    for words, attributes in _WISHES.items():
        if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE):
            has = (
                a for a in attributes if a == "price" or _has(a.lstrip("-"), products)
            )
            found += [next(has, "")]
    return tuple(wish for wish in found if wish)


def _has(attribute: str, products: Sequence[Product]) -> bool:
    return any(attribute in dict(product.attributes) for product in products)


def _measured(product: Product, name: str) -> float | None:
    if name == "price":
        return float(product.price.amount)
    match = re.search(r"\d+(?:\.\d+)?", dict(product.attributes).get(name, ""))
    return float(match[0]) if match else None
