from frontdesk.answering.comparison import compare, compared
from frontdesk.answering.entities import Entities
from frontdesk.answering.question import read_question
from tests.fakes_answering import passage

KETTLES = [
    passage(
        "mira-15",
        "Mira 1.5",
        "Hot.\n\n- Family: Kettle\n- Price: £39.00\n- Power: 3 kW\n- Noise: 60 dB",
        "product",
    ),
    passage(
        "mira-17",
        "Mira 1.7",
        "Hot.\n\n- Family: Kettle\n- Price: £45.00\n- Power: 3 kW\n- Noise: 65 dB",
        "product",
    ),
]
ENTITIES = Entities(KETTLES)


def names(text: str) -> list[str]:
    question = read_question([{"role": "user", "text": text}])
    return [entity.name for entity in compared(question, ENTITIES)]


def test_two_named_products_are_compared_however_they_are_written() -> None:
    assert names("whats the difference between MIRA 1.5 and mira 1.7") == [
        "Mira 1.5",
        "Mira 1.7",
    ]


def test_one_product_or_no_comparison_is_left_alone() -> None:
    assert names("is the Mira 1.5 better?") == []
    assert names("I bought a Mira 1.5 and a Mira 1.7. Where is my parcel?") == []


def test_only_what_differs_is_shown_with_a_source_each() -> None:
    found = ENTITIES.named_in("Mira 1.5 or Mira 1.7")
    result = compare(found, KETTLES)
    assert result is not None
    text, citations = result
    assert text.splitlines() == [
        "Mira 1.5 / Mira 1.7:",
        "- Price: £39.00 / £45.00",
        "- Noise: 60 dB / 65 dB",
    ]
    assert [citation.id for citation in citations] == ["mira-15", "mira-17"]
    assert citations[0].quote == "Price: £39.00; Noise: 60 dB"


def test_products_without_data_are_not_compared() -> None:
    found = ENTITIES.named_in("Mira 1.5 or Mira 1.7")
    assert compare(found, KETTLES[:1]) is None
