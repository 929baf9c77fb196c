import json

import numpy as np

from addons.nlu.ngrams import Ngrams, normalise

TEXTS = ["where is my order", "can i return it", "hello"]


def test_texts_are_normalised():
    assert normalise("  Where\tis LO-104233?\u2019s ") == "where is lo-000000?'s"


def test_rows_have_length_one_and_a_typo_stays_close():
    ngrams = Ngrams.fit(TEXTS)
    rows = ngrams.transform(TEXTS)
    near = (ngrams.transform(["were is my ordr"]) @ rows.T).toarray()[0]
    assert np.allclose((rows @ rows.T).diagonal(), 1.0)
    assert near.argmax() == 0
    assert near[0] > 0.4


def test_a_restored_pair_gives_the_same_rows():
    ngrams = Ngrams.fit(TEXTS)
    words = json.loads(json.dumps(ngrams.vocabularies()))
    again = Ngrams.restore(ngrams.arrays(), words)
    difference = ngrams.transform(["hello order"]) - again.transform(["hello order"])
    assert abs(difference).max() < 1e-6
