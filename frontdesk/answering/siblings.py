"""Siblings: the choices a question leaves open, read off the evidence.

Four kinds: documents about different members of one family (two accounts, three
kettles), documents with titles built alike ("The Pine rate", "The Oak rate"), rows of
one table (standard, express) and columns of one row (what each plan costs). What the
conversation already names is no open choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from frontdesk.answering import facts
from frontdesk.answering.entities import Entities, Entity
from frontdesk.answering.evidence import Candidate, Encode, honest_units
from frontdesk.answering.question import Question
from frontdesk.answering.sentences import Unit, in_words
from frontdesk.answering.subjects import subjects

MAX_CHOICES = 4
MARGIN = 0.5  # of the score, below the best, at which a sentence is still about it
CONSIDERED = 24
TABLES = 3  # of the best rows, whose tables are looked at
MAX_NAME_WORDS = 3
MAX_LABEL = 60
MAX_ROWS = 6  # of a table that is told while asking back
MAX_LINES = 450  # characters of it
ROW_MARGIN = 0.05  # rows whose scores differ by less are equally close
# Column heads that say what a column states; other heads may be names of things.
_STATEMENTS = frozenset(
    "price cost fee charge amount time limit notice length when what for from until "
    "to arrives size weight width height depth how where who note notes maximum "
    "minimum example condition applies".split()
)
_NUMBERED = re.compile(
    r"(?:chapter|part|section|article|appendix|annex|step|rule|clause)\s+[\dIVX.]+$",
    re.IGNORECASE,
)
# Heads of a first column whose rows tell several facts about one thing.
_FACTS = frozenset("item feature detail benefit step rule limit included data".split())
_NONE = {
    "sibling_count": 0.0,
    "sibling_closeness": 0.0,
    "sibling_parallel": 0.0,
    "sibling_conflict": 0.0,
    "sibling_generic": 0.0,
    "sibling_family_named": 0.0,
    "sibling_rows": 0.0,
    "sibling_columns": 0.0,
    "sibling_support": 0.0,
}


@dataclass(frozen=True)
class Siblings:
    """What could be meant.

    Attributes:
        choices: Names to offer, the likeliest first; empty when nothing is open.
        noun: What they are: "account", "delivery service".
        features: Signs for the gate.
        lines: What a table says about each choice, "Express: £7", where the choices are
            all it has and few words tell it; else empty.
        about: What its row is about where the choices are columns.
        source: The row of the table that was found, if there are lines.
    """

    choices: tuple[str, ...] = ()
    noun: str = ""
    features: dict[str, float] = field(default_factory=lambda: dict(_NONE))
    lines: tuple[str, ...] = ()
    about: str = ""
    source: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class _Group:
    """Things that differ in one respect, each with what is said about it.

    Attributes:
        kind: "family", "titles", "rows" or "columns".
        noun: What they are, "" where that is not known.
        members: The best sentence about each, by name, the best first.
        names: All names, also of those that no good sentence is about.
        cells: What the table says about each name, where one says it.
    """

    kind: str
    noun: str
    members: dict[str, Candidate]
    names: tuple[str, ...]
    cells: dict[str, str] = field(default_factory=dict)

    @property
    def second(self) -> float:
        """Score of the second member's sentence: how open the choice is at all."""
        return sorted((c.score for c in self.members.values()), reverse=True)[1]


def find_siblings(
    question: Question,
    evidence: Sequence[Candidate],
    entities: Entities,
    encode: Encode,
) -> Siblings:
    """The open choices of a question, from its evidence."""
    if not evidence:
        return Siblings()
    said = " ".join(turn["text"] for turn in question.turns)
    near = [c for c in evidence[:CONSIDERED] if c.score > evidence[0].score - MARGIN]
    groups = [*_titles(near), *_tables(near), *_columns(near)]
    still_open = [
        *_families(near, entities, said),
        *(group for group in groups if not _is_named(group, said)),
    ]
    if not still_open:
        return Siblings()
    named = [group for group in still_open if _says(said, group.noun)]
    best = max(named or still_open, key=lambda group: group.second)
    lines = _lines(best)
    row = next(iter(best.members.values()))
    return Siblings(
        best.names[:MAX_CHOICES],
        best.noun,
        _features(best, near, entities, said, encode),
        lines,
        row.unit.cells[0][1] if best.kind == "columns" else "",
        (row,) if lines else (),
    )


def _lines(group: _Group) -> tuple[str, ...]:
    """What is said about each name, if all can be named and it is short enough."""
    if not group.cells or len(group.names) > MAX_ROWS:
        return ()
    lines = tuple(f"{name}: {group.cells[name]}" for name in group.names)
    return lines if sum(map(len, lines)) <= MAX_LINES else ()


