import pytest

from frontdesk.answering.entities import Entities
from frontdesk.answering.evidence import candidates
from frontdesk.answering.question import read_question
from frontdesk.answering.siblings import (
    Siblings,
    find_siblings,
    parallel_names,
)
from tests.fakes_answering import encode, hit, passage

KETTLES = [
    passage(
        f"mira-{n}", f"Mira {n}", f"Family: Kettles\n\n- Capacity: {n} l", "product"
    )
    for n in ("1.0", "1.5", "1.7")
]
DELIVERY = passage(
    "delivery",
    "Delivery",
    "| Service | Time | Price |\n|---|---|---|\n| Standard | 3 days | £4 |\n"
    "| Express | 1 day | £9 |",
)


def siblings(question: str, *passages: object) -> Siblings:
    known = [*KETTLES, DELIVERY]
    turns = [{"role": "user", "text": question}]
    asked = read_question(turns)
    hits = [hit(p, 1.0 - 0.01 * n) for n, p in enumerate(passages)]  # type: ignore[arg-type]
    evidence = candidates(asked, hits, encode)
    return find_siblings(asked, evidence, Entities(known), encode)


def test_products_that_are_not_told_apart_are_offered() -> None:
    found = siblings("what capacity has the mira", *KETTLES)
    assert set(found.choices) == {"Mira 1.0", "Mira 1.5", "Mira 1.7"}
    assert found.noun == "kettle"


def test_a_named_product_leaves_nothing_open() -> None:
    assert siblings("what capacity has the mira 1.5", *KETTLES).choices == ()


def test_rows_of_a_table_are_offered_by_their_first_cell() -> None:
    found = siblings("what is the time and price of delivery service", DELIVERY)
    assert set(found.choices) == {"Standard", "Express"}
    assert found.noun == "service"
    assert set(found.lines) == {
        "Standard: Time: 3 days; Price: £4",
        "Express: Time: 1 day; Price: £9",
    }
    assert found.source[0].hit.passage is DELIVERY


def test_a_table_with_more_rows_than_choices_is_not_told() -> None:
    rows = "".join(f"| Size {n} | £{n} |\n" for n in "abcdefgh")
    sizes = passage("sizes", "Sizes", f"| Parcel | Price |\n|---|---|\n{rows}")
    found = siblings("what is the price of a parcel", sizes)
    assert len(found.choices) == 4
    assert (found.lines, found.source) == ((), ())


GIFTS = passage(
    "gifts",
    "Gift cards",
    "| | Amount card | Moment card |\n|---|---|---|\n| Valid for | 3 years | 1 year |\n"
    "| What it holds | a sum of money | one dinner |",
)
ACCOUNT = passage(
    "fees",
    "Fees",
    "| Item | Amount |\n|---|---|\n| Cash abroad | £3 |\n| Cash at home | £1 |",
)


def test_columns_of_the_best_row_are_offered_by_their_heads() -> None:
    found = siblings("how long are gifts valid", GIFTS)
    assert set(found.choices) == {"Amount card", "Moment card"}
    assert found.features["sibling_columns"] == 1.0
    assert found.lines == ("Amount card: 3 years", "Moment card: 1 year")
    assert found.about == "Valid for"


def test_rows_that_are_as_close_are_offered_before_columns() -> None:
    hours = passage(
        "hours",
        "Opening hours",
        "| Shop | Weekdays | Sunday |\n|---|---|---|\n| Leeds | 9 to 7 | 11 to 5 |\n"
        "| Leith | 9 to 8 | 11 to 4 |",
    )
    found = siblings("what are the opening hours of the shop", hours)
    assert set(found.choices) == {"Leeds", "Leith"}
    assert "Leeds: Weekdays: 9 to 7; Sunday: 11 to 5" in found.lines


def test_a_named_column_leaves_nothing_open() -> None:
    assert siblings("how long is a moment gift valid", GIFTS).choices == ()


def test_what_is_said_of_one_thing_is_no_choice() -> None:
    assert siblings("what does cash cost", ACCOUNT).choices == ()


def test_rows_that_state_different_things_are_no_choice() -> None:
    rent = passage(
        "rent",
        "Rooms",
        "| Room | Value |\n|---|---|\n| Rent of it | £90 |\n| Who may | students |",
    )
    assert siblings("what about the room value", rent).choices == ()


def test_a_named_row_leaves_nothing_open() -> None:
    assert siblings("time and price of express service", DELIVERY).choices == ()


def test_no_evidence_leaves_nothing_open() -> None:
    asked = read_question([{"role": "user", "text": "hello"}])
    assert find_siblings(asked, [], Entities([]), encode).choices == ()


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["Car cover: Road", "After an accident", "Car cover: Highway"],
         ["Road", "Highway"]),
        (["Hub Mini: set up and lights", "Hub Duo: set up and lights"],
         ["Hub Mini", "Hub Duo"]),
        (["Drift: our smallest SIM plan", "Swell: the middle SIM plan"],
         ["Drift", "Swell"]),
        (["Lane 60 broadband", "Moving home with broadband", "Road 200 broadband"],
         ["Lane 60", "Road 200"]),
        (["Fell Chair", "Fell Chair Mesh"], ["Fell Chair", "Mesh"]),
        (["Paying by card", "Using machines abroad"], []),
        (["The hold on your card", "The Pine rate"], []),
        (["Cliffside Night: two prices a day", "Cliffside Fix 12"],
         ["Night", "Fix 12"]),
        (["Chapter 8: The Oak van", "Chapter 10: The Elm van"], ["Oak", "Elm"]),
        (["Chapter 8: The Oak van", "Chapter 2: Deposits"], []),
    ],
)  # fmt: skip
def test_titles_built_alike_name_what_could_be_meant(
    titles: list[str], names: list[str]
) -> None:
    assert list(parallel_names(titles).values()) == names
