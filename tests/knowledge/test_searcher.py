from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from frontdesk.knowledge.conversation import Conversation
from frontdesk.knowledge.documents import Filters, Hit
from frontdesk.knowledge.index import build_index, load_index
from frontdesk.knowledge.scoring import SIGNALS, combine
from frontdesk.knowledge.searcher import Searcher
from tests.fakes_knowledge import FakeEncoder

PAGES = {
    "halden-60.md": "title: 'Halden 60: noise'\n---\nIts noise is 46 decibels.",
    "halden-60-doors.md": "title: 'Halden 60: doors'\n---\nThe door opens left.",
    "quiet.md": "title: 'Halden 60 Quiet: noise'\n---\nIts noise is 38 decibels.",
    "quiet-doors.md": "title: 'Halden 60 Quiet: doors'\n---\nThe door opens right.",
    "tarn.md": "title: 'Tarn 4: noise'\n---\nIt clicks when the toast is done.",
    "tarn-doors.md": "title: 'Tarn 4: slots'\n---\nEach slot takes two slices.",
    "delivery.md": "title: Delivery\n---\nWe deliver on weekdays.",
    "sale.md": "title: Sale\nvalid_to: 2026-01-31\n---\nLamps are half the price.",
    "goodwill.md": "title: Goodwill\naudience: internal\n---\nOffer ten pounds.",
    "lieferung.md": "title: Lieferung\nlocale: de\n---\nWir liefern werktags.",
}
TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    folder = tmp_path_factory.mktemp("searcher")
    kb = folder / "kb"
    kb.mkdir()
    for name, page in PAGES.items():
        (kb / name).write_text(f"---\n{page}")
    (kb / "copy.md").write_text(f"---\n{PAGES['delivery.md']}")
    encoder = FakeEncoder()
    build_index(kb, folder / "index", encoder)
    return Searcher(load_index(folder / "index", encoder), encoder)


def search(
    searcher: Searcher, *texts: str, filters: Filters | None = None
) -> list[Hit]:
    turns = [{"role": "user", "text": text} for text in texts]
    return searcher.search(turns, 20, filters or Filters(today=TODAY))


def documents(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.document_id for hit in hits]


def test_the_right_sibling_is_found_first(searcher: Searcher) -> None:
    assert documents(search(searcher, "noise of the halden 60"))[0] == "halden-60"
    assert documents(search(searcher, "noise of the halden 60 quiet"))[0] == "quiet"


def test_the_product_under_discussion_is_remembered(searcher: Searcher) -> None:
    found = search(searcher, "does the Halden 60 Quiet fit?", "how many decibels?")

    assert documents(found)[0] == "quiet"


def test_misspelt_words_are_put_right(searcher: Searcher) -> None:
    assert documents(search(searcher, "nosie of the taarn 4 toaster"))[0] == "tarn"


def test_the_last_product_named_wins(searcher: Searcher) -> None:
    found = search(
        searcher, "noise of the halden 60 quiet?", "and the noise of the tarn 4?"
    )

    assert documents(found)[0] == "tarn"


def test_hidden_expired_and_filtered_passages_are_not_found(
    searcher: Searcher,
) -> None:
    found = documents(search(searcher, "lamps price offer ten pounds"))
    assert "goodwill" not in found
    assert "sale" not in found

    found = documents(
        search(
            searcher,
            "lamps half the price",
            filters=Filters(today=date(2026, 1, 31), locale="en"),
        )
    )
    assert found[0] == "sale"
    assert "lieferung" not in found


def test_copies_are_left_out(searcher: Searcher) -> None:
    found = documents(search(searcher, "when do you deliver?"))

    assert len({"delivery", "copy"} & set(found)) == 1


def test_nothing_is_found_for_nothing(searcher: Searcher) -> None:
    assert search(searcher, "  ") == []
    assert (
        search(searcher, "lamp", filters=Filters(audience=frozenset({"staff"}))) == []
    )


def test_a_hit_explains_its_score(searcher: Searcher) -> None:
    hit = search(searcher, "noise of the halden 60")[0]

    assert set(hit.features) == set(SIGNALS)
    signals = {name: np.float32(value) for name, value in hit.features.items()}
    assert hit.score == pytest.approx(float(combine(signals)), abs=1e-6)
    assert hit.dense == hit.features["dense_context"]
    assert hit.lexical == hit.features["words_context"]


def test_signals_agree_with_the_obvious_way_to_compute_them(tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    kb.mkdir()
    for number in range(700):
        (kb / f"{number:03}.md").write_text(
            f"# Note {number}\n\nAbout word{number % 37}. And word{number % 11}."
        )
    encoder = FakeEncoder()
    build_index(kb, tmp_path / "index", encoder)
    index = load_index(tmp_path / "index", encoder)
    conversation = Conversation(("word5 and word3",))

    found = Searcher(index, encoder).candidates(conversation, Filters(today=TODAY))

    vector = encoder.encode([conversation.last])[0]
    dense = index.vectors.reconstruct_n(0, 700) @ vector
    words = index.lexical.scores(conversation.words())
    np.testing.assert_allclose(
        found.signals["dense_last"], dense[found.rows], atol=1e-5
    )
    np.testing.assert_allclose(found.signals["words_context"], words[found.rows])
    assert set(np.argsort(-dense)[:20]) <= set(found.rows.tolist())
