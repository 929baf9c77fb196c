import csv
import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

KB = Path(__file__).resolve().parent.parent / "kb"
REQUIRED = {"id", "title", "url", "locale", "products", "audience", "related"}
OPTIONAL = {"valid_from", "valid_to"}
COLUMNS = [
    "id",
    "sku",
    "name",
    "family",
    "price_gbp",
    "stock",
    "variants",
    "url",
    "description",
    "specifications",
]

# What several articles state must be the same everywhere: fact -> where it stands.
KEY_FACTS = {
    "standard delivery price": ("£3.95", "policy-delivery delivery-cost change-order"),
    "free delivery threshold": (
        "£50",
        "policy-delivery delivery-cost policy-loyalty delivery-islands-ni",
    ),
    "free delivery threshold for Silver": (
        "£25",
        "policy-delivery delivery-cost policy-loyalty",
    ),
    "express price": ("£6.95", "policy-delivery delivery-cost policy-loyalty"),
    "express cut-off": ("2 pm", "policy-delivery express-not-offered"),
    "saturday price": ("£9.95", "policy-delivery delivery-cost express-not-offered"),
    "named-day price": ("£5.95", "policy-delivery delivery-cost"),
    "two-man price": ("£39", "policy-delivery delivery-cost policy-loyalty"),
    "two-man price for Gold": (
        "£19.50",
        "policy-delivery delivery-cost policy-loyalty",
    ),
    "free two-man threshold": ("£600", "policy-delivery delivery-cost"),
    "return window": ("30 days", "policy-returns policy-loyalty start-return"),
    "return window for Silver": ("45", "policy-returns policy-loyalty start-return"),
    "return window for Gold": ("60", "policy-returns policy-loyalty start-return"),
    "return window for clearance": (
        "14 days",
        "policy-returns policy-refurbished-clearance start-return late-return",
    ),
    "mattress trial": ("100", "policy-returns return-mattress guide-sofas-beds"),
    "return label price": (
        "£3.50",
        "policy-returns start-return return-in-shop return-used-appliance exchange",
    ),
    "collection price": (
        "£35",
        "policy-returns start-return collection-two-man narrow-stairs",
    ),
    "card refund time": (
        "5 working days",
        "policy-refunds refund-not-arrived return-in-shop",
    ),
    "standard cancellation cut-off": (
        "60 minutes",
        "policy-cancellation change-address",
    ),
    "express cancellation cut-off": (
        "20 minutes",
        "policy-cancellation change-address",
    ),
    "two-man cancellation cut-off": (
        "48 hours",
        "policy-cancellation change-address change-slot",
    ),
    "missed slot price": ("£25", "policy-delivery policy-cancellation change-slot"),
    "norvik registration": ("60 days", "policy-warranty register-norvik"),
    "dishwasher warranty": (
        "5 years",
        "policy-warranty register-norvik guide-dishwashers policy-oak-care",
    ),
    "smallest order for Pay in 3": ("£60", "policy-payment pay-in-3"),
    "largest order for Pay in 3": ("£1,200", "policy-payment pay-in-3"),
    "late fee": ("£6", "policy-payment pay-in-3"),
    "largest order for finance": ("£5,000", "policy-payment finance-12"),
    "gift card validity": ("24 months", "policy-gift-cards gift-card-balance"),
    "price match days": ("14 days", "policy-price-match price-dropped"),
    "newsletter voucher": ("£5", "policy-promotions newsletter-voucher"),
    "referral reward": ("£10", "policy-promotions refer-friend"),
    "silver threshold": ("£300", "policy-loyalty join-membership"),
    "gold threshold": ("£900", "policy-loyalty join-membership tier-review"),
    "gold birthday voucher": (
        "£15",
        "policy-loyalty policy-promotions birthday-voucher",
    ),
    "second fitter visit": ("£30", "policy-installation prepare-installation"),
    "phone number": ("0808 157 0142", "contact-us deaf-customers recall-mira-glass"),
}


class Article(NamedTuple):
    path: Path
    meta: dict[str, Any]
    body: str


@cache
def articles() -> tuple[Article, ...]:
    found = []
    for path in sorted(KB.rglob("*.md")):
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        found.append(Article(path, yaml.safe_load(front), body))
    return tuple(found)


@cache
def catalogue() -> tuple[dict[str, str], ...]:
    with (KB / "products" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def bodies() -> dict[str, str]:
    return {str(article.meta["id"]): article.body for article in articles()}


def specifications(row: dict[str, str]) -> dict[str, str]:
    pairs = (pair.partition(": ") for pair in row["specifications"].split("; "))
    return {key: value for key, _, value in pairs}


def stated_prices(body: str) -> list[tuple[str, str]]:
    """Returns (product name, price) wherever an article puts the two together."""
    names = sorted((row["name"] for row in catalogue()), key=len, reverse=True)
    any_name = "|".join(re.escape(name) for name in names)
    amount = r"£(\d[\d,]*(?:\.\d\d)?)"
    found = re.findall(
        rf"({any_name})(?![\w.])(?: \(| costs | at | for ){amount}", body
    )
    price_column = 0
    for line in body.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if "Price" in cells:
            price_column = cells.index("Price")
        elif not line.startswith("|"):
            price_column = 0
        elif price_column and cells[0] in names:
            found.append((cells[0], cells[price_column].lstrip("£")))
    return found


def test_the_shop_has_enough_to_be_asked_about() -> None:
    folders = Counter(article.path.parent.name for article in articles())
    assert folders["faq"] >= 64
    assert folders["policies"] >= 16
    assert folders["products"] >= 10
    assert len(catalogue()) >= 64
    assert len({row["family"] for row in catalogue()}) >= 10


def test_every_id_is_used_once() -> None:
    ids = [str(article.meta["id"]) for article in articles()]
    ids += [row["id"] for row in catalogue()]
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)


