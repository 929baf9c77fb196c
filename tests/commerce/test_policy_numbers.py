"""The numbers of `policy.toml` are those that the shop's articles tell customers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frontdesk.commerce.rules import read_policy

KB = Path("kb")
POLICY = read_policy()


def article(name: str) -> str:
    return (KB / f"{name}.md").read_text("utf-8")


def row(name: str, start: str) -> list[str]:
    """The cells after the first of the table row that starts so."""
    for line in article(name).splitlines():
        if line.startswith(f"| {start}"):
            return [cell.strip() for cell in line.strip("| ").split("|")][1:]
    raise AssertionError(f"{name} has no row {start!r}")


def number(text: str) -> float:
    found = re.search(r"\d[\d,]*(?:\.\d+)?", text)
    assert found, text
    return float(found[0].replace(",", ""))


@pytest.mark.parametrize(
    ("service", "start"),
    [
        ("standard", "Standard, named-day and Saturday parcels"),
        ("named_day", "Standard, named-day and Saturday parcels"),
        ("saturday", "Standard, named-day and Saturday parcels"),
        ("express", "Express parcels"),
    ],
)
def test_cut_offs_after_ordering(service: str, start: str) -> None:
    (until, _) = row("policies/cancellation", start)
    minutes = POLICY.cancellation.minutes_after_ordering[service]
    assert until == f"{minutes} minutes after ordering"


def test_cut_offs_of_other_kinds_of_orders() -> None:
    rules = POLICY.cancellation
    until, late = row("policies/cancellation", "Two-man delivery")
    assert until == f"{rules.two_man_hours_before_slot} hours before the slot"
    assert number(late) == rules.two_man_late_price
    until, _ = row("policies/cancellation", "Made-to-order sofas")
    hours = rules.made_to_order_hours_after_ordering
    assert until == f"{hours} hours after ordering"
    assert row("policies/cancellation", "Pre-orders")[0] == "dispatch"
    assert rules.until_dispatch_tags == ("pre_order",)
    assert row("policies/cancellation", "Click & Collect")[0] == "collection"
    assert rules.until_collection_services == ("click_and_collect",)


def test_the_address_has_the_same_cut_offs() -> None:
    text = article("faq/change-address")
    minutes = POLICY.cancellation.minutes_after_ordering
    assert f"{minutes['standard']} minutes after ordering for standard" in text
    assert f"{minutes['express']} minutes for Express" in text
    hours = POLICY.cancellation.two_man_hours_before_slot
    assert f"{hours} hours before the slot for two-man" in text
    for sentence in ("different country", "from the mainland to an island"):
        assert sentence in text


@pytest.mark.parametrize(
    ("start", "days"),
    [
        ("Without membership, and Oak members", POLICY.returns.window_days["standard"]),
        ("Silver members", POLICY.returns.window_days["silver"]),
        ("Gold members", POLICY.returns.window_days["gold"]),
        ("Refurbished and clearance items", POLICY.returns.reduced_window_days),
    ],
)
def test_return_windows(start: str, days: int) -> None:
    assert number(row("policies/returns", start)[0]) == days


def test_return_windows_in_the_short_article() -> None:
    days, text = POLICY.returns.window_days, article("faq/start-return")
    assert (
        f"{days['standard']} days from delivery, {days['silver']} as a Silver and "
        f"{days['gold']} as a Gold member" in text
    )
    assert f"Second Light goods {POLICY.returns.reduced_window_days} days" in text
    assert f"within {POLICY.returns.hand_in_days} days after" in text


def test_the_mattress_trial() -> None:
    rules = POLICY.returns
    (cell,) = row("policies/returns", "Mattresses")
    assert cell == (
        f"{rules.mattress_max_nights} nights, after at least "
        f"{rules.mattress_min_nights} nights"
    )


def test_presents() -> None:
    rules = POLICY.returns
    months = {"01": "January", "11": "November", "12": "December"}

    def said(day: str) -> str:
        month, date = day.split("-")
        return f"{int(date)} {months[month]}"

    text = article("policies/returns")
    start, end = said(rules.presents_from), said(rules.presents_to)
    assert f"Presents bought from {start} to {end}" in text
    assert f"until {said(rules.presents_until)}" in text


def test_what_a_return_costs() -> None:
    rules = POLICY.returns
    assert row("policies/returns", "In any of our shops") == ["free"]
    (label,) = row("policies/returns", "Parcel with our label")
    assert number(label) == rules.label_price
    assert "free for Gold members" in label and rules.label_free_tiers == ("gold",)
    (collection,) = row("policies/returns", "Collection by two men")
    prices = [float(p) for p in re.findall(r"£([\d.]*\d)", collection)]
    assert prices == [rules.collection_price, rules.collection_price_gold]


def test_damage_is_told_in_time() -> None:
    for start in ("Hidden damage found later", "Wrong article"):
        cell = row("policies/damaged-missing", start)[0]
        assert number(cell) == POLICY.returns.fault_days


def test_exchanges() -> None:
    text = article("faq/exchange")
    assert POLICY.exchange.free_times == 1
    assert "The first exchange" in text and "is free, both ways" in text
    assert f"costs the label, £{POLICY.returns.label_price}" in text
    assert "Clearance and Second Light goods cannot be exchanged" in text


def test_when_a_person_decides() -> None:
    above = f"above £{POLICY.person.order_above:,.0f} are checked by a person"
    assert above in article("faq/order-limit")
    above = f"above £{POLICY.person.return_above:,.0f} are looked at by a person"
    assert above in article("faq/start-return")


def test_how_much_may_be_ordered() -> None:
    rules = POLICY.reorder
    assert (
        f"Up to {rules.max_of_one_article} of one article and {rules.max_articles} "
        "articles in an order" in article("faq/order-limit")
    )


@pytest.mark.parametrize(
    ("start", "names"),
    [
        ("Halden dishwashers", ["halden"]),
        ("Norvik washing machines", ["norvik"]),
        ("Mira, Tarn and Brevo", ["mira", "tarn", "brevo"]),
        ("Kern mixers", ["kern"]),
        ("Sweep vacuum cleaners", ["sweep"]),
        ("Arden lamps", ["arden", "lumo"]),
        ("Tone audio", ["tone"]),
        ("Brisk", ["brisk"]),
        ("Fell desks", ["fell"]),
        ("Fell chairs", ["fell-chair"]),
        ("Haver sofas", ["haver-sofa"]),
    ],
)
def test_warranties(start: str, names: list[str]) -> None:
    (cell,) = row("policies/warranty", start)
    longest = max(int(years) for years in re.findall(r"(\d+)(?: years| if)", cell))
    assert {POLICY.warranty.years[name] for name in names} == {longest}


def test_warranties_in_shared_rows() -> None:
    years = POLICY.warranty.years
    beds, mattresses = row("policies/warranty", "Haver beds")[0].split(";")
    assert number(beds) == years["haver-bed"]
    assert number(mattresses) == years["haver-mattress"]
    steel, coated = row("policies/warranty", "Forge casseroles")[0].split(";")
    assert number(steel) == years["forge-casserole"] == years["forge-set"]
    assert number(coated) == years["forge-pan"]
    (used,) = row("policies/warranty", "Refurbished products")
    assert number(used) == POLICY.warranty.refurbished_years


def test_every_product_of_the_catalogue_has_a_warranty_of_its_own() -> None:
    lines = (KB / "products" / "catalogue.csv").read_text("utf-8").splitlines()[1:]
    starts = tuple(POLICY.warranty.years)
    assert [line for line in lines if not line.startswith(starts)] == []
