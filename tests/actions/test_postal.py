from __future__ import annotations

import pytest

from actions.postal import PostalAddress, read_address

NOTHING = PostalAddress()


@pytest.mark.parametrize(
    ("text", "line1", "city", "postcode"),
    [
        ("14 Mill Lane, Leeds LS1 4AB", "14 Mill Lane", "Leeds", "LS1 4AB"),
        ("14 Mill Lane Leeds ls14ab", "14 Mill Lane", "Leeds", "LS1 4AB"),
        (
            "the new address is Flat 3, 22 King Street, Bristol, BS1 4QA",
            "Flat 3, 22 King Street",
            "Bristol",
            "BS1 4QA",
        ),
        ("send it to 9b Harbour View, Whitby YO21 3PU please", "9b Harbour View",
         "Whitby", "YO21 3PU"),
        ("5 Station Road\nDerby\nDE1 2AB", "5 Station Road", "Derby", "DE1 2AB"),
    ],
)  # fmt: skip
def test_whole_address_is_read(text: str, line1: str, city: str, postcode: str) -> None:
    assert read_address(text, NOTHING, False) == PostalAddress(line1, city, postcode)


@pytest.mark.parametrize(
    "text", ["LO-104233", "how long does it take", "yes", "2 lamps"]
)
def test_what_is_no_address_says_nothing(text: str) -> None:
    assert read_address(text, NOTHING, False) is None


def test_line_without_postcode_counts_only_when_asked() -> None:
    assert read_address("14 Mill Lane, Leeds", NOTHING, False) is None
    found = read_address("14 Mill Lane, Leeds", NOTHING, True)
    assert found == PostalAddress("14 Mill Lane", "Leeds", "")
    assert found.missing == "postcode"


def test_house_number_is_corrected_and_the_flat_kept() -> None:
    known = PostalAddress("Flat 2, 14 Mill Lane", "Leeds", "LS1 4AB")
    found = read_address("no, number 12 please", known, False)
    assert found == PostalAddress("Flat 2, 12 Mill Lane", "Leeds", "LS1 4AB")


def test_town_alone_completes_a_known_street() -> None:
    known = PostalAddress("14 Mill Lane", "", "LS1 4AB")
    assert read_address("Leeds", known, True) == PostalAddress(
        "14 Mill Lane", "Leeds", "LS1 4AB"
    )


def test_postcode_is_corrected_and_the_rest_kept() -> None:
    known = PostalAddress("14 Mill Lane", "Leeds", "LS1 4AB")
    found = read_address("sorry, the postcode is LS1 4AC", known, False)
    assert found == PostalAddress("14 Mill Lane", "Leeds", "LS1 4AC")
