import pytest

from addons.nlu.products import ProductNames

NAMES = ProductNames(
    [
        ("halden-45", "Halden 45", "HAL-45"),
        ("halden-60", "Halden 60", "HAL-60"),
        ("halden-60-quiet", "Halden 60 Quiet", ""),
        ("halden-60-built-in", "Halden 60 Built-in", ""),
        ("mira-1-7", "Mira 1.7", ""),
        ("mira-1-7-temp", "Mira 1.7 Temp", ""),
        ("forge-pan-28", "Forge Pan 28", ""),
        ("forge-set-3", "Forge Saucepan Set 3", ""),
        ("arden-s", "Arden S", ""),
        ("arden-l", "Arden L", ""),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is the halden 60 loud?", [("Halden 60", "halden 60")]),
        ("the Halden 60 Quiet", [("Halden 60 Quiet", "Halden 60 Quiet")]),
        ("haldn 60 quite", [("Halden 60 Quiet", "haldn 60 quite")]),
        ("halden60cm", [("Halden 60", "halden60")]),
        ("the quiet halden", [("Halden 60 Quiet", "quiet halden")]),
        ("halden built in 60", [("Halden 60 Built-in", "halden built in 60")]),
        ("mira 1.7 litre temp", [("Mira 1.7 Temp", "mira 1.7 litre temp")]),
        ("mira 1,7", [("Mira 1.7", "mira 1,7")]),
        ("halden 45 or 60?", [("Halden 45", "halden 45"), ("Halden 60", "60")]),
        ("HAL-60 please", [("Halden 60", "HAL-60")]),
        ("arden l vs arden s", [("Arden L", "arden l"), ("Arden S", "arden s")]),
    ],
)
def test_names_are_found_with_typos_units_and_in_any_order(text, expected):
    found = NAMES.find(text)
    assert [(each.value, text[each.start : each.end]) for each in found] == expected


@pytest.mark.parametrize(
    "text",
    ["the halden", "arden's lamp", "forget 3 of them", "i have 60 of these", ""],
)
def test_what_could_mean_several_products_or_none_is_not_claimed(text):
    assert NAMES.find(text) == []


def test_an_incomplete_name_that_can_mean_only_one_product_is_less_sure():
    (found,) = NAMES.find("forge saucepan set")
    assert (found.key, found.confidence) == ("forge-set-3", 0.8)


def test_every_name_of_a_catalogue_finds_itself(tmp_path):
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("id,name\na,Tone Buds\nb,Tone Buds Pro\n")
    names = ProductNames.from_csv(catalogue)
    assert [each.key for each in names.find("tone buds, tone buds pro")] == ["a", "b"]


def test_a_catalogue_without_names_is_named(tmp_path):
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("id,title\n1,x\n")
    with pytest.raises(ValueError, match="has no column 'name'"):
        ProductNames.from_csv(catalogue)
