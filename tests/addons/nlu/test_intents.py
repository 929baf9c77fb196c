import json

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.nlu.encoder import PARTS, SentenceEncoder
from addons.nlu.intents import IntentEnsemble
from tests.fakes_nlu import WordEncoder, examples


class WordFeaturizer(SentenceEncoder):
    """The real featurizer around the fake encoder."""

    def __init__(self):
        self._identifier = "words"
        self._encoder = WordEncoder()


@pytest.fixture
def pipeline(tmp_path):
    featurizer = WordFeaturizer()
    context = ExecutionContext(GraphSchema({}), node_name="intents")
    given = ({}, LocalModelStorage.create(tmp_path), Resource("intents"), context)
    data = TrainingData(
        [
            Message({TEXT: text, INTENT: intent})
            for text, intent in zip(*examples(), strict=True)
        ]
    )
    IntentEnsemble.create(*given).train(featurizer.process_training_data(data))
    classifier = IntentEnsemble.load(*given)

    def parse(text):
        message = Message({TEXT: text})
        return classifier.process(featurizer.process([message]))[0]

    return parse


def test_a_known_message_gets_its_intent_and_the_ranking(pipeline):
    message = pipeline("where is my order")
    assert message.get("intent")["name"] == "track_order"
    assert message.get("intent_ranking")[0] == message.get("intent")
    assert message.get("oos_probability") < 0.5
    assert message.get("nearest_examples")[0]["text"] == "where is my order"


def test_a_message_out_of_scope_is_a_fallback_before_the_ranking(pipeline):
    message = pipeline("zebra quantum violin")
    assert message.get("intent")["name"] == "nlu_fallback"
    names = [each["name"] for each in message.get("intent_ranking")]
    assert names[0] == "nlu_fallback"
    assert sorted(names[1:]) == sorted(set(examples()[1]))


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_message_is_a_fallback(pipeline, text):
    assert pipeline(text).get("intent")["name"] == "nlu_fallback"


def test_a_message_with_two_wishes_names_both(pipeline):
    message = pipeline("hello there! where is my parcel?")
    assert [each["name"] for each in message.get("intents")] == ["greet", "track_order"]
    assert message.get("intents")[1]["text"] == "where is my parcel?"


def test_a_message_with_one_wish_names_it(pipeline):
    message = pipeline("where is my order")
    assert message.get(PARTS) is None
    assert message.get("intents") == [message.get("intent")]


def test_what_leaves_the_pipeline_can_be_sent_as_json(pipeline):
    output = pipeline("hello! is delivery free?").as_dict(only_output_properties=True)
    assert json.loads(json.dumps(output))["intent"]["name"]
    assert PARTS not in output


def test_a_classifier_that_was_never_trained_falls_back(tmp_path, caplog):
    context = ExecutionContext(GraphSchema({}), node_name="intents")
    storage = LocalModelStorage.create(tmp_path)
    classifier = IntentEnsemble.load({}, storage, Resource("none"), context)
    message = classifier.process([Message({TEXT: "hello"})])[0]
    assert message.get("intent")["name"] == "nlu_fallback"
    assert "Run make train." in caplog.text
