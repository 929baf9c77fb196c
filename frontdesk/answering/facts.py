"""The checkable facts of a text: quantities, names, negations and conditions.

These are what a customer acts on, and what small models get wrong first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS = {word: float(value) for value, word in enumerate(_ONES)}
NUMBER_WORDS |= {word: 20.0 + 10 * place for place, word in enumerate(_TENS)}
NUMBER_WORDS |= {"dozen": 12.0, "half": 0.5, "hundred": 100.0, "thousand": 1000.0}
NUMBER_WORDS |= {"once": 1.0, "twice": 2.0, "double": 2.0, "single": 1.0}
_ORDINAL_WORDS = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
ORDINALS = {word: 3.0 + n for n, word in enumerate(_ORDINAL_WORDS.split())}
_ORDINAL = re.compile(rf"\b(?:(\d+)(?:st|nd|rd|th)|({'|'.join(ORDINALS)}))\b")
_AMBIGUOUS = frozenset({"one", "once", "single", "zero", "double", "half"})

_UNITS = {
    "percent": "% percent pct",
    "minute": "min mins minute minutes",
    "second": "s sec secs second seconds",
    "night": "night nights nightly",
    "hour": "h hr hrs hour hours hourly",
    "day": "day days daily",
    "week": "week weeks weekly fortnight",
    "month": "month months monthly",
    "year": "year years yr yrs annual annually yearly",
    "mm": "mm millimetre millimetres",
    "cm": "cm centimetre centimetres",
    "m": "m metre metres meter meters",
    "inch": "inch inches",
    "foot": "ft foot feet",
    "kg": "kg kilo kilos kilogram kilograms",
    "g": "g gram grams",
    "lb": "lb lbs",
    "tonne": "tonne tonnes ton tons",
    "litre": "l litre litres liter liters",
    "ml": "ml millilitre millilitres",
    "watt": "w watt watts",
    "kw": "kw kilowatt kilowatts",
    "db": "db decibel decibels",
    "point": "point points pts",
    "mile": "mile miles",
    "km": "km kilometre kilometres kilometer kilometers",
    "degree": "° °c degrees",
    "lumen": "lm lumen lumens",
    "volt": "v volt volts",
    "am": "am a.m",
    "pm": "pm p.m",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_CURRENCIES = {"£": "gbp", "$": "usd", "€": "eur", "gbp": "gbp", "usd": "usd"}
_CURRENCIES |= {"eur": "eur", "pounds": "gbp", "pound": "gbp", "quid": "gbp"}
_CURRENCIES |= {"dollars": "usd", "dollar": "usd", "bucks": "usd", "euros": "eur"}

_BEFORE_UNITS = frozenset(
    "working business calendar more full whole equal consecutive".split()
)

_NUMBER = re.compile(
    r"(?P<currency>[£$€])?\s?(?P<number>(?<![\w.])\d{1,3}(?:,\d{3})+(?:\.\d+)?"
    r"|(?<![\w.])\d+(?:\.\d+)?)(?P<joined>%|[a-zA-Z]{1,2}\b)?"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’.-]*|%")
_NAME = re.compile(r"\b(?:[A-Z][\w'&-]*[A-Z0-9a-z]|[A-Z]{2,}|[A-Z]\w*\d\w*)\b")
_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9-]{3,}\b")
_TOKEN = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][a-z]+)?|\d+(?:[.,]\d+)*")

_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|cannot|without|"
    r"except|excluding|excluded|excludes|exclude|unable|refuse[sd]?|declined?|"
    r"unavailable|ineligible|hardly)\b|n['’]t\b|\bun(?:less|opened|used|worn)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|only|except|provided|as long as|until|when|once|before|after|"
    r"within|minimum|maximum|at least|at most|up to|more than|less than|must|"
    r"regardless|even|whether)\b",
    re.IGNORECASE,
)
STOPWORDS = frozenset(
    """a about actually again all also am an and any anyone anything are as at be been
    being but by can could d did do does doing don else ever for from get gets getting
    give go going gonna got had has have having he hello her here hey hi him his how i
    if im in into is it its ive just let like ll lol m may maybe me might mine more most
    much my need no not of off oh ok okay on one only or our out over please pls re
    really s say she should so some something somebody sorry such t tell than thank
    thanks that the their them then there these they thing things this those to too u
    up ur us ve very want wanna was we well were what whats when where which while who
    whom whose why will with would yeah yes you your yours guys hi omg know think wanted
    wondering quick question""".split()
)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit: `Quantity(30.0, "day")`; a bare number has unit ""."""

    value: float
    unit: str


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The English Snowball stem of a lower-case word."""
    return str(_stemmer().stemWord(word))


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers, in order."""
    return [t.replace("’", "'") for t in _TOKEN.findall(text.lower())]


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order; numbers keep their digits."""
    found = []
    for token in tokens(text):
        base = token.split("'")[0]
        if base and base not in STOPWORDS:
            found.append(stem(base.replace(",", "")))
    return found


def quantities(text: str) -> list[Quantity]:
    """Numbers in digits or words with their units, in order of appearance."""
    found = []
    for match in _NUMBER.finditer(text):
        if match["joined"] in ("st", "nd", "rd", "th"):
            continue
        value = float(match["number"].replace(",", ""))
        after = text[match.end() : match.end() + 24]
        found.append(Quantity(value, _unit(match["currency"], match["joined"], after)))
    lowered = text.lower()
    for match in re.finditer(r"\b[a-z]+\b", lowered):
        word_value = NUMBER_WORDS.get(match.group())
        if word_value is None:
            continue
        unit = _unit(None, None, lowered[match.end() : match.end() + 24])
        if unit or match.group() not in _AMBIGUOUS:
            found.append(Quantity(word_value, unit))
    for match in _ORDINAL.finditer(lowered):
        place = ORDINALS.get(match[2]) if match[2] else float(match[1])
        found.append(Quantity(place or 0.0, "place"))
    return found


def names(text: str) -> list[str]:
    """Capitalised words inside sentences and codes that mix letters and digits."""
    found = [code.lower() for code in _CODE.findall(text)]
    for match in _NAME.finditer(text):
        before = text[: match.start()].rstrip(" \"'([")
        at_start = not before or before[-1] in ".!?:;\n-•|"
        word = match.group()
        if (at_start and not word[1:].isupper()) or word.lower() in STOPWORDS:
            continue
        found.append(word.lower())
    return found


def negations(text: str) -> int:
    """How many negating words the text holds."""
    return len(_NEGATION.findall(text))


def conditions(text: str) -> list[str]:
    """Words that limit a statement (if, unless, only, up to ...), lower case."""
    return [match.lower() for match in _CONDITION.findall(text)]


def is_unit(word: str) -> bool:
    """Whether a word after a number says what is counted: `kg`, `days`, `%`."""
    lowered = word.lower()
    return lowered in _UNIT_OF or lowered in _CURRENCIES


def _unit(currency: str | None, joined: str | None, after: str) -> str:
    if currency:
        return _CURRENCIES[currency]
    if joined and joined.lower() in _UNIT_OF:
        return _UNIT_OF[joined.lower()]
    words = [w.lower().strip(".'’-") for w in _WORD.findall(after.replace("-", " "))]
    for word in words[:2]:
        if word in _CURRENCIES:
            return _CURRENCIES[word]
        if word in _UNIT_OF and len(word) > 1:
            return _UNIT_OF[word]
        if word in _BEFORE_UNITS:
            continue
        break
    return ""
