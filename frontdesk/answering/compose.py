"""Writing an answer from evidence word for word, with its citations."""

from __future__ import annotations

from collections.abc import Sequence

from frontdesk.answering.answer import Citation
from frontdesk.answering.evidence import Candidate, honest_units, is_placeholder
from frontdesk.answering.sentences import Unit

MAX_CHARACTERS = 600
MIN_RELATIVE = 0.3  # how far below the best a sentence may score and still be quoted


def choose(
    evidence: Sequence[Candidate], limit: int = MAX_CHARACTERS
) -> list[Candidate]:
    """The best sentences that fit into `limit` characters, best first."""
    chosen: list[Candidate] = []
    length = 0
    seen: set[str] = set()
    for candidate in evidence:
        text = candidate.unit.text
        if candidate.score < evidence[0].score - MIN_RELATIVE:
            break
        if text in seen or is_placeholder(text):
            continue
        if length + len(text) + 1 > limit:
            continue
        seen.add(text)
        chosen.append(candidate)
        length += len(text) + 1
    return chosen


def verbatim(chosen: Sequence[Candidate]) -> str:
    """The sentences as one text: by passage, in reading order; items as a list."""
    if not chosen:
        return ""
    order = {hit_id: n for n, hit_id in enumerate(dict.fromkeys(map(_place, chosen)))}
    ordered = sorted(chosen, key=lambda c: (order[_place(c)], c.unit.position))
    lines: list[str] = []
    previous: Candidate | None = None
    for candidate in ordered:
        text = shown(candidate)
        same = previous is not None and _place(previous) == _place(candidate)
        if candidate.unit.item or text is not candidate.unit.text:
            lines.append(f"- {text}")
        elif same and lines and not lines[-1].startswith("- "):
            lines[-1] += f" {text}"
        else:
            lines.append(text)
        previous = candidate
    if len(lines) == 1 and lines[0].startswith("- "):
        return lines[0][2:]
    return "\n".join(lines)


def shown(candidate: Candidate) -> str:
    """The sentence; a bare fact of a product with the product's name before it."""
    passage, text = candidate.hit.passage, candidate.unit.text
    if passage.kind != "product" or ": " not in text[:40] or passage.title in text:
        return text
    return f"{passage.title} - {text}"


def citations(chosen: Sequence[Candidate]) -> tuple[Citation, ...]:
    """One citation a document, in the order of first use, with what was quoted."""
    quotes: dict[str, list[Candidate]] = {}
    for candidate in chosen:
        quotes.setdefault(candidate.hit.passage.document_id, []).append(candidate)
    return tuple(
        Citation(
            id=document,
            title=items[0].hit.passage.title,
            url=items[0].hit.passage.url,
            quote=" ".join(
                c.unit.text for c in sorted(items, key=lambda c: c.unit.position)
            ),
        )
        for document, items in quotes.items()
    )


def clean_passage(text: str) -> str:
    """A passage for the prompt: its sentences without injected instructions."""
    return "\n".join(_line(unit) for unit in honest_units(text))


def _line(unit: Unit) -> str:
    return f"- {unit.text}" if unit.item else unit.text


def _place(candidate: Candidate) -> str:
    return candidate.hit.passage.id
