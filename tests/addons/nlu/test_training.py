import numpy as np
import pytest

from addons.nlu import training
from addons.nlu.encoder import spoken
from addons.nlu.model import IntentModel
from addons.nlu.training import train
from tests.fakes_nlu import WordEncoder, examples

ENCODER = WordEncoder()


def trained(texts=None, intents=None):
    if texts is None:
        texts, intents = examples()
    names = {each: ENCODER.encode([spoken(each)])[0] for each in set(intents)}
    return train(texts, intents, ENCODER.encode(texts), names)


def ask(model, text):
    return model.predict([text], ENCODER.encode([text]))[0]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hello there", "greet"),
        ("where is the parcel", "track_order"),
        ("can i return the chair", "returns"),
        ("can i pay by paypal", "payment"),
        ("wat does delivry cost", "delivery"),
    ],
)
def test_new_messages_find_their_intent(text, intent):
    assert ask(trained(), text).ranking[0][0] == intent


def test_probabilities_of_the_ranking_sum_to_one():
    ranking = ask(trained(), "hello").ranking
    assert sum(probability for _, probability in ranking) == pytest.approx(1)
    assert [p for _, p in ranking] == sorted((p for _, p in ranking), reverse=True)


def test_a_message_unlike_all_examples_is_out_of_scope():
    model = trained()
    assert ask(model, "zebra quantum violin").is_out_of_scope
    assert not ask(model, "where is my order").is_out_of_scope


def test_the_nearest_examples_say_why():
    nearest = ask(trained(), "where is my parcel").nearest
    assert nearest[0] == (
        "where is my parcel",
        "track_order",
        pytest.approx(1, abs=1e-5),
    )
    assert len(nearest) == 5


def test_examples_of_oos_are_no_intent_but_teach_what_is_out_of_scope():
    texts, intents = examples()
    odd = [
        f"{word} music band" for word in "jazz rock pop folk soul punk metal".split()
    ]
    model = trained(texts + odd * 3, intents + ["oos"] * len(odd) * 3)
    asked = ask(model, "blues music band")
    assert "oos" not in model.intents
    assert asked.is_out_of_scope
    assert asked.nearest[0][1] == "oos"


def test_a_stored_model_says_the_same(tmp_path):
    model = trained()
    model.save(tmp_path)
    again = IntentModel.load(tmp_path)
    first, second = ask(model, "return a lamp"), ask(again, "return a lamp")
    assert first.ranking[0][0] == second.ranking[0][0]
    assert first.oos_probability == pytest.approx(second.oos_probability)
    assert first.nearest == second.nearest
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "intents.json",
        "intents.npz",
    ]


def test_training_twice_gives_the_same_model():
    assert np.array_equal(trained().weights, trained().weights)


def test_two_intents_are_enough_but_nothing_is_rejected():
    model = trained(["hi", "hello", "bye", "goodbye"], ["greet"] * 2 + ["goodbye"] * 2)
    assert ask(model, "hello").ranking[0][0] == "greet"
    assert not ask(model, "zebra").is_out_of_scope


def test_too_many_examples_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(training, "MAX_EXAMPLES", 10)
    model = trained()
    assert len(model.texts) == 10
    assert len(model.intents) == 5


def test_no_intent_at_all_is_named():
    with pytest.raises(ValueError, match="No example has an intent"):
        trained(["a", "b"], ["oos", "oos"])
