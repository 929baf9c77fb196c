"""Product names of the catalogue in a customer's message, typos and all.

Products come in families that share a first word ("Halden 60", "Halden 60 Quiet").
From the family's word on, every further word that belongs to one of its members is
collected, in any order; the member whose name is exactly these words is meant, else the
only member that has all of them. Where several remain, nothing is claimed: asking which
one is better than answering from the wrong sibling.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Tuple

from addons.nlu.patterns import Found

_TOKEN = re.compile(r"['\u2019]s\b|[^\W\d_]+|\d+(?:[.,]\d{1,2}(?!\d))?", re.IGNORECASE)
# Between the words of a name: "Mira 1.7 litre Temp", "the Halden in 60 cm".
_SKIPPED = frozenset(
    "cm mm m l litre litres liter inch inches kg w watt the one model".split()
)
_JOINING = frozenset("or and vs versus than with to".split())
PARTIAL = 0.8  # confidence of a name that is not complete, but can only mean one


Token = Tuple[str, int, int]  # a lower-case word, its start and its end in the text


@dataclass(frozen=True)
class Product:
    """A row of the catalogue; `words` are the lower-case words of its name."""

    id: str
    name: str
    words: frozenset[str]


class ProductNames:
    """Finds the products of a catalogue in texts."""

    def __init__(self, products: Iterable[tuple[str, str, str]]) -> None:
        """Index the names.

        Args:
            products: Id, name and SKU (may be empty) of each product.
        """
        self._families: dict[str, list[Product]] = defaultdict(list)
        self._skus: dict[str, Product] = {}
        for id_, name, sku in products:
            words = [word for word, _, _ in _words(name)]
            if not words:
                continue
            product = Product(id_, name, frozenset(words))
            self._families[words[0]].append(product)
            if sku:
                self._skus[sku.lower()] = product
        self._vocabulary = {
            first: frozenset(word for member in members for word in member.words)
            for first, members in self._families.items()
        }

    @classmethod
    def from_csv(cls, catalogue: Path) -> ProductNames:
        """The names in a catalogue with the columns `id`, `name` and maybe `sku`.

        Raises:
            ValueError: A needed column is missing.
        """
        with catalogue.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for column in ("id", "name"):
                if column not in (reader.fieldnames or ()):
                    raise ValueError(
                        f"Catalogue {str(catalogue)!r} has no column {column!r}. "
                        "Add it to the first line."
                    )
            return cls((row["id"], row["name"], row.get("sku") or "") for row in reader)

    def find(self, text: str) -> list[Found]:
        """Products named in the text, in its order; `value` is the catalogue's name."""
        found = self._find_skus(text)
        tokens = _words(text)
        position = free = 0
        while position < len(tokens):
            family = _closest(tokens[position][0], self._families)
            if family is None:
                position += 1
                continue
            first = position
            before = first - 1 if first > free else first
            position, hits = self._match(tokens, before, first, first + 1, family)
            # "the Halden 45 or 60": the family is said once.
            while self._continues(tokens, position, family):
                first = position + 1
                position, more = self._match(tokens, first, first, first, family)
                hits += more
            free = position
            found += [hit for hit in hits if not any(_overlap(hit, f) for f in found)]
        return sorted(found, key=lambda each: each.start)

    def _match(
        self, tokens: list[Token], before: int, first: int, after: int, family: str
    ) -> tuple[int, list[Found]]:
        """Where to read on, and the product named from `first` on, if any.

        Args:
            tokens: The words of the text.
            before: Index of a word that may describe the family ("the quiet Halden"),
                or `first` if there is none.
            first: Index of the first word of the name.
            after: Index of the first word that is not the family's.
            family: The family's word as the catalogue writes it.
        """
        vocabulary = self._vocabulary[family] - {family}
        begin, last = first, first
        words = {family}
        if before < first and len(tokens[before][0]) > 2:
            describing = _closest(tokens[before][0], vocabulary)
            if describing is not None:
                words.add(describing)
                begin = before
        for index in range(after, len(tokens)):
            word = _closest(tokens[index][0], vocabulary - words)
            if word is not None:
                words.add(word)
                last = index
            elif tokens[index][0] not in _SKIPPED:
                break
        # A mistyped family ("forget 3") needs the rest of the name in full.
        sure = after == first or tokens[first][0] == family
        named, confidence = self._decide(words, family, sure)
        if named is None:
            return last + 1, []
        start, end = tokens[begin][1], tokens[last][2]
        hit = Found("product", named.name, start, end, confidence, named.id)
        return last + 1, [hit]

    def _continues(self, tokens: list[Token], position: int, family: str) -> bool:
        """Whether "or", "and" ... and another word of the family follow."""
        return (
            position + 1 < len(tokens)
            and tokens[position][0] in _JOINING
            and tokens[position + 1][0] in self._vocabulary[family] - {family}
        )

    def _decide(
        self, words: set[str], family: str, sure: bool
    ) -> tuple[Product | None, float]:
        members = [each for each in self._families[family] if each.words >= words]
        exact = [each for each in members if each.words == words]
        if len(exact) == 1:
            return exact[0], 1.0
        # One word of the family is not a name ("it fell"), unless it is all there is.
        if sure and len(members) == 1 and len(words) > 1:
            return members[0], PARTIAL
        return None, 0.0

    def _find_skus(self, text: str) -> list[Found]:
        found = []
        for match in re.finditer(r"[A-Za-z]+(?:-[A-Za-z0-9]+)+", text):
            product = self._skus.get(match[0].lower())
            if product is not None:
                start, end = match.span()
                found.append(
                    Found("product", product.name, start, end, 1.0, product.id)
                )
        return found


def _words(text: str) -> list[Token]:
    """Lower-case words and numbers with their offsets; "60cm" is two, "'s" is none."""
    words = []
    for match in _TOKEN.finditer(text):
        token = match[0].lower()
        if token[0] in "'\u2019":
            continue
        if token[0].isdigit():
            token = f"{float(token.replace(',', '.')):g}"
        words.append((token, match.start(), match.end()))
    return words


def _overlap(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end


def _closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that is this word, or differs by a typo."""
    if word in choices:
        return word
    edits = 2 if len(word) >= 8 else 1 if len(word) >= 5 else 0
    if not edits or not word.isalpha():
        return None
    for choice in sorted(choices):
        # The first letter is rarely mistyped, and keeps "done" from being "tone".
        if (
            len(choice) >= 4
            and choice[0] == word[0]
            and abs(len(choice) - len(word)) <= edits
            and _edits(word, choice) <= edits
        ):
            return choice
    return None


def _edits(a: str, b: str) -> int:
    """Insertions, deletions, changes and swaps of neighbours that turn a into b."""
    rows = [list(range(len(b) + 1))]
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            same = a[i - 1] == b[j - 1]
            cost = min(
                rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (not same)
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
