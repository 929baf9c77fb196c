import pytest

from addons.nlu.patterns import find_amounts, find_emails, find_order_numbers


def found(entities, text):
    return [(each.value, text[each.start : each.end]) for each in entities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LO-104233", [("LO-104233", "LO-104233")]),
        ("where is lo104233?", [("LO-104233", "lo104233")]),
        ("order 104233", [("LO-104233", "104233")]),
        ("my order number is 104233.", [("LO-104233", "104233")]),
        ("it's #104233", [("LO-104233", "#104233")]),
        ("lo 104233 and LO-200300", [("LO-104233", "lo 104233"), ("LO-200300",) * 2]),
        ("104233", [("LO-104233", "104233")]),
        ("LO-1042331", []),
        ("LO-10423", []),
        ("i paid 104233 for it", []),
        ("hello-104233x", []),
    ],
)
def test_order_numbers_are_found_however_they_are_typed(text, expected):
    assert found(find_order_numbers(text), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to Jo.Bloggs@Example.co.uk.", ["jo.bloggs@example.co.uk"]),
        ("a+b@x.org, c@y.com", ["a+b@x.org", "c@y.com"]),
        ("jo@localhost or @jo", []),
    ],
)
def test_emails_are_found_and_put_in_lower_case(text, expected):
    assert [each.value for each in find_emails(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under £12.50", [("12.50", "£12.50")]),
        ("£1,299.00.", [("1299.00", "£1,299.00")]),
        ("12 pounds", [("12.00", "12 pounds")]),
        ("thirty quid", [("30.00", "thirty quid")]),
        ("30 quid or 25GBP", [("30.00", "30 quid"), ("25.00", "25GBP")]),
        ("GBP 20", [("20.00", "GBP 20")]),
        ("a tenner", [("10.00", "a tenner")]),
        ("50p", [("0.50", "50p")]),
        ("€5 for 12 lamps of 60 cm", []),
    ],
)
def test_amounts_are_pounds_with_two_decimals(text, expected):
    assert found(find_amounts(text), text) == expected
