"""What the small models learn from: questions with passages and what is true of them.

Made from an organisation of the corpus and an index of its articles: the passages a
search finds for a question, those that hold the answer, and those that look like it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frontdesk.answering.question import read_question
from frontdesk.answering.reader import Page, lay_out, page_of
from frontdesk.knowledge.documents import Passage
from frontdesk.knowledge.encoder import Encoder
from frontdesk.knowledge.index import build_index
from frontdesk.knowledge.retriever import Retriever, open_retriever
from frontdesk.training.corpus import Organisation, Question, normalised

OPEN = "underspecified"  # the kind of question that leaves something open
FOUND = 12  # passages of a search that may become negatives
SAME_SENTENCE = 0.8  # share of a sentence's words that makes it the supporting one
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{3,}\b")  # a capital within a sentence
_NO_NAMES = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March "
    "April June July August September October November December".split()
)
_BEGINS = "Bel Cor Dal Fen Gar Hol Jor Kel Lin Mar Nor Pel Quin Ros Sal Tor Ver".split()
_ENDS = (
    "by den ford ham ia land mere mont ra sted ton well wick worth elle ique".split()
)


@dataclass(frozen=True)
class Labelled:
    """A passage beside a question.

    Attributes:
        page: The passage as the reader sees it.
        gold: Whether it holds what answers; None where that is not known.
        supports: For each of its units, whether it is part of the answer.
    """

    page: Page
    gold: bool | None
    supports: tuple[bool, ...]


@dataclass(frozen=True)
class Group:
    """A question with its passages: gold ones first, then those found, best first."""

    organisation: str
    id: str
    kind: str
    question: str
    labelled: tuple[Labelled, ...]


def read_groups(organisation: Organisation, retriever: Retriever) -> Iterator[Group]:
    """Every question of an organisation with its labelled passages."""
    of_document: dict[str, list[Passage]] = {}
    for passage in retriever.passages:
        of_document.setdefault(passage.document_id, []).append(passage)
    for question in organisation.questions:
        turns = [{"role": turn.role, "text": turn.text} for turn in question.turns]
        found = [hit.passage for hit in retriever.search_turns(turns, FOUND)]
        near = [
            passage
            for name in (*question.relevant, *question.hard_negatives)
            for passage in of_document.get(name, [])
        ]
        passages = {passage.id: passage for passage in [*near, *found]}
        labelled = [label(question, passage) for passage in passages.values()]
        labelled.sort(key=lambda item: item.gold is not True)
        yield Group(
            organisation.name,
            question.id,
            question.kind,
            read_question(turns).standalone,
            tuple(labelled),
        )


def open_organisation(folder: Path, encoder: Encoder, index: Path) -> Retriever:
    """A retriever over the articles of one organisation; built where it is missing."""
    if not (index / "CURRENT").is_file():
        build_index(folder / "articles", index, encoder)
    return open_retriever(index, encoder)


def without_support(item: Labelled) -> Labelled | None:
    """The same passage without the answer: on the topic, but silent on the question.

    None where nothing would be left.
    """
    return _without(item, [not support for support in item.supports], False)


def with_gaps(item: Labelled, chance: random.Random) -> Labelled:
    """A passage without some sentences that do not matter; often unchanged."""
    if chance.random() < 0.5:
        return item
    kept = [support or chance.random() < 0.75 for support in item.supports]
    return _without(item, kept, item.gold) or item


def _without(
    item: Labelled, kept: Sequence[bool], gold: bool | None
) -> Labelled | None:
    if not any(kept):
        return None
    places = [place for place, keep in enumerate(kept) if keep]
    page = lay_out(item.page.title, [item.page.units[place] for place in places])
    return Labelled(page, gold, tuple(item.supports[place] for place in places))


def elsewhere(group: Group, chance: random.Random) -> Group:
    """The question as another organisation would get it: other names, other figures.

    What is the same stays the same, in the question and in every passage; a figure
    keeps its length and its zeros. Often unchanged.
    """
    if chance.random() < 0.5:
        return group
    pages = "\n".join(item.page.text for item in group.labelled)
    common = frozenset(re.findall(r"\b[a-z]+\b", pages))
    names = {n for n in _NAME.findall(pages) if n.lower() not in common} - _NO_NAMES
    new = {
        name: chance.choice(_BEGINS) + chance.choice(_ENDS) for name in sorted(names)
    }
    new |= {name.lower(): other.lower() for name, other in new.items()}

    def other(match: re.Match[str]) -> str:
        word = match.group()
        if word.isdigit() and word not in new:
            new[word] = "".join(
                "0" if d == "0" else chance.choice("123456789") for d in word
            )
        return new.get(word, word)

    def change(text: str) -> str:
        return re.sub(r"\d+|[A-Za-z]+", other, text)

    labelled = []
    for item in group.labelled:
        units = [
            replace(unit, text=change(unit.text), context=change(unit.context))
            for unit in item.page.units
        ]
        labelled.append(replace(item, page=lay_out(change(item.page.title), units)))
    return replace(group, question=change(group.question), labelled=tuple(labelled))


def misspelt(text: str, chance: random.Random) -> str:
    """The text as somebody in a hurry types it; often unchanged."""
    if chance.random() < 0.6:
        return text
    if chance.random() < 0.5:
        text = text.lower()
    if chance.random() < 0.4:
        text = re.sub(r"[,.?!']", "", text)
    letters = list(text)
    for _ in range(chance.choice([0, 1, 1, 2])):
        at = chance.randrange(1, max(2, len(letters) - 1))
        if at >= len(letters) or not letters[at].isalpha():
            continue
        if chance.random() < 0.5:
            letters[at - 1], letters[at] = letters[at], letters[at - 1]
        else:
            del letters[at]
    return "".join(letters)


def label(question: Question, passage: Passage) -> Labelled:
    """A passage with what is true of it for a question of the corpus."""
    page = page_of(passage)
    if passage.document_id not in question.relevant:
        return Labelled(page, False, (False,) * len(page.units))
    supports = tuple(_supports(unit.text, question.support) for unit in page.units)
    return Labelled(page, True if any(supports) else None, supports)


def _supports(text: str, support: Sequence[str]) -> bool:
    own = _words(text)
    for sentence in support:
        wanted = _words(sentence)
        if not own or not wanted:
            continue
        if normalised(text) in normalised(sentence):
            return True
        if len(own & wanted) >= SAME_SENTENCE * min(len(own), len(wanted)):
            return True
    return False


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))