def test_urls_titles_and_article_numbers_are_used_once() -> None:
    urls = [article.meta["url"] for article in articles()]
    urls += [row["url"] for row in catalogue()]
    titles = [article.meta["title"] for article in articles()]
    for values in (urls, titles, [row["sku"] for row in catalogue()]):
        assert len(values) == len(set(values))


def test_front_matter_is_complete() -> None:
    for path, meta, body in articles():
        assert REQUIRED <= set(meta) <= REQUIRED | OPTIONAL, path
        assert meta["locale"] == "en", path
        assert meta["audience"] in ("public", "internal"), path
        assert str(meta["url"]).startswith("https://lumenandoak.example/"), path
        assert body.strip().startswith(f"# {meta['title']}\n"), path


def test_validity_dates_are_dates_in_order() -> None:
    dated = [article for article in articles() if OPTIONAL & set(article.meta)]
    assert len(dated) >= 3
    for path, meta, _ in dated:
        start = meta.get("valid_from", date.min)
        end = meta.get("valid_to", date.max)
        assert isinstance(start, date) and isinstance(end, date), path
        assert start < end, path


def test_links_lead_to_articles() -> None:
    for path, _, body in articles():
        for target in re.findall(r"\]\(([^)]+)\)", body):
            assert target.endswith(".md"), f"{path}: {target}"
            assert (path.parent / target).resolve().is_file(), f"{path}: {target}"


def test_related_articles_and_products_exist() -> None:
    ids = {article.meta["id"] for article in articles()}
    products = {row["id"] for row in catalogue()}
    for path, meta, _ in articles():
        assert set(meta["related"] or []) <= ids - {meta["id"]}, path
        assert set(meta["products"] or []) <= products, path


def test_no_public_article_points_to_an_internal_one() -> None:
    internal = {a.meta["id"] for a in articles() if a.meta["audience"] == "internal"}
    assert internal
    for path, meta, _ in articles():
        assert not internal & set(meta["related"] or []), path


def test_the_catalogue_is_well_formed() -> None:
    assert list(catalogue()[0]) == COLUMNS
    for row in catalogue():
        assert re.fullmatch(r"\d+\.\d\d", row["price_gbp"]), row["id"]
        assert row["stock"].isdigit(), row["id"]
        assert all(row.values()), row["id"]
        assert len(specifications(row)) >= 4, row["id"]


def test_every_product_stands_in_a_guide() -> None:
    guided = {
        product
        for article in articles()
        if article.path.parent.name == "products"
        for product in article.meta["products"]
    }
    assert {row["id"] for row in catalogue()} <= guided


def test_prices_in_articles_are_those_of_the_catalogue() -> None:
    prices = {row["name"]: float(row["price_gbp"]) for row in catalogue()}
    found = [
        (path.name, name, float(stated.replace(",", "")))
        for path, _, body in articles()
        for name, stated in stated_prices(body)
    ]
    assert len(found) >= len(prices) - 5
    assert [entry for entry in found if entry[2] != prices[entry[1]]] == []


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("Noise", "noise"),
        ("Width", "width"),
        ("Weight", "weight"),
        ("Energy class", "energy class"),
        ("Capacity", "capacity"),
        ("Power", "power"),
        ("Depth", "depth"),
        ("1 litre boils in", "boils 1 litre in"),
    ],
)
def test_specifications_in_guides_are_those_of_the_catalogue(
    column: str, key: str
) -> None:
    rows = {row["name"]: specifications(row) for row in catalogue()}
    checked = 0
    for article in articles():
        at = 0
        for line in article.body.splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split("|")]
            if column in cells:
                at = cells.index(column)
            elif not line.startswith("|"):
                at = 0
            elif at and key in rows.get(cells[0], {}):
                stated = cells[at].removesuffix(" asleep")
                assert rows[cells[0]][key].startswith(stated), (cells[0], stated)
                checked += 1
    assert checked >= 2


@pytest.mark.parametrize("fact", KEY_FACTS)
def test_key_facts_are_the_same_wherever_they_stand(fact: str) -> None:
    value, places = KEY_FACTS[fact]
    pattern = re.compile(rf"(?<![\w.,]){re.escape(value)}(?![\d])(?!\.\d|,\d)")
    texts = bodies()
    for place in places.split():
        assert pattern.search(texts[place]), f"{place} does not state {value} ({fact})"


def test_every_policy_has_a_table() -> None:
    for path, _, body in articles():
        if path.parent.name == "policies":
            assert re.search(r"^\| ?---", body, re.MULTILINE), path
