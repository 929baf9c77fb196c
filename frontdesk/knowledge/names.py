"""Products and entities that titles name, and which of them a conversation is about.

A name is the part of a title that several documents share (`Halden 60: noise`,
`Halden 60: doors`), or the whole title of a product. A message mentions a name as far
as it holds the name's rare words next to each other; the words need not be complete
(`the Acorn` for `Acorn Guest House`) nor split the same way (`guesthouse`). A name
whose words are all taken by a longer name in the same place counts for less: `Gold`
in `Gold Plus`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontdesk.knowledge import lexical
from frontdesk.knowledge.documents import Passage
from frontdesk.knowledge.lexical import LexicalIndex

MAX_WORDS = 6
MIN_MENTION = 0.5  # share of a name's weight that makes a mention
MAX_APART = 0.3  # of a mention may lie beside a longer one that takes its place
MIN_IN_TEXT = 2  # times a document writes a name that its title does not hold
MIN_DOCUMENTS = 3  # documents that do so
MAX_SHARE = 0.25  # of all documents: what nearly all of them name tells none apart

_CAPITALS = re.compile(r"\b[A-Z][\w&'’-]*(?: [A-Z][\w&'’-]*)+")
_SEPARATOR = re.compile(r"\s*(?::|\||–|—|\s-)\s+")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Text:
    title: str
    kind: str
    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class _Mention:
    name: int
    places: Mapping[int, float]  # rarity of the matched word at each position
    weight: float  # sum of the matched words' rarity
    share: float  # of the name's own weight


class Names:
    """The names of one index version and the passages they belong to."""

    def __init__(self, passages: Sequence[Passage], lexicon: LexicalIndex) -> None:
        documents = _documents(passages)
        self.names = _find_names(documents)
        self._rarity = {
            word: lexicon.idf(word) ** 2 for name in self.names for word in name
        }
        self._weights = [sum(self._rarity[w] for w in set(n)) for n in self.names]
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._joined: dict[str, tuple[str, ...]] = {}
        for number, name in enumerate(self.names):
            for word in set(name):
                self._by_word[word].append(number)
            for pair in zip(name, name[1:], strict=False):
                self._joined["".join(pair)] = pair
        self._n_passages = len(passages)
        self._owners = self._find_owners(passages, documents)
        self.owned = np.zeros(len(passages), dtype=np.float32)
        self.owned[self._owners[0]] = 1.0  # passages that are about a name

    def mentions(self, text: str) -> Floats:
        """How far a message mentions each name, in [0, 1], float32 (n_names,)."""
        found = np.zeros(len(self.names), dtype=np.float32)
        mentions = self._mentions(lexical.tokens(text))
        for mention in mentions:
            found[mention.name] = max(
                found[mention.name], mention.share * _standing(mention, mentions)
            )
        return found

    def of_passages(self, names: Floats) -> Floats:
        """The best value among the names each passage belongs to, (n_passages,)."""
        rows, columns, strengths = self._owners
        found = np.zeros(self._n_passages, dtype=np.float32)
        np.maximum.at(found, rows, names[columns] * strengths)
        return found

    def _mentions(self, words: Sequence[str]) -> list[_Mention]:
        places: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for position, word in enumerate(words):
            for known in self._known(word):
                for number in self._by_word[known]:
                    places[number].append((position, known))
        found = []
        for number, spots in places.items():
            for cluster in _clusters(spots):
                weight = sum(self._rarity[word] for word in {w for _, w in cluster})
                share = weight / self._weights[number]
                if share >= MIN_MENTION:
                    held = {place: self._rarity[word] for place, word in cluster}
                    found.append(_Mention(number, held, weight, share))
        return found

    def _known(self, word: str) -> tuple[str, ...]:
        if word in self._by_word:
            return (word,)
        return self._joined.get(word, ())

    def _find_owners(
        self, passages: Sequence[Passage], documents: Mapping[str, _Text]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """Passage rows, name columns and strengths in [0, 1] of what is about what."""
        of_document = {
            document_id: self._subjects(document)
            for document_id, document in documents.items()
        }
        rows, columns, strengths = [], [], []
        for row, passage in enumerate(passages):
            for number, strength in of_document[passage.document_id].items():
                rows.append(row)
                columns.append(number)
                strengths.append(strength)
        return (
            np.array(rows, dtype=np.int64),
            np.array(columns, dtype=np.int64),
            np.array(strengths, dtype=np.float32),
        )

    def _subjects(self, document: _Text) -> dict[int, float]:
        """The names a document is about: those of its title, else the text's main."""
        found: dict[int, float] = {}
        mentions = self._mentions(lexical.tokens(document.title))
        for mention in mentions:
            strength = mention.share * _standing(mention, mentions)
            if strength > 0.75:
                found[mention.name] = max(found.get(mention.name, 0.0), strength)
        if found:
            return found
        mentions = self._mentions(document.words)
        counts: Counter[int] = Counter()
        for mention in mentions:
            if mention.share * _standing(mention, mentions) > 0.8:
                counts[mention.name] += 1
        most = max(counts.values(), default=0)
        return {
            number: 0.8
            for number, count in counts.items()
            if count >= 2 and 2 * count >= most
        }


