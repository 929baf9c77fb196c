from datetime import date

import pytest

from addons.nlu.dates import find_dates

WEDNESDAY = date(2026, 5, 6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-30", [("2026-04-30", "2026-04-30")]),
        ("on 03/05/2026", [("2026-05-03", "03/05/2026")]),
        ("05/23/2026", [("2026-05-23", "05/23/2026")]),
        ("3.5.26", [("2026-05-03", "3.5.26")]),
        ("since 3/4", [("2026-04-03", "3/4")]),
        ("3 May", [("2026-05-03", "3 May")]),
        ("the 3rd of may 2025", [("2025-05-03", "3rd of may 2025")]),
        ("May 3, 2024", [("2024-05-03", "May 3, 2024")]),
        ("28 december", [("2025-12-28", "28 december")]),
        ("today", [("2026-05-06", "today")]),
        ("yesterday", [("2026-05-05", "yesterday")]),
        ("the day after tomorrow", [("2026-05-08", "day after tomorrow")]),
        ("two weeks ago", [("2026-04-22", "two weeks ago")]),
        ("in 3 days", [("2026-05-09", "in 3 days")]),
        ("next tuesday", [("2026-05-12", "next tuesday")]),
        ("last friday", [("2026-05-01", "last friday")]),
        ("this friday", [("2026-05-08", "this friday")]),
        ("will it come on monday", [("2026-05-11", "monday")]),
        ("i ordered it on monday", [("2026-05-04", "monday")]),
        ("31 february", []),
        ("open 24/7, 4/5 stars", []),
        ("may i have 3", []),
        ("he sat in the sun on mondays", []),
    ],
)
def test_dates_are_resolved_against_today(text, expected):
    found = find_dates(text, WEDNESDAY)
    assert [(each.value, text[each.start : each.end]) for each in found] == expected
