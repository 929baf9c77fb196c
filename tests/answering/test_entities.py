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


def test_an_id_tells_what_a_document_is_about() -> None:
    fees = passage("fees/blue_account-7", "Fees", "Cards are free of charge.")
    found = Entities([*ACCOUNTS, fees]).of("fees/blue_account-7")
    assert found is not None
    assert found.name == "Blue Account"


def test_what_is_also_written_small_is_no_name() -> None:
    texts = ["Every Credit Card costs a fee. Your credit card is free? A credit card."]
    cards = [
        passage(
            f"{name}-{part}", f"{name} Card: {part}", f"Your {name} Card. " + texts[0]
        )
        for name in ("Red", "Teal", "Pink")
        for part in ("fees", "limits")
    ]
    named = Entities(cards).named_in("Red Card, Teal Card, Pink Card or Credit Card")
    assert [entity.name for entity in named] == ["Red Card", "Teal Card", "Pink Card"]
