from __future__ import annotations

from dataclasses import replace

import pytest

from frontdesk.commerce.checks import complaint
from frontdesk.commerce.values import ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    NotifyBackInStock,
    RequestData,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
    from_json,
    operation_of,
    to_json,
)
from tests.commerce.sample import ELSEWHERE

LINE = ReturnLine("1", 1, "changed_mind")
GOOD: list[Write] = [
    CancelOrder("LO-1", ""),
    ChangeAddress("LO-1", ELSEWHERE),
    ChangeAddress("LO-1", replace(ELSEWHERE, country="IE", postcode="D02 AF30")),
    RequestReturn("LO-1", (LINE,)),
    RequestExchange("LO-1", (replace(LINE, variant_id="V"),), "shop"),
    ClaimWarranty("LO-1", "1", "It leaks.\nBadly. 👩‍🔧"),
    NotifyBackInStock("V", "a@b.example"),
    SetNewsletter("a@b.example", False),
    RequestData("C-1", "export"),
]


@pytest.mark.parametrize("write", GOOD, ids=operation_of)
def test_what_is_well_formed_passes_and_survives_being_kept(write: Write) -> None:
    assert complaint(write) == ""
    assert from_json(to_json(write)) == write


@pytest.mark.parametrize(
    "write",
    [
        CancelOrder("LO-1", "x" * 201),
        CancelOrder("LO-1", "a\x00b"),
        CancelOrder("LO-1", "a\u202eb"),
        CancelOrder("LO-1", "a\ud800b"),
        ChangeAddress("LO-1", replace(ELSEWHERE, line1=" ")),
        ChangeAddress("LO-1", replace(ELSEWHERE, name="")),
        ChangeAddress("LO-1", replace(ELSEWHERE, city="x" * 101)),
        ChangeAddress("LO-1", replace(ELSEWHERE, line2="a\nb")),
        ChangeAddress("LO-1", replace(ELSEWHERE, country="Mars")),
        ChangeAddress("LO-1", replace(ELSEWHERE, postcode="12345")),
        RequestReturn("LO-1", ()),
        RequestReturn("LO-1", (LINE, LINE)),
        RequestReturn("LO-1", (replace(LINE, quantity=0),)),
        RequestReturn("LO-1", (replace(LINE, quantity=-1),)),
        RequestReturn("LO-1", (LINE,), "pigeon"),
        RequestReturn("LO-1", (replace(LINE, variant_id="V"),)),
        RequestExchange("LO-1", (LINE,)),
        ClaimWarranty("LO-1", "1", " "),
        ClaimWarranty("LO-1", "1", "x" * 2001),
        NotifyBackInStock("V", "nobody"),
        SetNewsletter("a@b.example\nBcc: c@d.example", True),
        RequestData("C-1", "everything"),  # type: ignore[arg-type]
    ],
)
def test_what_is_malformed_is_told(write: Write) -> None:
    assert complaint(write).endswith(".")