def _features(
    group: _Group,
    near: Sequence[Candidate],
    entities: Entities,
    said: str,
    encode: Encode,
) -> dict[str, float]:
    pair = sorted(group.members.values(), key=lambda c: -c.score)[:2]
    texts = [candidate.unit.text for candidate in pair]
    rows = encode(texts)
    amounts = [frozenset(facts.quantities(text)) for text in texts]
    supports = sorted((c.support for c in group.members.values()), reverse=True)
    return {
        "sibling_count": min(4, len(group.members)) / 4.0,
        "sibling_closeness": 1.0 - (near[0].score - pair[1].score) / MARGIN,
        "sibling_parallel": float(np.dot(rows[0], rows[1])),
        "sibling_conflict": float(
            bool(amounts[0] and amounts[1] and amounts[0] != amounts[1])
        ),
        "sibling_generic": float(entities.of(near[0].hit.passage.document_id) is None),
        "sibling_family_named": float(_says(said, group.noun)),
        "sibling_rows": float(group.kind == "rows"),
        "sibling_columns": float(group.kind == "columns"),
        "sibling_support": supports[1],
    }


def _families(
    near: Sequence[Candidate], entities: Entities, said: str
) -> Iterator[_Group]:
    """Members of each family that the evidence is about."""
    best: dict[Entity, Candidate] = {}
    for candidate in near:
        for entity in subjects(candidate, entities):
            best.setdefault(entity, candidate)
    for family in dict.fromkeys(entity.family for entity in best):
        members = {e: c for e, c in best.items() if e.family == family}
        if len(members) >= 2 and not _names_one(said, list(members)):
            named = {entity.name: c for entity, c in members.items()}
            yield _Group("family", family, named, tuple(named))


def _titles(near: Sequence[Candidate]) -> Iterator[_Group]:
    """Documents with parallel titles: "Car cover: Road" and "Car cover: Highway"."""
    best: dict[str, Candidate] = {}
    for candidate in near:
        best.setdefault(candidate.hit.passage.title, candidate)
    titles = list(best)
    for start in range(min(TABLES, len(titles))):
        names = parallel_names(titles[start:])
        if len(names) >= 2:
            members = {name: best[title] for title, name in names.items()}
            yield _Group("titles", "", members, tuple(members))
            return


def parallel_names(titles: Sequence[str]) -> dict[str, str]:
    """What tells apart the titles that are built like the first, by title.

    The part before a colon, the part behind it, or what is left without the words that
    both begin or end with. Empty when no title is built like the first.
    """
    if not titles:
        return {}
    first = titles[0]
    for title in titles[1:]:
        name = _apart(first, title)
        if name is not None:
            break
    else:
        return {}
    named = {first: _apart(title, first) or first}
    for title in titles[1:]:
        name = _apart(first, title)
        if name is not None:
            named[title] = name
    return named if len(set(named.values())) == len(named) else {}


def _apart(first: str, title: str) -> str | None:
    """What is `title`'s own beside `first`; None when they are not built alike."""
    head, colon, tail = (part.strip() for part in title.partition(":"))
    other, other_colon, rest = (part.strip() for part in first.partition(":"))
    if colon and other_colon and _NUMBERED.match(head) and _NUMBERED.match(other):
        return _apart(rest, tail)  # "Chapter 8: Oak van" and "Chapter 10: Elm van"
    if colon and other_colon:
        if head == other and len(tail.split()) <= MAX_NAME_WORDS:
            return tail
        shared = set(facts.content_stems(tail)) & set(facts.content_stems(rest))
        alike = shared or head.split()[0] == other.split()[0]
        if head != other and alike and len(head.split()) <= MAX_NAME_WORDS:
            return head
        return None
    words, others = head.split(), other.split()
    begin = end = 0
    while begin < min(len(words), len(others)) and words[begin] == others[begin]:
        begin += 1
    rest_of, rest_of_other = words[begin:], others[begin:]
    while (
        end < min(len(rest_of), len(rest_of_other))
        and rest_of[-1 - end] == rest_of_other[-1 - end]
    ):
        end += 1
    own = rest_of[: len(rest_of) - end]
    if not (begin or end) or not own or len(own) > MAX_NAME_WORDS:
        return None
    if any(word.lower() in facts.STOPWORDS for word in own):
        return None
    shared_words = [*words[:begin], *rest_of[len(rest_of) - end :]]
    if not facts.content_stems(" ".join(shared_words)):
        return None  # "The hold on your card" and "The Pine rate"
    if begin and not any(c.isalpha() for c in "".join(own)):
        own = [words[begin - 1], *own]  # "Fix 12": a number is no name
    return " ".join(own)


