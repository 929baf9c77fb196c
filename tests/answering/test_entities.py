from frontdesk.answering.entities import Entities
from tests.fakes_answering import passage

ACCOUNTS = [
    passage(
        f"{name.lower()}-{part}",
        f"{name} Account: {part}",
        f"With the {name} Account you can do a lot. Ask about the {name} Account.",
    )
    for name in ("Blue", "Green", "Gold")
    for part in ("fees", "limits")
]
KETTLES = [
    passage("mira-15", "Mira 1.5", "Family: Kettles\nPrice: £39.00", "product"),
    passage("mira-17", "Mira 1.7", "Family: Kettles\nPrice: £45.00", "product"),
]


def test_catalogue_products_are_named_with_their_family() -> None:
    entity = Entities(KETTLES).of("mira-15")
    assert entity is not None
    assert (entity.name, entity.family) == ("Mira 1.5", "kettle")


def test_recurring_names_that_share_their_last_word_are_siblings() -> None:
    entities = Entities(ACCOUNTS)
    found = {entities.of(p.document_id) for p in ACCOUNTS}
    assert {e.name for e in found if e} == {
        "Blue Account",
        "Green Account",
        "Gold Account",
    }
    assert {e.family for e in found if e} == {"account"}


def test_a_document_about_several_is_about_none() -> None:
    both = passage("both", "Which kettle?", "Mira 1.5 or Mira 1.7, both are good.")
    assert Entities([*KETTLES, both]).of("both") is None


def test_knowledge_without_names_has_none() -> None:
    entities = Entities([passage("a", "Returns", "You have 30 days.")])
    assert entities.of("a") is None
    assert entities.named_in("Blue Account") == []
