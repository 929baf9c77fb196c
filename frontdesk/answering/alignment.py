"""Where the evidence states a sentence: in which clause, row or window of sentences.

A clause is what binds facts together: in "the Mini takes 0.6 kg, the 60 takes 1.2 kg"
the right words stand in one sentence for both a true and a swapped claim. So every
term of a claim is graded by how closely each clause holds it: in the clause itself, as
its subject, elsewhere in the sentence, in the heading, or next to it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontdesk.answering import facts
from frontdesk.answering.sentences import Unit, plain, split_units
from frontdesk.answering.terms import is_number, name_terms, terms

_CLAUSE_END = re.compile(
    r"[;,—–()]|:\s|\b(?:but|so|while|whereas|because|which|otherwise)\b"
    r"|(?<=\d)[^,;.]{0,24}(?P<joint>\band\b)(?=[^,;.]{0,30}\d)"
)
_RELATIVE = re.compile(r"(?:and |but )?(?:who|which|that|whose|its|it|they)\b", re.I)
_FIRST_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
_MAX_SENTENCES = 3  # of one quote
_LENGTH_PENALTY = 0.08  # of the share of a claim that each further sentence must add
_NUMBER_WEIGHT = 1.3
_NO_RIVAL = 0.3  # a name that moved counts less where no other name took its place


@dataclass(frozen=True)
class Clause:
    """A part of a unit with the terms it holds and how closely.

    Attributes:
        text: The part, word for word.
        unit: Index into the units of the evidence.
        own: Terms of the part itself.
        names: Those of them that are names.
        subject: Names it inherits from the part before, having none itself.
        words: Grade in (0, 1] of each other term as a word.
        labels: The same for terms that are names.
    """

    text: str
    unit: int
    own: frozenset[str]
    names: frozenset[str]
    subject: frozenset[str]
    words: Mapping[str, float]
    labels: Mapping[str, float]


@dataclass(frozen=True)
class Window:
    """Up to three sentences in a row, or one list item or table row.

    Attributes:
        passage: Index of the passage; -1 stands for no evidence.
        quote: The evidence, word for word.
        text: The quote after its headings.
        terms: Terms of quote and headings.
        units: Indices of its first unit and of the one after its last.
    """

    passage: int
    quote: str
    text: str
    terms: frozenset[str]
    units: tuple[int, int]


NOWHERE = Window(-1, "", "", frozenset(), (0, 0))


@dataclass(frozen=True)
class Binding:
    """How a claim's known terms stand together in the best clause.

    Attributes:
        loose: Share of their weight, in [0, 1], that the best clause does not hold.
        moved: By term, how much better the others stand where it does not, in [0, 1].
        scores: Share held by each clause, float64 (n_clauses,).
    """

    loose: float
    moved: Mapping[str, float]
    scores: NDArray[np.float64]


class Evidence:
    """The passages of one answer, prepared once for all its claims."""

    def __init__(
        self, passages: Sequence[str], titles: Sequence[str] = (), question: str = ""
    ) -> None:
        """The passages, prepared.

        Args:
            passages: Their texts.
            titles: Of the same passages; by default each one's first heading.
            question: What was asked, if that is known.
        """
        self.question = question
        self.units: list[Unit] = []
        self.clauses: list[Clause] = []
        self.windows: list[Window] = []
        self.titles: list[str] = []
        self.places: list[tuple[int, int]] = []  # of each passage's units
        stems: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        frequency: Counter[str] = Counter()
        names: set[str] = set()
        for index, passage in enumerate(passages):
            title = titles[index] if index < len(titles) else _title(passage)
            names |= name_terms(plain(passage)) | name_terms(title)
            units = split_units(passage)
            self.titles.append(title)
            self.places.append((len(self.units), len(self.units) + len(units)))
            # A table row is quoted otherwise than it is written.
            for text in (f"{title} {passage}", *(u.text for u in units if u.item)):
                found = [facts.stem(token) for token in facts.tokens(text)]
                stems.update(found)
                pairs.update(zip(found, found[1:], strict=False))
            self._add(index, units, title, frequency, names)
        self.words = frozenset(stems)
        self.pairs = frozenset(pairs)
        joined = " \n ".join([*titles, *passages])
        self.names = frozenset(names)
        self.quantities = frozenset(facts.quantities(joined))
        total = len(self.units) + 1
        self.weights = {t: math.log(1 + total / n) for t, n in frequency.items()}

    def _add(
        self,
        passage: int,
        units: Sequence[Unit],
        title: str,
        frequency: Counter[str],
        names: set[str],
    ) -> None:
        first = len(self.units)
        held = [frozenset(terms(unit.text)) for unit in units]
        heads = [frozenset(terms(_head(title, unit))) for unit in units]
        for place, unit in enumerate(units):
            frequency.update(held[place] | heads[place])
            near: set[str] = set()
            if not unit.item:
                for other in (place - 1, place + 1):
                    if 0 <= other < len(units) and not units[other].item:
                        near |= held[other]
            names |= _row_label(unit)
            self._add_clauses(first + place, unit, held[place], heads[place], near)
        self.units += units
        self._add_windows(passage, first, units, title, held, heads)

    def _add_clauses(
        self,
        index: int,
        unit: Unit,
        held: frozenset[str],
        head: frozenset[str],
        near: set[str],
    ) -> None:
        row, label = _is_row(unit), _row_label(unit)
        parts = unit.text.split("; ") if row else clauses(unit.text)
        row_head = frozenset(terms(parts[0])) if row and parts else frozenset()
        subject: frozenset[str] = frozenset()
        unit_names = name_terms(unit.text)
        for part in parts:
            own = frozenset(terms(part)) | row_head
            named = frozenset(name_terms(part)) | (own & unit_names) | label
            inherited = frozenset() if named and not _RELATIVE.match(part) else subject
            grades = _grades(own, held, head, near, row)
            labels = _label_grades(own, held, head, near, inherited, bool(named))
            self.clauses.append(
                Clause(part, index, own, named, inherited, grades, labels)
            )
            subject = named or subject

    def _add_windows(
        self,
        passage: int,
        first: int,
        units: Sequence[Unit],
        title: str,
        held: Sequence[frozenset[str]],
        heads: Sequence[frozenset[str]],
    ) -> None:
        for size in range(1, _MAX_SENTENCES + 1):
            for start in range(len(units) - size + 1):
                part = units[start : start + size]
                if size > 1 and any(unit.item for unit in part[:-1]):
                    continue
                quote = " ".join(unit.text for unit in part)
                text = f"{_head(title, part[0])} {quote}".strip()
                self.windows.append(
                    Window(
                        passage,
                        quote,
                        text,
                        heads[start].union(*held[start : start + size]),
                        (first + start, first + start + size),
                    )
                )

    def knows(self, term: str) -> bool:
        """Whether the term occurs anywhere in the evidence."""
        return term in self.weights

    def align(self, claim: Sequence[str]) -> Window:
        """The shortest window that states the claim's terms about as well as any."""
        known = [term for term in dict.fromkeys(claim) if self.knows(term)]
        if not known:
            return NOWHERE
        total = sum(self.weights[term] for term in known)

        def merit(window: Window) -> tuple[float, int]:
            held = sum(self.weights[t] for t in known if t in window.terms) / total
            size = window.units[1] - window.units[0]
            return held - _LENGTH_PENALTY * (size - 1), -len(window.terms)

        return max(self.windows, key=merit, default=NOWHERE)

    def bind(self, claim: Sequence[str], labels: frozenset[str]) -> Binding:
        """How the known terms of a claim, or of a part of it, stand together.

        Args:
            claim: Terms.
            labels: Those that are names.
        """
        known = [term for term in dict.fromkeys(claim) if self.knows(term)]
        if not known or not self.clauses:
            return Binding(0.0, {}, np.zeros(len(self.clauses)))
        grades = np.array(
            [
                [(c.labels if t in labels else c.words).get(t, 0.0) for t in known]
                for c in self.clauses
            ]
        )  # (n_clauses, n_terms)
        weights = np.array(
            [self.weights[t] * (_NUMBER_WEIGHT if is_number(t) else 1) for t in known]
        )
        shares = grades * weights
        held = shares.sum(axis=1)  # (n_clauses,)
        total = float(weights.sum())
        moved: dict[str, float] = {}
        if len(known) > 1:
            for place, term in enumerate(known):
                without = held - shares[:, place]
                others = float(without.max())
                weight = float(weights[place])
                missed = (others + weight - float(held.max())) / weight
                moved[term] = missed * others / (total - weight)
                if term in labels:
                    best = np.flatnonzero(without >= others - 1e-9)
                    moved[term] *= self._rivalry(best, claim)
        return Binding(1.0 - float(held.max()) / total, moved, held / total)

    def _rivalry(self, places: NDArray[np.intp], claim: Sequence[str]) -> float:
        """1 when each of these clauses is about a name that the claim lacks."""
        ours = set(claim)
        for place in places:
            clause = self.clauses[place]
            if not (clause.names | clause.subject) - ours:
                return _NO_RIVAL
        return 1.0


