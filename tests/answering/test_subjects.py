import pytest

from frontdesk.answering.entities import Entities
from frontdesk.answering.evidence import candidates
from frontdesk.answering.question import read_question
from frontdesk.answering.subjects import each_named_first, without_siblings
from tests.fakes_answering import encode, hit, passage

KETTLES = [
    passage(
        f"mira-{n}", f"Mira {n}", f"Family: Kettles\n\n- Capacity: {n} l", "product"
    )
    for n in ("1.0", "1.5", "1.7")
]
DELIVERY = passage("delivery", "Delivery", "Standard delivery takes 3 days.")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("capacity of the mira 1.5", ["mira-1.5", "delivery"]),
        ("mira 1.5 or mira 1.7", ["mira-1.5", "mira-1.7", "delivery"]),
        ("what does delivery cost", ["mira-1.0", "mira-1.5", "mira-1.7", "delivery"]),
    ],
)
def test_siblings_of_what_is_named_are_left_out(text: str, ids: list[str]) -> None:
    known = [*KETTLES, DELIVERY]
    asked = read_question([{"role": "user", "text": text}])
    kept = without_siblings(asked, [hit(p) for p in known], Entities(known))
    assert [found.passage.document_id for found in kept] == ids


def test_of_several_things_named_each_has_a_sentence_first() -> None:
    asked = read_question([{"role": "user", "text": "capacity: mira 1.0 or mira 1.7"}])
    many = passage("mira-1.0", "Mira 1.0", "Capacity: mira 1.0 l.\n\nCapacity 1.0.")
    evidence = candidates(asked, [hit(many, 1.0), hit(KETTLES[2], 0.5)], encode)
    first = each_named_first(asked, evidence, Entities(KETTLES))
    assert [c.hit.passage.title for c in first[:2]] == ["Mira 1.0", "Mira 1.7"]
    assert sorted(c.unit.text for c in first) == sorted(c.unit.text for c in evidence)
    assert first[0].score == first[1].score == evidence[0].score
