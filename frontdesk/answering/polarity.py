"""Whether two statements say yes to the same thing, and under the same conditions.

No grammar is parsed: negating words are counted clause by clause and their reach is
the next words of the clause. Words that free a statement of its condition ("even if",
"whenever") and opposite words are compared with the clause the claim is aligned with.
"""

from __future__ import annotations

import re

from frontdesk.answering.terms import terms

_NOT_NEGATING = re.compile(
    r"\bno (?:more|later|less|longer|further|fewer|earlier) than\b|\bnot only\b|"
    r"\bno (?:matter|doubt)\b|\bwhether or not\b|\bif not\b|\bwith or without\b",
    re.IGNORECASE,
)
_NEGATING = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|cannot|without|except|"
    r"excepted|excluding|excluded|excludes?|unable|refuse[sd]?|decline[sd]?|unless|"
    r"unavailable|ineligible|impossible|invalid|hardly|stops?|needn|void|"
    r"forbidden|prohibited|banned)\b|n['’]t\b|\bnon-\w+",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"\b(?:only|free|lost|loses?|instead|ruins?|once|lacks?|ends?|ended|but|otherwise|"
    r"avoid|too|rather|before|until|just)\b|-free\b",
    re.IGNORECASE,
)
_REACH_END = re.compile(
    r"[,;:.()]|\b(?:but|because|if|unless|when|until|while|so|which|that|who|and)\b",
    re.IGNORECASE,
)
_REACH = 6  # terms after a negating word

_FREEING = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\beven\b|\bregardless\b|\birrespective\b|\bno matter\b|\bwhether or not\b|"
        r"\bwith or without\b",
        r"\b(?:whatever|whenever|wherever|whoever|whichever|any ?time|any part|"
        r"(?:in|on|at|under|for|as) any|"
        r"as (?:often|much|many|long) as you (?:like|want|wish))\b",
        r"\b(?:every|each|all|always|any)\b",
        r"\bright up to\b",
    )
]
_WIDENING = re.compile(r"\b(?:also|as well|still|too|both)\b", re.IGNORECASE)
_OPPOSITE_ROWS = """
old / new, inside / outside, indoors / outdoors, broken / unbroken / intact,
damaged / undamaged, used / unused, opened / unopened, worn / unworn, faulty / working,
same / different, more / less / fewer, higher / lower, above / below, over / under,
minimum / maximum, earliest / latest, first / last, first / every, before / after,
early / late, refund / keep, accept / refuse, accept / reject, include / exclude,
allow / forbid, required / optional, compulsory / optional, can / cannot, open / closed,
with / without, always / never, always / sometimes, never / sometimes, all / none,
all / some, full / partial, whole / part, buy / sell, sender / recipient, cheap / dear,
cheaper / dearer, faster / slower, shorter / longer, smaller / larger,
lighter / heavier,
domestic / foreign, hot / cold, wet / dry, hard / soft, left / right, top / bottom,
front / back, up / down, in / out, on / off, increase / decrease, rise / fall,
add / remove, connect / disconnect, lock / unlock, public / private, free / charged,
enabled / disabled, start / end, start / stop, arrive / leave, dispatched / placed,
earlier / later, possible / impossible, valid / invalid, must / may, alone / together,
against / ahead, weekdays / weekends, online / shop, manual / automatic,
daily / weekly / monthly / yearly, day / night, morning / afternoon / evening,
calendar / working, mandatory / voluntary, taxable / exempt, gross / net
"""
_OPPOSITES = [
    tuple(word.strip() for word in row.split("/"))
    for row in _OPPOSITE_ROWS.replace("\n", " ").split(",")
]


def negations(text: str) -> int:
    """How many words negate; "no more than" and its like do not."""
    return len(_NEGATING.findall(_NOT_NEGATING.sub(" ", text)))


def sign(text: str) -> float:
    """1 for a statement, -1 for a negated one, near 0 where a word leaves doubt."""
    value = -1.0 if negations(text) % 2 else 1.0
    if value > 0 and _LEANING.search(text):
        return 0.3
    return value


def denied(text: str) -> frozenset[str]:
    """Terms within reach of a negating word."""
    found: set[str] = set()
    text = _NOT_NEGATING.sub(" ", text)
    for match in _NEGATING.finditer(text):
        rest = text[match.end() :]
        end = _REACH_END.search(rest)
        found.update(terms(rest[: end.start()] if end else rest)[:_REACH])
    return frozenset(found)


def freed(claim: str, evidence: str) -> int:
    """How many kinds of words drop a condition ("even if", "whenever") only here."""
    return sum(
        bool(kind.search(claim)) and not kind.search(evidence) for kind in _FREEING
    )


def widened(claim: str, evidence: str) -> int:
    """How many words widen ("also", "both") only in the claim."""
    return _only_in(_WIDENING, claim, evidence)


def opposites(claim: str, evidence: str) -> int:
    """How many words of the claim meet their opposite instead of themselves."""
    ours, theirs = _words(claim), _words(evidence)
    count = 0
    for row in _OPPOSITES:
        mine, other = ours & set(row), theirs & set(row)
        count += bool(mine and other and not mine & other)
    return count + len(_prefixed(ours, theirs)) + len(_prefixed(theirs, ours))


def _prefixed(ours: set[str], theirs: set[str]) -> list[str]:
    """Words of ours that theirs has only with a negating prefix."""
    return [
        word
        for word in ours
        if len(word) > 3
        and word not in theirs
        and any(f"{prefix}{word}" in theirs for prefix in ("un", "non", "in", "dis"))
        and not any(f"{prefix}{word}" in ours for prefix in ("un", "non", "in", "dis"))
    ]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def _only_in(pattern: re.Pattern[str], text: str, other: str) -> int:
    there = {match.lower() for match in pattern.findall(other)}
    return len({match.lower() for match in pattern.findall(text)} - there)
