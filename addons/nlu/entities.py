"""The entities of a shop: order number, e-mail, date, amount and product.

All are found by rule, so they cost a fraction of a millisecond, need no training data
and come with their value resolved (`LO-104233`, `2026-05-03`, `12.50`).
"""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any, Dict, List

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from addons.nlu.dates import find_dates
from addons.nlu.encoder import MAX_CHARACTERS, hash_files
from addons.nlu.patterns import Found, find_amounts, find_emails, find_order_numbers
from addons.nlu.products import ProductNames

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class ShopEntities(GraphComponent, EntityExtractorMixin):
    """Adds what the rules find to a message's `entities`.

    Each has `entity, value, start, end, text, confidence, extractor`; a product also
    has `product_id`.
    """

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """`catalogue`: a CSV with `id` and `name`; `today`: an ISO date, for tests."""
        return {"catalogue": "kb/products/catalogue.csv", "today": None}

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ShopEntities:
        """An extractor that has read the catalogue."""
        return cls(config)

    def __init__(self, config: Dict[str, Any]) -> None:
        self._today: str | None = config["today"]
        self._products = _read_products(Path(config["catalogue"]))

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> str | None:
        """A hash of the catalogue and of the rules: Rasa's cache sees neither."""
        here = Path(__file__).parent
        catalogue = config.get("catalogue") or cls.get_default_config()["catalogue"]
        rules = (here / name for name in ("patterns.py", "dates.py", "products.py"))
        return hash_files(Path(catalogue), *rules)

    def process(self, messages: List[Message]) -> List[Message]:
        """The same messages with their entities."""
        for message in messages:
            text = message.get(TEXT)
            if text:
                entities = self.extract(text)
                known = message.get(ENTITIES, [])
                message.set(ENTITIES, known + entities, add_to_output=True)
        return messages

    def extract(self, text: str) -> list[dict[str, Any]]:
        """The entities of a text, in its order, none overlapping another."""
        text = text[:MAX_CHARACTERS]
        today = date.fromisoformat(self._today) if self._today else date.today()
        kept: list[Found] = []
        # The surest kind first: its characters are not read again by the next.
        for found in (
            *find_order_numbers(text),
            *find_emails(text),
            *find_dates(text, today),
            *find_amounts(text),
            *self._products.find(text),
        ):
            if not any(found.start < k.end and k.start < found.end for k in kept):
                kept.append(found)
        kept.sort(key=lambda found: found.start)
        return self.add_extractor_name([_as_rasa(found, text) for found in kept])


def _read_products(catalogue: Path) -> ProductNames:
    try:
        return ProductNames.from_csv(catalogue)
    except (OSError, ValueError) as error:
        logger.warning("No product names will be recognised: %s", error)
        return ProductNames([])


def _as_rasa(found: Found, text: str) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "entity": found.entity,
        "value": found.value,
        "start": found.start,
        "end": found.end,
        "text": text[found.start : found.end],
        "confidence": found.confidence,
    }
    return {**entity, "product_id": found.key} if found.key else entity
