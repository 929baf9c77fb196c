from __future__ import annotations

from dataclasses import replace

import pytest

from frontdesk.evaluation.retail_rules import RULES, retail_policy, rule_rows


def rule(text):
    (found,) = [one for one in RULES if text in one.text]
    return found


def test_every_rule_has_a_verdict_and_a_place():
    rows = rule_rows()
    assert len(rows) == len(RULES)
    assert {row["expressed"] for row in rows} == {"yes", "code", "no"}
    assert all(row["where"] for row in rows)


@pytest.mark.parametrize(
    ("text", "expressed"),
    [
        ("cancel only a pending order", "yes"),
        ("a return at any time", "yes"),
        ("another available variant", "code"),
        ("price difference", "no"),
        ("other options of a pending order", "no"),
        ("a second exchange", "no"),
    ],
)
def test_verdicts_come_from_trying(text, expressed):
    (row,) = [one for one in rule_rows() if text in one["rule"]]
    assert row["expressed"] == expressed


def test_a_policy_without_the_rule_fails_its_probe():
    policy = retail_policy()
    closed = replace(policy.cancellation, open_states=("received", "packing"))
    returns = replace(policy.returns, window_days={"standard": 30})
    assert not rule("cancel only").probe(replace(policy, cancellation=closed))
    assert not rule("any time").probe(replace(policy, returns=returns))