def _tables(near: Sequence[Candidate]) -> Iterator[_Group]:
    """Rows of one table or list that differ in their first cell."""
    seen: set[tuple[str, str, str]] = set()
    for top in near:
        place = _place(top)
        _, context, head = place
        if not head or place in seen:
            continue
        if len(seen) == TABLES:
            return
        seen.add(place)
        members: dict[str, Candidate] = {}
        for candidate in near:
            if _place(candidate) == place:
                members.setdefault(_label(candidate.unit)[1], candidate)
        if len(members) < 2 or not _alike(list(members.values())[:2]):
            continue
        whole = [
            (_label(unit)[1], in_words(unit.cells[1:]))
            for unit in honest_units(top.hit.passage.text)
            if (unit.context, _label(unit)[0]) == (context, head)
        ]
        cells = dict(whole)
        names = tuple(dict.fromkeys([n for n in cells if n in members] + list(cells)))
        if len(cells) < len(whole):  # one thing in two rows
            cells = {}
        yield _Group("rows", _noun(head), members, names, cells)


def _alike(rows: Sequence[Candidate]) -> bool:
    """Whether rows state the same kind of thing behind their labels."""
    tails = ["; ".join(cell for _, cell in row.unit.cells[1:]) for row in rows]
    kinds = [_kind(tail) for tail in tails]
    return bool(frozenset.intersection(*kinds)) or not any(kinds)


def _place(candidate: Candidate) -> tuple[str, str, str]:
    """The table that a row stands in; the same for all of its rows."""
    head, _ = _label(candidate.unit)
    return candidate.hit.passage.id, candidate.unit.context, head


def _label(unit: Unit) -> tuple[str, str]:
    """Head and content of a row's first cell; empty where rows are no things."""
    head, value = unit.cells[0] if len(unit.cells) > 1 else ("", "")
    if not head or head.lower() in _FACTS or not _is_label(value):
        return "", ""
    return head, value


def _noun(head: str) -> str:
    """What the rows of a table are, if its first head says so: "way of paying"."""
    words = head.lower().split()
    named = words[0] not in facts.STOPWORDS | _STATEMENTS and len(words) <= 3
    return head.lower() if named else ""


def _is_label(text: str) -> bool:
    return 0 < len(text) <= MAX_LABEL and any(c.isalpha() for c in text)


def _columns(near: Sequence[Candidate]) -> Iterator[_Group]:
    """Columns of the best row, where they state the same kind of thing.

    Not where another row is as close: then the row is open before the column.
    """
    for candidate in near[:TABLES]:
        place = _place(candidate)
        rows = [c.score for c in near if _place(c) == place] if place[2] else []
        if len(rows) > 1 and rows[1] > rows[0] - ROW_MARGIN:
            continue
        named = {head: value for head, value in candidate.unit.cells[1:] if head}
        if len(named) < 2:
            continue
        if any(set(head.lower().split()) <= _STATEMENTS for head in named):
            continue
        kinds = {_kind(value) for value in named.values()} - {frozenset({"no"})}
        if len(set(named.values())) < 2 or len(kinds) > 1:
            continue
        members = dict.fromkeys(named, candidate)
        yield _Group("columns", "", members, tuple(members), named)
        return


def _kind(value: str) -> frozenset[str]:
    """What sort of thing a cell states: its units, or yes and no, or words."""
    if re.match(r"(?:no|not|none|never|nothing|-|–)\b|^[-–—]?$", value, re.IGNORECASE):
        return frozenset({"no"})
    if re.match(r"(?:yes|included|free)\b", value, re.IGNORECASE):
        return frozenset({"no"})
    return frozenset(quantity.unit for quantity in facts.quantities(value))


def _is_named(group: _Group, said: str) -> bool:
    """Whether the conversation holds a word that tells one member from the others."""
    words = set(facts.content_stems(said))
    stems = [frozenset(facts.content_stems(name)) for name in group.names]
    shared = frozenset.intersection(*stems)
    return any((own - shared) & words for own in stems)


def _names_one(said: str, members: Sequence[Entity]) -> bool:
    """Whether the conversation holds a word that tells one member from the others."""
    words = set(re.findall(r"[a-z]+|\d+(?:\.\d+)?", said.lower()))
    stems = {facts.stem(word) for word in words}
    shared = frozenset.intersection(*(member.words for member in members))
    for member in members:
        own = member.words - shared - {member.family}
        if any(word in words or facts.stem(word) in stems for word in own):
            return True
    return False


def _says(text: str, phrase: str) -> bool:
    wanted = facts.content_stems(phrase)
    return bool(wanted) and set(wanted) <= set(facts.content_stems(text))
