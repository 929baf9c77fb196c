import pytest

from frontdesk.generation.evidence import EvidenceLock

EVIDENCE = [
    "Delivery to Ireland costs £4.95 and takes 3-5 days.",
    "Orders over 1,200 pounds are free. Call 020 7946 0112 before 8:30.",
]


@pytest.mark.parametrize(
    ("text", "piece", "allowed"),
    [
        ("It costs £", "4", True),
        ("It costs £4", ".", True),
        ("It costs £4.", "9", True),
        ("It costs £4.9", "5", True),
        ("It costs £4.95", ".", True),
        ("It costs £4.95", " in all", True),
        ("It costs £", "6", False),
        ("It costs £4.9", "9", False),
        ("It costs £4", " only", False),
        ("over 1", ",", True),
        ("over 1,20", " x", False),
        ("over 1,200", "", True),
        ("takes 3", "-5", True),
        ("takes 3", "-6", False),
        ("takes ", "35 days", False),
        ("We ship to", " Ireland", True),
        ("We ship to", " Ire", True),
        ("We ship to Ire", "land.", True),
        ("We ship to", " Germany", False),
        ("We ship to Ire", "dell ", False),
        ("We ship. ", "Germany", True),
        ("", "Yes", True),
        ("Then", " I", True),
        ("so it", " is cheap", True),
    ],
)
def test_figures_and_names_must_stand_in_the_evidence(text, piece, allowed):
    assert EvidenceLock(EVIDENCE).allows(text, piece) is allowed
