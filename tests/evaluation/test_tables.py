from frontdesk.evaluation import tables


def test_columns_line_up():
    text = tables.columns(("set", "n"), [("bank", 83), ("a longer name", 0.5)])
    assert text.splitlines() == [
        "set                n",
        "-------------  -----",
        "bank              83",
        "a longer name  0.500",
    ]


def test_missing_figures_are_dashes():
    assert tables.pairs({"auc": None, "by_kind": {}}).splitlines()[-1].split() == [
        "auc",
        "-",
    ]


def test_markdown_tables_have_a_rule():
    assert (
        tables.markdown(("a", "b"), [(1, 12.34)])
        == "| a | b |\n| --- | --- |\n| 1 | 12.3 |"
    )
