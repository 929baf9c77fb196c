from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.commerce.rules import POLICY, read_policy


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hand_in_days = 7", "", "lacks 'hand_in_days'"),
        ("hand_in_days = 7", "hand_in_days = 7\nnew = 1", "unknown rule 'new'"),
        ("hand_in_days = 7", "hand_in_days = 'seven'", "no whole number"),
        ("hand_in_days = 7", "hand_in_days = -7", "no whole number"),
        ('label_price = "3.50"', 'label_price = "free"', "no usable value"),
        ("[exchange]", "[swap]", "'exchange'"),
        ("[exchange]", "[exchange", "cannot be read"),
    ],
)
def test_a_policy_with_a_mistake_stops_the_start(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "policy.toml"
    text = POLICY.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ShopSettingsError, match=said):
        read_policy(path)
