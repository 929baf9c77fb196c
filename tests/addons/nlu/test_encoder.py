import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.nlu.encoder import (
    DIMENSION,
    EncoderMissingError,
    OnnxEncoder,
    SentenceEncoder,
)

pytestmark = pytest.mark.models

MODEL = Path("var/models/encoder")
# What sentence-transformers 5.7.0 gives, rounded to four decimals.
REFERENCE = json.loads(Path(__file__).with_name("reference_vectors.json").read_text())


@pytest.fixture(scope="module")
def encoder():
    return OnnxEncoder(MODEL)


def test_vectors_are_those_of_sentence_transformers(encoder):
    found = encoder.encode(list(REFERENCE))[:, :DIMENSION]
    expected = np.array(list(REFERENCE.values()))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert (found * expected).sum(axis=1).min() >= 0.999


def test_a_batch_gives_what_each_text_gives_alone(encoder):
    texts = ["ok", "where is my order?", "a much longer message " * 20]
    together = encoder.encode(texts)
    alone = np.vstack([encoder.encode([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("text", ["", "\x00", "\ud83d", "שלום", "x" * 1_000_000])
def test_no_text_breaks_it(encoder, text):
    (vector,) = encoder.encode([text])
    assert np.isfinite(vector).all()


def test_a_message_takes_few_milliseconds(encoder):
    times = []
    for number in range(20):
        start = time.perf_counter()
        encoder.encode([f"where is my order number {number}, it is late"])
        times.append(time.perf_counter() - start)
    assert min(times) < 0.010  # the least busy moment of a shared machine


def test_examples_and_their_intents_get_features():
    context = ExecutionContext(GraphSchema({}), node_name="encoder")
    config = {**SentenceEncoder.get_default_config(), "model": str(MODEL)}
    featurizer = SentenceEncoder.create(config, None, None, context)
    example = Message({TEXT: "hello", INTENT: "greet"})
    featurizer.process_training_data(TrainingData([example]))
    for attribute in (TEXT, INTENT):
        features = example.get_dense_features(attribute)[1].features
        assert features.shape == (1, 4 * DIMENSION)


def test_a_missing_model_is_one_sentence(tmp_path):
    with pytest.raises(EncoderMissingError, match=r"is missing. Run make setup\.$"):
        OnnxEncoder(tmp_path)


def test_the_fingerprint_follows_the_files(tmp_path):
    for name in ("encoder.onnx", "tokenizer.json"):
        (tmp_path / name).write_text(name)
    config = {"model": str(tmp_path)}
    first = SentenceEncoder.fingerprint_addon(config)
    shutil.copy(tmp_path / "tokenizer.json", tmp_path / "encoder.onnx")
    assert first != SentenceEncoder.fingerprint_addon(config)