def _find_names(documents: Mapping[str, _Text]) -> list[tuple[str, ...]]:
    """Word tuples of all names, each once."""
    shared: Counter[tuple[str, ...]] = Counter()
    written: Counter[tuple[str, ...]] = Counter()
    names: dict[tuple[str, ...], None] = {}
    for document in documents.values():
        first, *rest = _SEPARATOR.split(document.title, maxsplit=1)
        if rest:
            shared[tuple(lexical.tokens(first))] += 1
        if document.kind == "product":
            names[tuple(lexical.tokens(document.title))] = None
        runs = Counter(_capitalised(document.text))
        often = {run for run, count in runs.items() if count >= MIN_IN_TEXT}
        written.update(often | set(_capitalised(document.title)))
    limit = max(MIN_DOCUMENTS, MAX_SHARE * len(documents))
    names |= dict.fromkeys(name for name, count in shared.items() if count > 1)
    names |= dict.fromkeys(
        name
        for name, count in written.items()
        if len(name) > 1 and MIN_DOCUMENTS <= count <= limit
    )
    return [name for name in names if 0 < len(name) <= MAX_WORDS]


def _capitalised(text: str) -> Iterator[tuple[str, ...]]:
    """Stems of each run of capitalised words; lines without small letters are left out.

    Headings and titles often capitalise every word, which tells nothing.
    """
    for line in text.split("\n"):
        words = [word for word in line.lstrip("# ").split(" ") if word[:1].isalpha()]
        small = sum(word[0].islower() and len(word) > 3 for word in words)
        if small:
            for match in _CAPITALS.finditer(line):
                yield tuple(lexical.tokens(match.group()))


def _clusters(spots: Iterable[tuple[int, str]]) -> Iterable[list[tuple[int, str]]]:
    """Runs of matched words with at most one other word between them."""
    run: list[tuple[int, str]] = []
    for spot in spots:
        if run and spot[0] - run[-1][0] > 2:
            yield run
            run = []
        run.append(spot)
    if run:
        yield run


def _standing(mention: _Mention, others: Sequence[_Mention]) -> float:
    """Share of the heaviest mention in the same place that this one amounts to."""
    heaviest = mention.weight
    for other in others:
        if other.weight > heaviest:
            apart = sum(
                rarity
                for place, rarity in mention.places.items()
                if place not in other.places
            )
            if apart <= MAX_APART * mention.weight:
                heaviest = other.weight
    return mention.weight / heaviest


def _documents(passages: Sequence[Passage]) -> dict[str, _Text]:
    texts: dict[str, list[str]] = defaultdict(list)
    first: dict[str, Passage] = {}
    for passage in passages:
        first.setdefault(passage.document_id, passage)
        texts[passage.document_id].append(passage.text)
    return {
        document_id: _Text(
            passage.title,
            passage.kind,
            text := "\n".join(texts[document_id]),
            tuple(lexical.tokens(text)),
        )
        for document_id, passage in first.items()
    }
