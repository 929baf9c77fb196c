"""The words of a sentence made comparable: base forms, digits and names.

Finer than `facts.content_stems`, for the grounding check alone: irregular forms meet
their base (`sent` and `send`), number words their digits, and names are told from
other words, because a name that changes places makes a true sentence false.
"""

from __future__ import annotations

import re
from functools import lru_cache

from frontdesk.answering import facts

_IRREGULAR_ROWS = """
buy bought, send sent, pay paid, give gave given, take took taken, leave left,
keep kept, sell sold, make made, break broke broken, come came, hold held, say said,
tell told, get got gotten, find found, lose lost, build built, choose chose chosen,
bring brought, begin began begun, write wrote written, wear wore worn, show shown,
go went gone, run ran, rise rose risen, fall fell fallen, know knew known, see saw seen,
meet met, lie lay lain, grow grew grown, win won, become became, speak spoke spoken,
drive drove driven, sleep slept, stand stood, think thought, teach taught,
catch caught, feel felt, mean meant, lead led, child children, person people, man men,
woman women, wife wives, sing sang sung, swim swam, eat ate eaten, draw drew drawn,
fly flew flown, throw threw thrown, spend spent, lend lent, light lit, fight fought
"""
_IRREGULAR = {
    form: row.split()[0]
    for row in _IRREGULAR_ROWS.replace("\n", " ").split(",")
    for form in row.split()[1:]
}
_DIGITS = {
    word: str(int(value))
    for word, value in facts.NUMBER_WORDS.items()
    if value >= 2 and word not in ("twice", "double", "hundred", "thousand", "dozen")
}
_FUNCTION_WORDS = facts.STOPWORDS | frozenset(
    """may might must shall still too even just both each other another such during
    between through than because however though although yet ever never without until
    upto per via etc unless every several whether already always within cannot neither
    nor none nobody nothing only don isn aren won doesn didn can't""".split()
)
_CAPITALISED = re.compile(
    r"(?<![\w£$€])(?:[A-Z][\w'’&-]*|(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z][\w-]*)"
)
_LETTER = re.compile(r"(?<![\w£.'’&-])([B-HJ-Z])(?![\w.'’&-])")
_MORE_OF_A_NAME = re.compile(r"\s+(?:[A-Z][\w-]*|\d+(?:\.\d+)?)")
_MODEL_NUMBER = re.compile(r"\s+(\d+(?:\.\d+)?)\b\s*([A-Za-z%°]*)")


def terms(text: str) -> list[str]:
    """Base forms of the words that carry meaning, in order.

    Numbers keep their digits; a capital that stands alone, as in "size M", becomes
    `~m`, since it names something.
    """
    found = []
    for token in facts.tokens(text):
        word = token.split("'")[0]
        if word and token not in _FUNCTION_WORDS and word not in _FUNCTION_WORDS:
            found.append(_base(word))
    return found + [f"~{letter.lower()}" for letter in _LETTER.findall(text)]


def name_terms(text: str) -> frozenset[str]:
    """The terms of capitalised words inside sentences, of codes and model numbers."""
    found: set[str] = set()
    for match in _CAPITALISED.finditer(text):
        word, rest = match.group(), text[match.end() :]
        code = any(c.isdigit() for c in word) or (len(word) > 1 and word.isupper())
        if len(word) == 1 or word.lower() in ("i'm", "i'll", "i've"):
            continue
        if _starts_sentence(text, match.start()) and not code:
            if not _MORE_OF_A_NAME.match(rest):
                continue
        found.update(terms(word))
        number = _MODEL_NUMBER.match(rest)
        if number and not facts.is_unit(number[2]):
            found.add(_base(number[1]))
    found.update(f"~{letter.lower()}" for letter in _LETTER.findall(text))
    return frozenset(found)


def is_number(term: str) -> bool:
    """Whether a term is a number in digits."""
    return term[0].isdigit()


@lru_cache(maxsize=65536)
def _base(word: str) -> str:
    word = _DIGITS.get(word, word)
    return facts.stem(_IRREGULAR.get(word, word).replace(",", ""))


def _starts_sentence(text: str, position: int) -> bool:
    before = text[:position].rstrip(" \"'(")
    return not before or before[-1] in ".!?:;\n|•"
