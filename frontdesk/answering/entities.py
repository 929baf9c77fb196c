"""The things the knowledge tells apart: products, accounts, plans, services.

Names are mined from one index version: catalogue products, what stands before a colon
in several titles, and capitalised phrases that recur and share their last word
("Blue Account", "Green Account").
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontdesk.answering import facts
from frontdesk.knowledge.documents import Passage

MIN_PASSAGES = 2
MIN_SIBLINGS = 3
_PHRASE = re.compile(r"(?<![.!?:•|] )(?<!^)\b((?:[A-Z][\w&'-]*[ ]){1,3}[A-Z][\w&-]*)\b")
_PREFIX = re.compile(r"^([A-Z][^:]{2,48}?)(?::| - )\s")
_FAMILY = re.compile(r"^(?:- )?family: (.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Entity:
    """One named thing.

    Attributes:
        name: As the knowledge writes it: "Light Blue Account", "Halden 45".
        family: What it and its siblings are, in lower case: "account", "dishwasher".
    """

    name: str
    family: str

    @property
    def words(self) -> frozenset[str]:
        """Lower-case words and figures of the name."""
        return frozenset(re.findall(r"[a-z]+|\d+(?:\.\d+)?", self.name.lower()))


class Entities:
    """The names of one index version and which document is about which."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        names = _products(passages) | _phrases(passages)
        self._entities = {name: Entity(name, family) for name, family in names.items()}
        self._by_alias = _aliases(self._entities)
        ordered = sorted(map(re.escape, self._by_alias), key=len, reverse=True)
        pattern = rf"(?<![\w.])(?:{'|'.join(ordered)})(?![\w]|\.\d)"
        self._any = re.compile(pattern) if ordered else None
        self._any_case = re.compile(pattern, re.IGNORECASE)
        self._by_lower = {alias.lower(): e for alias, e in self._by_alias.items()}
        self._of: dict[str, Entity] = {}
        texts: dict[str, list[str]] = defaultdict(list)
        titles: dict[str, str] = {}
        products: dict[str, tuple[str, ...]] = {}
        by_id: dict[str, str] = {}
        for passage in passages:
            texts[passage.document_id].append(passage.text)
            titles[passage.document_id] = passage.title
            products[passage.document_id] = passage.products
            if passage.kind == "product":
                by_id[passage.document_id] = passage.title
        for document, title in titles.items():
            found = self._main(document, title, texts[document])
            only = products[document]
            if document in by_id:
                found = self._entities.get(title)
            elif found is None and len(only) == 1 and only[0] in by_id:
                found = self._entities.get(by_id[only[0]])
            if found is not None:
                self._of[document] = found

    def of(self, document_id: str) -> Entity | None:
        """What a document is about; None when it is about no single named thing."""
        return self._of.get(document_id)

    def named_in(self, text: str) -> list[Entity]:
        """Entities whose name stands in a text, in order, each once."""
        if self._any is None:
            return []
        found = (self._by_alias[alias] for alias in self._any.findall(text))
        return list(dict.fromkeys(found))

    def named_in_any_case(self, text: str) -> list[Entity]:
        """Entities that a customer names, however they write them, each once.

        Of names that contain each other the longest counts.
        """
        if self._any is None:
            return []
        found = self._any_case.findall(text)
        return list(dict.fromkeys(self._by_lower[alias.lower()] for alias in found))

    def _main(
        self, document_id: str, title: str, texts: Sequence[str]
    ) -> Entity | None:
        """The one thing that title, id ("fees/blue_account_2") or text speak of."""
        in_title = self.named_in(title)
        if in_title:
            return in_title[0] if len(in_title) == 1 else None
        in_id = self.named_in_any_case(re.sub(r"[\W_]+", " ", document_id))
        if len(in_id) == 1:
            return in_id[0]
        if self._any is None:
            return None
        mentions = self._any.findall(" ".join(texts))
        top = Counter(self._by_alias[alias] for alias in mentions).most_common(2)
        if not top or (len(top) == 2 and top[1][1] * 2 > top[0][1]):
            return None
        return top[0][0]


def _aliases(entities: Mapping[str, Entity]) -> dict[str, Entity]:
    """Names and their unmistakable short forms ("Pure 200" for "Brisk Pure 200")."""
    short: dict[str, list[Entity]] = defaultdict(list)
    for name, entity in entities.items():
        words = name.split(" ")
        if len(words) >= 3:
            short[" ".join(words[1:])].append(entity)
    found = {a: e[0] for a, e in short.items() if len(e) == 1 and a not in entities}
    return found | dict(entities)


def _products(passages: Sequence[Passage]) -> dict[str, str]:
    names = {}
    for passage in passages:
        if passage.kind == "product" and passage.position == 0:
            family = _FAMILY.search(passage.text)
            names[passage.title] = _singular(family[1]) if family else "product"
    return names


def _phrases(passages: Sequence[Passage]) -> dict[str, str]:
    spread: Counter[str] = Counter()
    prefixes: Counter[str] = Counter()
    seen: set[str] = set()
    for passage in passages:
        found = set(_PHRASE.findall(passage.text))
        if passage.document_id not in seen:
            seen.add(passage.document_id)
            match = _PREFIX.match(passage.title)
            if match:
                prefixes[match[1]] += 1
        spread.update(found)
    common = {p: n for p, n in spread.items() if n >= MIN_PASSAGES and _is_name(p)}
    families: Mapping[str, list[str]] = defaultdict(list)
    for phrase in common:
        families[phrase.rsplit(" ", 1)[-1]].append(phrase)
    in_titles = " ".join(passage.title.lower() for passage in passages)
    text = " ".join(passage.text for passage in passages)
    names = {}
    for head, members in families.items():
        known = [
            member
            for member in members
            if member.lower().rsplit(" ", 1)[0] in in_titles
            and text.count(member.lower()) < common[member]  # not "credit card"
        ]
        if len(known) >= MIN_SIBLINGS and head.isalpha() and head[1:].islower():
            names.update(dict.fromkeys(known, _singular(head)))
    for prefix, count in prefixes.items():
        if count >= MIN_PASSAGES and " " in prefix and prefix not in names:
            longer = next((n for n in names if n.startswith(prefix + " ")), None)
            names[prefix] = names[longer] if longer else _singular(prefix.split()[-1])
    return names


def _is_name(phrase: str) -> bool:
    words = phrase.lower().split()
    return not any(word in facts.STOPWORDS for word in words)


def _singular(noun: str) -> str:
    word = noun.strip().lower()
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
