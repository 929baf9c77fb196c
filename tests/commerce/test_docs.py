"""The page about the shop names the example orders as they are made."""

from __future__ import annotations

import re
from pathlib import Path

from frontdesk.commerce.demo.kinds import KINDS
from tests.commerce.demo_shops import number_of


def test_the_page_lists_every_example_order() -> None:
    text = Path("docs/commerce.md").read_text("utf-8")
    listed = dict(re.findall(r"(LO-\d{6}) \| `(\w+)`", text))
    assert listed == {number_of(kind.name): kind.name for kind in KINDS}
    shares = sum(kind.share for kind in KINDS) + len(KINDS)
    assert f"{shares:,} orders" in text
