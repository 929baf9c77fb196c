"""The values that travel through this room: documents, passages, filters, hits."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Document:
    """One article, policy or catalogue row, as text with Markdown structure.

    `id` is unique in the knowledge base; `source` is the path it was read from,
    relative to the knowledge folder; `kind` is `article` or `product`.
    """

    id: str
    title: str
    text: str
    source: str
    url: str = ""
    locale: str = "en"
    valid_from: date | None = None
    valid_to: date | None = None
    products: tuple[str, ...] = ()
    audience: str = "public"
    kind: str = "article"
    related: tuple[str, ...] = ()

    def content_hash(self) -> str:
        """Sha-256 over everything but the place the document was read from."""
        values = dataclasses.asdict(self)
        del values["source"]
        text = json.dumps(values, default=str, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Passage:
    """A piece of a document small enough for the encoder.

    `id` is `<document id>#<position>`; `title_path` is the document's title and
    the headings above the passage, outermost first.
    """

    id: str
    document_id: str
    title: str
    title_path: tuple[str, ...]
    text: str
    position: int
    url: str = ""
    locale: str = "en"
    valid_from: date | None = None
    valid_to: date | None = None
    products: tuple[str, ...] = ()
    audience: str = "public"
    kind: str = "article"

    @property
    def encoded_text(self) -> str:
        """What the encoder sees: the title path on one line, then the text."""
        return f"{' - '.join(self.title_path)}\n{self.text}"

    def to_json(self) -> dict[str, Any]:
        values = dataclasses.asdict(self)
        for name in ("valid_from", "valid_to"):
            values[name] = values[name].isoformat() if values[name] else None
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Passage:
        known = dict(values)
        for name in ("valid_from", "valid_to"):
            known[name] = date.fromisoformat(known[name]) if known[name] else None
        for name in ("title_path", "products"):
            known[name] = tuple(known[name])
        return cls(**known)


@dataclass(frozen=True)
class Filters:
    """Which passages may be found at all.

    `locale` None allows every language, `en` also allows `en-GB`. `products` empty
    allows all; otherwise passages of other products are left out and passages that
    name no product stay. `today` None means the day of the search.
    """

    locale: str | None = None
    products: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset({"public"})
    today: date | None = None

    def allow(self, passage: Passage) -> bool:
        today = self.today or date.today()
        if passage.audience not in self.audience:
            return False
        if passage.valid_from and today < passage.valid_from:
            return False
        if passage.valid_to and today > passage.valid_to:
            return False
        if self.locale and not _same_language(self.locale, passage.locale):
            return False
        return not (
            self.products
            and passage.products
            and self.products.isdisjoint(passage.products)
        )


@dataclass(frozen=True)
class Hit:
    """A found passage; `score` orders hits, `dense` is a cosine in [-1, 1].

    `lexical` is the share of the query's weighted words found, in [0, 1];
    `features` holds every signal that went into the score, by name.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    features: Mapping[str, float] = field(default_factory=dict)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_SPACES = re.compile(r"[^\S\n]+")


def clean_text(text: str) -> str:
    """The text in NFC with plain newlines; control characters and surrogates gone."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def clean_line(text: str) -> str:
    """The text on one line, cleaned, single-spaced and stripped."""
    return _SPACES.sub(" ", clean_text(text).replace("\n", " ")).strip()


def _same_language(wanted: str, found: str) -> bool:
    wanted, found = wanted.lower(), found.lower()
    return found == wanted or found.split("-")[0] == wanted
