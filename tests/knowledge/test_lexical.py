import math
from pathlib import Path

import numpy as np
import pytest

from frontdesk.knowledge.lexical import LexicalIndex, tokens

TEXTS = [
    ("Returns", "send the lamp back within 30 days"),
    ("Lamps", "the Arden M lamp needs an E27 bulb"),
    ("TX-200b kettle", "boils 1.7 litres"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What are the returns?", ["return"]),
        ("the customer's lamps", ["custom", "lamp"]),
        ("TX-200b", ["tx-200b", "tx", "200b"]),
        ("1.7 litres", ["1.7", "litr"]),
        ("", []),
    ],
)
def test_words_are_stemmed_and_identifiers_stay_whole(
    text: str, expected: list[str]
) -> None:
    assert tokens(text) == expected


def test_a_passage_that_holds_all_words_scores_near_one() -> None:
    index = LexicalIndex.build(TEXTS)

    scores = index.scores({"arden": 1.0, "e27": 1.0})

    assert np.argmax(scores) == 1
    assert scores[0] == scores[2] == 0
    assert 0.3 < scores[1] <= 1


def test_title_words_count_more_than_text_words() -> None:
    index = LexicalIndex.build([("lamp", "one two"), ("one", "lamp two")])

    first, second = index.scores({"lamp": 1.0})

    assert first > second


def test_unknown_words_lower_the_share_and_weights_scale_words() -> None:
    index = LexicalIndex.build(TEXTS)

    alone = index.scores({"arden": 1.0})[1]
    beside = index.scores({"arden": 1.0, "unheard": 1.0})[1]
    older = index.scores({"arden": 1.0, "unheard": 0.5})[1]

    assert beside < older < alone


def test_rarity_is_that_of_bm25() -> None:
    index = LexicalIndex.build(TEXTS)

    assert index.idf("lamp") == pytest.approx(math.log(1 + 1.5 / 2.5))
    assert index.idf("unheard") == pytest.approx(math.log(1 + 3.5 / 0.5))


def test_a_saved_index_scores_alike(tmp_path: Path) -> None:
    index = LexicalIndex.build(TEXTS)
    index.save(tmp_path / "lexical")

    loaded = LexicalIndex.load(tmp_path / "lexical", len(TEXTS))

    words = {"lamp": 1.0, "kettl": 0.5}
    assert loaded.scores(words).tolist() == index.scores(words).tolist()


def test_passages_without_words_score_nothing(tmp_path: Path) -> None:
    index = LexicalIndex.build([("", "the")])
    index.save(tmp_path / "lexical")

    loaded = LexicalIndex.load(tmp_path / "lexical", 1)

    assert loaded.scores({"lamp": 1.0}).tolist() == [0.0]
