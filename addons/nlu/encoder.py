"""Sentence vectors inside the Rasa server: ONNX, one thread, no torch.

`SentenceEncoder` is the featurizer named in `config.yml`; `OnnxEncoder` does the work
and knows nothing of Rasa. The model folder is written by `make setup`.

A text's feature is one row: the sentence vector (`DIMENSION` columns, length one, the
same as in the knowledge index) and then the means of three inner layers, which tell
close intents apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import onnxruntime
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from tokenizers import Tokenizer

from addons.nlu.sentences import split_sentences

DIMENSION = 384
FILES = ("encoder.onnx", "tokenizer.json")
MAX_TOKENS = 256  # the encoder's own limit; its tokenizer.json says 128
MAX_CHARACTERS = 4_000  # more than 256 tokens; bounds the work on a huge message
BATCH = 32
PARTS = "parts"  # of a message: its sentences and their vectors, if it has several


class EncoderMissingError(RasaException):
    """The model folder is absent or incomplete; the message says what to do."""


class OnnxEncoder:
    """Texts to vectors; sentence vectors as sentence-transformers gives them."""

    def __init__(self, folder: Path) -> None:
        require_model(folder)
        options = onnxruntime.SessionOptions()
        # A message is 4-6 ms on one thread; more threads only fight over the cores.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        if "layers" not in {output.name for output in self._session.get_outputs()}:
            raise EncoderMissingError(
                f"The sentence encoder in {str(folder)!r} is of an older version. "
                "Run make setup."
            )
        # As shipped it cuts *and pads* to 128: cosine .855, 28 ms a message.
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Features of the texts, float32, (n_texts, 4 * DIMENSION); see above."""
        if not texts:
            raise ValueError("No texts to encode; pass at least one.")
        cleaned = [_encodable(text) for text in texts]
        order = sorted(range(len(cleaned)), key=lambda i: len(cleaned[i]))
        vectors: List[Any] = [None] * len(cleaned)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            for row, vector in zip(
                rows, self._batch([cleaned[i] for i in rows]), strict=True
            ):
                vectors[row] = vector
        return np.stack(vectors)

    def _batch(self, texts: List[str]) -> np.ndarray:
        encodings = self._tokenizer.encode_batch(texts)
        embedding, layers = self._session.run(
            ["embedding", "layers"],
            {
                "input_ids": np.array([e.ids for e in encodings], np.int64),
                "attention_mask": np.array(
                    [e.attention_mask for e in encodings], np.int64
                ),
            },
        )
        return np.hstack([embedding, layers])


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False
)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Gives every message one dense sentence feature, (1, 4 * DIMENSION)."""

    @staticmethod
    def required_packages() -> List[str]:
        """Distribution names, whose versions enter the training cache."""
        return ["onnxruntime", "tokenizers", "numpy"]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """`model` is a folder relative to the working directory."""
        return {**DenseFeaturizer.get_default_config(), "model": "var/models/encoder"}

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """A featurizer with its model loaded.

        Raises:
            EncoderMissingError: The model folder is absent or incomplete.
        """
        return cls(config, execution_context.node_name)

    def __init__(self, config: Dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._encoder = OnnxEncoder(Path(config["model"]))

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Nothing to check: `require_model` reports a wrong folder."""

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> str | None:
        """A hash of the model files and of this module: Rasa's cache sees neither."""
        folder = Path(config.get("model") or cls.get_default_config()["model"])
        require_model(folder)
        return hash_files(*(folder / name for name in FILES), Path(__file__))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same data; examples have vectors of their text and intent's name."""
        self._add_vectors(training_data.training_examples)
        named = [e for e in training_data.training_examples if e.get(INTENT)]
        intents = sorted({example.get(INTENT) for example in named})
        if intents:
            vectors = self._encoder.encode([spoken(intent) for intent in intents])
            for example in named:
                vector = vectors[intents.index(example.get(INTENT))]
                self.add_features_to_message(None, vector[None, :], INTENT, example)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """The same messages with their vectors, and those of their parts."""
        self._add_vectors(messages)
        for message in messages:
            parts = split_sentences((message.get(TEXT) or "")[:MAX_CHARACTERS])
            if parts:
                message.set(
                    PARTS, list(zip(parts, self._encoder.encode(parts), strict=True))
                )
        return messages

    def _add_vectors(self, messages: List[Message]) -> None:
        texted = [message for message in messages if message.get(TEXT) is not None]
        if texted:
            vectors = self._encoder.encode([message.get(TEXT) for message in texted])
            for message, vector in zip(texted, vectors, strict=True):
                self.add_features_to_message(None, vector[None, :], TEXT, message)


def spoken(intent: str) -> str:
    """An intent's name as words: `track_order` says something about its messages."""
    return intent.replace("_", " ").replace("/", " ").lower()


def require_model(folder: Path) -> None:
    """Return if the model's files exist.

    Raises:
        EncoderMissingError: One does not.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise EncoderMissingError(
                f"The sentence encoder's file {str(folder / name)!r} is missing. "
                "Run make setup."
            )


def hash_files(*files: Path) -> str:
    """SHA-256 of the contents in this order; an absent file counts as empty."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file.is_file() else b"")
        digest.update(b"\0")
    return digest.hexdigest()


def _encodable(text: str) -> str:
    """The first part of a text, without lone surrogates, which no tokenizer takes."""
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
