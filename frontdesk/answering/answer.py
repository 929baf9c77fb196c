"""What an answered turn is: a value that every channel can render."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from frontdesk.knowledge.documents import Hit

Decision = Literal["answer", "ask", "abstain", "escalate"]


@dataclass(frozen=True)
class Citation:
    """Where a statement comes from.

    Attributes:
        id: Document id.
        title: Document title.
        url: The document's page; empty when it has none.
        quote: The supporting text, word for word.
    """

    id: str
    title: str
    url: str
    quote: str


@dataclass(frozen=True)
class Answer:
    """The outcome of one turn.

    Attributes:
        decision: What the assistant decided to do.
        text: What the customer reads; never empty.
        choices: What a question back offers; empty otherwise.
        citations: Evidence of an answer, in the order of the text.
        passages: What was retrieved, best first.
        timings: Milliseconds by stage (retrieve, gate, generate, first_token, check,
            total).
        generated: Whether a model wrote the text; False for quoted evidence.
        confidence: Probability in [0, 1] that the evidence covers the question.
        stopped: Whether the customer stopped the reply, so that it is incomplete.
    """

    decision: Decision
    text: str
    choices: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Hit, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    generated: bool = False
    confidence: float = 0.0
    stopped: bool = False