def clauses(text: str) -> list[str]:
    """The parts of a sentence between commas, semicolons and linking words."""
    found, last = [], 0
    for match in _CLAUSE_END.finditer(text):
        joint = match["joint"] is not None
        start, end = match.span("joint") if joint else match.span()
        found.append(text[last:start].strip())
        last = end
    found.append(text[last:].strip())
    return [part for part in found if any(c.isalnum() for c in part)]


def _title(passage: str) -> str:
    found = _FIRST_HEADING.search(passage)
    return plain(found[1]) if found else ""


def _is_row(unit: Unit) -> bool:
    return unit.item and "; " in unit.text and ": " in unit.text


def _row_label(unit: Unit) -> frozenset[str]:
    """What a table row is about: the terms of its first cell."""
    if not _is_row(unit):
        return frozenset()
    cell = unit.text.split("; ")[0]
    return frozenset(terms(cell.split(": ", 1)[-1]))


def _head(title: str, unit: Unit) -> str:
    return unit.context if title in unit.context else f"{title} {unit.context}"


def _grades(
    own: frozenset[str],
    held: frozenset[str],
    head: frozenset[str],
    near: set[str],
    row: bool,
) -> dict[str, float]:
    """A word may stand anywhere in its sentence; a number in its own clause."""
    grades = {term: 0.0 if is_number(term) else 0.5 for term in near}
    grades |= {term: 0.5 if is_number(term) else 0.8 for term in head}
    for term in held:
        inside = 0.4 if is_number(term) else (0.3 if row else 0.85)
        grades[term] = max(inside, grades.get(term, 0.0))
    return grades | dict.fromkeys(own, 1.0)


def _label_grades(
    own: frozenset[str],
    held: frozenset[str],
    head: frozenset[str],
    near: set[str],
    subject: frozenset[str],
    named: bool,
) -> dict[str, float]:
    """A name counts in its clause, as its subject or in its heading."""
    grades = {} if named else dict.fromkeys(near, 0.25)
    grades |= dict.fromkeys(held, 0.3 if named else 0.7)
    grades |= dict.fromkeys(head, 0.9)
    grades |= dict.fromkeys(subject, 0.95)
    return grades | dict.fromkeys(own, 1.0)
