"""One turn from question to checked answer.

question -> passages -> evidence -> gate -> generate -> check -> citations. Whatever
fails on the way, the customer gets a grounded sentence or an honest one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from frontdesk.answering import compose, facts, gate, language, prompt, wording
from frontdesk.answering.answer import Answer, Citation
from frontdesk.answering.check import (
    Claim,
    Evidence,
    Verifies,
    check,
    check_claim,
    is_sound,
    shipped_threshold,
)
from frontdesk.answering.comparison import compare, compared
from frontdesk.answering.entities import Entities
from frontdesk.answering.evidence import Encode, candidates
from frontdesk.answering.question import Question, points_back, read_question
from frontdesk.answering.reading import Reading
from frontdesk.answering.siblings import find_siblings
from frontdesk.answering.stream import Reader, SentenceStream, read_along
from frontdesk.answering.subjects import each_named_first, without_siblings
from frontdesk.answering.understanding import Understanding, traced
from frontdesk.answering.vocabulary import Vocabulary
from frontdesk.generation.errors import GenerationError
from frontdesk.knowledge.documents import Hit, Passage
from frontdesk.settings import Settings

TOP_K = 12
READ = 8  # hits that are read together with the question
MAX_TOKENS = 96

_log = logging.getLogger(__name__)


class Searches(Protocol):
    """What the answerer needs of a retriever."""

    @property
    def version(self) -> str: ...

    @property
    def passages(self) -> Sequence[Passage]: ...

    def search_turns(
        self, turns: Sequence[Mapping[str, str]], top_k: int
    ) -> list[Hit]: ...


class Reads(Protocol):
    """What the answerer needs of a passage reader."""

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]: ...


class Generates(Protocol):
    """What the answerer needs of a generation client."""

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, max_tokens: int
    ) -> AsyncIterator[str]: ...

    async def aclose(self) -> None: ...


class Answerer:
    """Answers turns from one knowledge; safe to use for many turns at once."""

    def __init__(
        self,
        retriever: Searches,
        encode: Encode,
        generator: Generates | None,
        settings: Settings,
        hidden: str = "",
        passage_reader: Reads | None = None,
        taught: bool = False,
        verifier: Verifies | None = None,
    ) -> None:
        """An answerer; without a generator it quotes.

        Args:
            retriever: Where passages come from.
            encode: Texts to unit rows, as the index was encoded.
            generator: Who writes; None means word-for-word answers.
            settings: How to reach a person.
            hidden: Text for the hidden part of the prompt.
            passage_reader: What reads question and passages together, if anything.
            taught: Whether the generator was taught to write from chosen sentences;
                any other gets whole passages.
            verifier: What reads what was written beside its evidence, if anything.
        """
        self._retriever = retriever
        self._encode = encode
        self._generator = generator
        self._settings = settings
        self._hidden = hidden
        self._passage_reader = passage_reader
        self._taught = taught
        self._verifier = verifier
        self._known: tuple[str, Vocabulary, Entities] | None = None

    async def answer(
        self,
        turns: Sequence[Mapping[str, str]],
        reader: Reader | None = None,
        trace: dict[str, Any] | None = None,
        product_id: str = "",
    ) -> Answer:
        """The answer to the last turn, a customer's message.

        Args:
            turns: `{"role": "user" or "bot", "text"}`, oldest first.
            reader: Reads along, and may stop what is being written.
            trace: Filled with what happened, if given.
            product_id: The product whose page the customer is looking at; an id that
                the knowledge does not have is nothing.

        Raises:
            ValueError: The last turn is not the customer's.
            KnowledgeError: The knowledge cannot be searched.
        """
        started = time.perf_counter()
        timings: dict[str, float] = {}
        if not turns or not turns[-1]["text"].strip():
            return Answer("abstain", wording.EMPTY)
        reader = Reader() if reader is None else _timed(reader, timings, started)
        await reader.on_stage("looking_up")
        if product_id and points_back(turns[-1]["text"]):
            turns = await asyncio.to_thread(self._on_page, turns, product_id)
        known = await asyncio.to_thread(self.understand, turns, timings)
        answer = await self._respond(known, timings, trace, reader)
        timings["total"] = _ms(started)
        timings.setdefault("first_token", timings["total"])
        answer = replace(
            answer, timings=dict(timings), confidence=known.verdict.confidence
        )
        if trace is not None:
            trace.update(traced(known, answer))
        return answer

    def understand(
        self, turns: Sequence[Mapping[str, str]], timings: dict[str, float]
    ) -> Understanding:
        """Everything up to the gate's verdict; blocking, so call it in a thread."""
        begin = time.perf_counter()
        vocabulary, entities = self._knowledge()
        question = read_question(turns, lambda t: bool(entities.named_in_any_case(t)))
        # What was spoken of before a new topic would only lead the search astray.
        searched = turns if question.topic else turns[-1:]
        hits = self._retriever.search_turns(searched, TOP_K)
        timings["retrieve"] = _ms(begin)
        begin = time.perf_counter()
        readings = self._read(question, hits)
        timings["read"] = _ms(begin)
        begin = time.perf_counter()
        evidence = candidates(question, hits, self._encode, readings)
        evidence = each_named_first(question, evidence, entities)
        siblings = find_siblings(question, evidence, entities, self._encode)
        verdict = gate.decide(
            question, hits, evidence, siblings, vocabulary, self._encode, readings
        )
        timings["gate"] = _ms(begin)
        return Understanding(question, hits, evidence, siblings, verdict)

    def _on_page(
        self, turns: Sequence[Mapping[str, str]], product_id: str
    ) -> Sequence[Mapping[str, str]]:
        """The turns, with the name of the page's product before "does this fit?"."""
        title = next(
            (
                passage.title
                for passage in self._retriever.passages
                if passage.kind == "product" and passage.document_id == product_id
            ),
            "",
        )
        _, entities = self._knowledge()
        if not title or entities.named_in_any_case(turns[-1]["text"]):
            return turns
        return [*turns[:-1], {"role": "user", "text": title}, turns[-1]]

    def _read(self, question: Question, hits: Sequence[Hit]) -> dict[str, Reading]:
        """What the passage reader makes of the best hits, by passage id."""
        if self._passage_reader is None or not hits:
            return {}
        passages = [hit.passage for hit in hits[:READ]]
        found = self._passage_reader.read(question.standalone, passages)
        return {p.id: reading for p, reading in zip(passages, found, strict=True)}

    async def aclose(self) -> None:
        """Close what the answerer was given."""
        if self._generator is not None:
            await self._generator.aclose()

    async def _respond(
        self,
        known: Understanding,
        timings: dict[str, float],
        trace: dict[str, Any] | None,
        reader: Reader,
    ) -> Answer:
        verdict, hits = known.verdict, tuple(known.hits)
        foreign = language.foreign_language(known.question.text)
        if verdict.decision == "escalate":
            text = wording.escalate(verdict.reason, self._settings)
            return Answer("escalate", text, passages=hits)
        if foreign is not None and self._speaks_english():
            return Answer("abstain", language.only_english(foreign), passages=hits)
        side_by_side = self._compare(known.question)
        if side_by_side is not None:
            text, cited = side_by_side
            return Answer("answer", text, citations=cited, passages=hits)
        if verdict.decision == "ask":
            open_ = known.siblings
            text = wording.ask_which(
                open_.noun, open_.choices, open_.lines, open_.about
            )
            cited = compose.citations(open_.source)
            return Answer("ask", text, open_.choices, cited, passages=hits)
        chosen = compose.choose(known.evidence)
        if verdict.decision == "abstain" or not chosen:
            return Answer("abstain", wording.abstain(self._settings), passages=hits)
        written = await self._write(known, timings, trace, reader)
        if written is not None:
            return written
        return Answer(
            "answer",
            compose.verbatim(chosen),
            citations=compose.citations(chosen),
            passages=hits,
        )

    def _compare(self, question: Question) -> tuple[str, tuple[Citation, ...]] | None:
        _, entities = self._knowledge()
        products = compared(question, entities)
        return compare(products, self._retriever.passages) if products else None

    def _speaks_english(self) -> bool:
        """Whether the knowledge is in English only."""
        return all(p.locale.startswith("en") for p in self._retriever.passages)

    async def _write(
        self,
        known: Understanding,
        timings: dict[str, float],
        trace: dict[str, Any] | None,
        reader: Reader,
    ) -> Answer | None:
        """The model's reply with citations, or None when it must not be shown."""
        if self._generator is None:
            return None
        begin = time.perf_counter()
        _, entities = self._knowledge()
        hits = without_siblings(known.question, _in_order_of_use(known), entities)
        evidence = await asyncio.to_thread(_evidence, hits, known.question)
        sentences = SentenceStream(lambda text: self._may_be_read(text, evidence))
        await reader.on_stage("writing")
        messages = self._messages(known, hits)
        try:
            pieces = self._generator.stream(messages, max_tokens=MAX_TOKENS)
            complete = await read_along(pieces, sentences, reader)
        except GenerationError as error:
            _log.warning("Quoting evidence instead of generating: %s", error)
            timings["generate"] = _ms(begin)
            return None
        timings["generate"] = _ms(begin)
        await reader.on_stage("checking")
        begin = time.perf_counter()
        draft = (sentences.text if complete else sentences.released).strip()
        claims = await asyncio.to_thread(
            check, draft, [], evidence=evidence, verifier=self._verifier
        )
        timings["check"] = _ms(begin)
        if trace is not None:
            trace["prompt"] = prompt.WRITER_VERSION if self._taught else prompt.VERSION
            trace["draft"] = sentences.text
            trace["claims"] = [
                {"text": c.text, "support": c.support, "quote": c.quote} for c in claims
            ]
        if complete and (
            sentences.failed or not self._acceptable(draft, claims, known)
        ):
            return None
        return Answer(
            "answer",
            draft or wording.STOPPED,
            citations=compose.claim_citations(claims, hits),
            passages=tuple(known.hits),
            generated=bool(draft),
            stopped=not complete,
        )

    def _messages(
        self, known: Understanding, hits: Sequence[Hit]
    ) -> list[dict[str, str]]:
        if not self._taught:
            return prompt.build_messages(known.question, hits, self._hidden)
        chosen = compose.choose(known.evidence)
        return prompt.writer_messages(known.question.standalone, chosen, self._hidden)

    def _may_be_read(self, sentence: str, evidence: Evidence) -> bool:
        """Whether a sentence may be shown before the rest of the reply is known."""
        if self._is_internal(sentence):
            return False
        claim = check_claim(sentence, evidence, self._verifier)
        return claim.support >= shipped_threshold()

    def _is_internal(self, text: str) -> bool:
        """Whether a text holds what the model was told, or says that it cannot tell."""
        if prompt.is_silent(text) or prompt.MARKER.search(text):
            return True
        return bool(self._hidden) and self._hidden.lower() in text.lower()

    def _acceptable(
        self, draft: str, claims: Sequence[Claim], known: Understanding
    ) -> bool:
        """Whether every claim is supported and the reply is about the question."""
        text = draft.strip()
        if not is_sound(claims) or self._is_internal(text):
            return False
        if text[-1] not in ".!?)" or len(text) > compose.MAX_CHARACTERS:
            return False
        limit = shipped_threshold()
        if any(claim.support < limit for claim in claims):
            return False
        return self._says_enough(text, known)

    def _says_enough(self, text: str, known: Understanding) -> bool:
        """Whether the reply is at least as close to the question as the evidence."""
        best = known.evidence[0]
        rows = self._encode([known.question.standalone, text, best.unit.text])
        near, wanted = float(rows[0] @ rows[1]), float(rows[0] @ rows[2])
        asked = facts.content_stems(known.question.standalone)
        return bool(asked) and near >= wanted - 0.05

    def _knowledge(self) -> tuple[Vocabulary, Entities]:
        version = self._retriever.version
        known = self._known
        if known is None or known[0] != version:
            passages = self._retriever.passages
            known = (version, Vocabulary(passages), Entities(passages))
            self._known = known
        return known[1], known[2]


def _in_order_of_use(known: Understanding) -> list[Hit]:
    """Passages for the prompt: those of the best sentences first."""
    ordered = [candidate.hit for candidate in compose.choose(known.evidence)]
    ordered += known.hits
    return list({hit.passage.id: hit for hit in ordered}.values())


def _evidence(hits: Sequence[Hit], question: Question) -> Evidence:
    """What the reply is checked against: the passages of the prompt."""
    used = hits[: prompt.MAX_PASSAGES]
    passages = [compose.clean_passage(hit.passage.text) for hit in used]
    titles = [hit.passage.title for hit in used]
    return Evidence(passages, titles, question.standalone)


def _timed(reader: Reader, timings: dict[str, float], started: float) -> Reader:
    """The reader, with the time of the first sentence noted."""

    async def on_delta(text: str) -> None:
        timings.setdefault("first_token", _ms(started))
        await reader.on_delta(text)

    return replace(reader, on_delta=on_delta)


def _ms(begin: float) -> float:
    return round(1000.0 * (time.perf_counter() - begin), 2)
