from __future__ import annotations

from frontdesk.answering.sentences import plain, split_sentences, split_units


def test_markup_and_links_are_left_out() -> None:
    assert plain("See **the**  [policy](policy.md) `now`") == "See the policy now"


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert split_sentences("We open at 9 a.m. Mr. Oak waits. Come in!") == [
        "We open at 9 a.m. Mr. Oak waits.",
        "Come in!",
    ]


def test_a_sentence_keeps_its_heading_as_context() -> None:
    (unit,) = split_units("# Returns\n\nYou have 30 days.")
    assert (unit.text, unit.context, unit.item) == (
        "You have 30 days.",
        "Returns",
        False,
    )


def test_list_items_keep_the_line_that_introduces_them() -> None:
    units = split_units("Bring one of these:\n\n- a receipt\n- a bank statement")
    assert [(unit.text, unit.context) for unit in units[1:]] == [
        ("a receipt", "Bring one of these:"),
        ("a bank statement", "Bring one of these:"),
    ]


def test_indented_items_stand_under_the_item_above_them() -> None:
    units = split_units(
        "# Closing\n\n- Oak plan\n  - Notice: 5 days\n- Elm plan\n  - Notice: 9 days\n"
        "    - in writing"
    )
    assert [(unit.text, unit.context, unit.under) for unit in units] == [
        ("Oak plan", "Closing", "Closing"),
        ("Notice: 5 days", "Closing Oak plan", "Oak plan"),
        ("Elm plan", "Closing", "Closing"),
        ("Notice: 9 days", "Closing Elm plan", "Elm plan"),
        ("in writing", "Closing Elm plan Notice: 9 days", "Notice: 9 days"),
    ]


def test_table_rows_carry_their_column_heads() -> None:
    units = split_units("| Tier | Days |\n| --- | --- |\n| Gold | 60 |\n| Oak | 30 |")
    assert [unit.text for unit in units] == [
        "Tier: Gold; Days: 60",
        "Tier: Oak; Days: 30",
    ]
    assert all(unit.item for unit in units)
    assert units[0].cells == (("Tier", "Gold"), ("Days", "60"))


def test_an_indented_line_continues_its_item() -> None:
    (unit,) = split_units("- keep the box\n  and the label")
    assert unit.text == "keep the box and the label"


def test_a_run_in_heading_stays_with_what_it_says() -> None:
    units = split_units("**Gold members.** You have 60 days. Keep the box.")
    assert [unit.text for unit in units] == [
        "Gold members. You have 60 days.",
        "Keep the box.",
    ]
