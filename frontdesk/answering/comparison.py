"""Two or three products side by side: what differs, copied from the catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from frontdesk.answering.answer import Citation
from frontdesk.answering.entities import Entities, Entity
from frontdesk.answering.question import Question
from frontdesk.knowledge.documents import Passage

MAX_PRODUCTS = 3
MAX_LINES = 12
_ASKED = re.compile(
    r"\b(?:differen\w*|compar\w*|versus|vs\.?|better|or|between|which (?:one|of))\b",
    re.IGNORECASE,
)
_FACT = re.compile(r"^- ([^:\n]{1,40}): (.+)$", re.MULTILINE)
_SKIPPED = frozenset({"sku", "family", "stock", "variants"})


def compared(question: Question, entities: Entities) -> list[Entity]:
    """The products that a question sets side by side; empty when it does not."""
    if not _ASKED.search(question.text):
        return []
    named = entities.named_in_any_case(question.text)
    return named if 2 <= len(named) <= MAX_PRODUCTS else []


def compare(
    products: Sequence[Entity], passages: Sequence[Passage]
) -> tuple[str, tuple[Citation, ...]] | None:
    """The lines in which products differ, with a citation each; None without data."""
    found = [_first(product, passages) for product in products]
    known = [passage for passage in found if passage is not None]
    if len(known) < len(products):
        return None
    facts = [dict(_FACT.findall(passage.text)) for passage in known]
    lines = [_line(key, facts) for key in facts[0] if _differs(key, facts)]
    if not lines:
        return None
    text = "\n".join([f"{' / '.join(p.title for p in known)}:", *lines[:MAX_LINES]])
    cited = tuple(
        Citation(p.document_id, p.title, p.url, _quote(own, facts))
        for p, own in zip(known, facts, strict=True)
    )
    return text, cited


def _first(product: Entity, passages: Sequence[Passage]) -> Passage | None:
    for passage in passages:
        if passage.kind == "product" and passage.title == product.name:
            return passage
    return None


def _differs(key: str, facts: Sequence[Mapping[str, str]]) -> bool:
    values = {own.get(key) for own in facts}
    return key.lower() not in _SKIPPED and None not in values and len(values) > 1


def _line(key: str, facts: Sequence[Mapping[str, str]]) -> str:
    return f"- {key}: {' / '.join(own[key] for own in facts)}"


def _quote(own: Mapping[str, str], facts: Sequence[Mapping[str, str]]) -> str:
    return "; ".join(f"{k}: {v}" for k, v in own.items() if _differs(k, facts))
