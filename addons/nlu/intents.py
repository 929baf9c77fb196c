"""The intent classifier named in `config.yml`; `model.py` does the work.

A message leaves with

    intent             the best intent, or `nlu_fallback` when it is out of scope
    intent_ranking     as Rasa has it; with a fallback first, the intents follow it
    intents            what its parts want, in their order ("thanks, and where is ...")
    oos_probability    of being out of scope
    nearest_examples   the training examples that it resembles most: the why
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Dict, List, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import LABEL_RANKING_LENGTH
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.nlu.encoder import PARTS, SentenceEncoder, hash_files
from addons.nlu.model import IntentModel, Prediction
from addons.nlu.training import train

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class IntentEnsemble(IntentClassifier, GraphComponent):
    """Sets the intent of a message, or `nlu_fallback` if it has none of ours."""

    @classmethod
    def required_components(cls) -> List[Type]:
        """The encoder, whose vectors are read here."""
        return [SentenceEncoder]

    @staticmethod
    def required_packages() -> List[str]:
        """Import names whose versions enter the training cache."""
        return ["sklearn", "numpy", "scipy"]

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentEnsemble:
        """A classifier that has yet to be trained."""
        return cls(model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentEnsemble:
        """A trained classifier; one that was never trained says nothing."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(model_storage, resource, IntentModel.load(folder))
        except (ValueError, FileNotFoundError):
            logger.warning("The intent model was not trained. Run make train.")
            return cls(model_storage, resource, None)

    def __init__(
        self,
        model_storage: ModelStorage,
        resource: Resource,
        model: IntentModel | None,
    ) -> None:
        self._model_storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> str | None:
        """A hash of the code that trains: Rasa's cache sees this class only."""
        here = Path(__file__).parent
        names = ("training.py", "model.py", "kernel.py", "ngrams.py", "scope.py")
        return hash_files(*(here / name for name in names))

    def train(self, training_data: TrainingData) -> Resource:
        """Train on the examples that have an intent and store the model."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        if not examples:
            logger.warning("No intent examples to train on. Add some to data/nlu.")
            return self._resource
        self._model = train(
            [example.get(TEXT) for example in examples],
            [example.get(INTENT) for example in examples],
            _vectors(examples, TEXT),
            _names(examples),
        )
        with self._model_storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """The same messages with their intents."""
        texted = [m for m in messages if (m.get(TEXT) or "").strip()]
        for message in messages:
            if message not in texted or self._model is None:
                _set_nothing(message)
        if texted and self._model is not None:
            texts = [message.get(TEXT) for message in texted]
            predictions = self._model.predict(texts, _vectors(texted, TEXT))
            for message, prediction in zip(texted, predictions, strict=True):
                _set(message, prediction)
                message.set("intents", self._intents(message), add_to_output=True)
        return messages

    def _intents(self, message: Message) -> List[Dict[str, Any]]:
        """What the message's parts want, in their order, each intent once."""
        parts = message.get(PARTS)
        if not parts or self._model is None:
            return [message.get(INTENT)]
        texts = [text for text, _ in parts]
        predictions = self._model.predict(texts, np.vstack([v for _, v in parts]))
        found: Dict[str, Dict[str, Any]] = {}
        for text, prediction in zip(texts, predictions, strict=True):
            name, confidence = prediction.ranking[0]
            if not prediction.is_out_of_scope and name not in found:
                found[name] = {"name": name, "confidence": confidence, "text": text}
        return list(found.values()) or [message.get(INTENT)]


def _vectors(messages: List[Message], attribute: str) -> np.ndarray:
    """The sentence features of the messages, (n, dimension)."""
    return np.vstack([m.get_dense_features(attribute)[1].features for m in messages])


def _names(messages: List[Message]) -> Dict[str, np.ndarray]:
    """The embedding of each intent's name, (dimension,)."""
    one_each = list({message.get(INTENT): message for message in messages}.values())
    vectors = _vectors(one_each, INTENT)
    return {m.get(INTENT): vectors[row] for row, m in enumerate(one_each)}


def _set(message: Message, prediction: Prediction) -> None:
    ranking = [
        {"name": name, "confidence": confidence}
        for name, confidence in prediction.ranking[:LABEL_RANKING_LENGTH]
    ]
    if prediction.is_out_of_scope:
        ranking.insert(0, _fallback(prediction.oos_probability))
    message.set(INTENT, ranking[0], add_to_output=True)
    message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
    message.set("oos_probability", prediction.oos_probability, add_to_output=True)
    nearest = [
        {"text": text, "intent": intent, "similarity": cosine}
        for text, intent, cosine in prediction.nearest
    ]
    message.set("nearest_examples", nearest, add_to_output=True)


def _set_nothing(message: Message) -> None:
    """An empty message, or a model that was never trained, is out of scope."""
    message.set(INTENT, _fallback(1.0), add_to_output=True)
    message.set(INTENT_RANKING_KEY, [_fallback(1.0)], add_to_output=True)


def _fallback(confidence: float) -> Dict[str, Any]:
    return {"name": DEFAULT_NLU_FALLBACK_INTENT_NAME, "confidence": confidence}
