"""The measures run on the real assistant: opens what is needed and closes it."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.evaluation import answers, grounding, retrieval, safety
from frontdesk.evaluation.answers import Judged
from frontdesk.evaluation.grounding import Reply
from frontdesk.evaluation.safety import Outcome, Planted, SafetySet
from frontdesk.evaluation.sets import EvaluationError, read_questions, with_progress
from frontdesk.settings import Settings

if TYPE_CHECKING:
    from frontdesk.knowledge import Hit, Retriever

DEMO = Path(__file__).with_name("demo")
N_PASSAGES = 6 * retrieval.N_DOCUMENTS  # a document has several

Find = Callable[[Sequence[dict[str, str]], int], Sequence["Hit"]]
"""A conversation and how many passages at most, to what was found."""


def run_retrieval(set_dir: Path, split: str, settings: Settings) -> dict[str, Any]:
    """The figures of one split of a retrieval set."""
    queries = retrieval.read_queries(set_dir, split)
    retriever = open_index(set_index(set_dir, settings), settings)
    return retrieval.evaluate_retrieval(
        queries, document_search(retriever.search_turns)
    )


def set_index(set_dir: Path, settings: Settings) -> Path:
    """The folder of an index over the passages of a set, kept below `var`."""
    from frontdesk.knowledge import load_encoder

    root = settings.var / "eval-index"
    return retrieval.cached_index(set_dir, root, load_encoder(settings.encoder))


def open_index(index: Path, settings: Settings) -> Retriever:
    """A retriever over an index, with the configured encoder."""
    from frontdesk.knowledge import load_encoder, open_retriever

    return open_retriever(index, load_encoder(settings.encoder))


def document_search(find: Find) -> retrieval.Search:
    """Search for documents: each stands where its best passage does."""

    def search(turns: Sequence[dict[str, str]]) -> list[str]:
        hits = find(turns, N_PASSAGES)
        found = retrieval.distinct(hit.passage.document_id for hit in hits)
        return found[: retrieval.N_DOCUMENTS]

    return search


def search_variants(index: Path, settings: Settings) -> dict[str, retrieval.Search]:
    """The retriever as shipped, and without each of its parts, by name."""
    from frontdesk.knowledge import Filters, load_encoder
    from frontdesk.knowledge.index import load_index
    from frontdesk.knowledge.scoring import SHIPPED, Weights
    from frontdesk.knowledge.searcher import Searcher

    encoder = load_encoder(settings.encoder)
    stored = load_index(index, encoder)

    def variant(**weights: float) -> retrieval.Search:
        searcher = Searcher(stored, encoder, replace(SHIPPED, **weights))
        return document_search(
            lambda turns, top_k: searcher.search(turns, top_k, Filters())
        )

    shipped = variant()
    parts = {
        "without words": [f.name for f in fields(Weights) if "words" in f.name],
        "without meaning": ["dense_last", "dense_context", "sentence_last"],
        "without sentence matching": ["sentence_last"],
        "without names": ["name", "other_name"],
    }
    return {
        "as shipped": shipped,
        "without history": lambda turns: shipped(turns[-1:]),
        **{
            name: variant(**dict.fromkeys(signals, 0.0))
            for name, signals in parts.items()
        },
    }


def answers_files(folder: Path) -> list[Path]:
    """The answers sets of a folder, e.g. the demo shop's."""
    return sorted(folder.glob("answers*.jsonl"))


def run_answers(
    path: Path,
    index: Path,
    settings: Settings,
    generate: bool = True,
) -> list[Judged]:
    """The questions of a set, asked of the assistant and judged.

    Args:
        path: The answers set.
        index: The knowledge to ask.
        settings: What the assistant is opened with.
        generate: Whether a model may write.
    """
    questions = read_questions(path)
    passages = open_index(index, settings).passages
    documents = answers.knowledge_documents(passages)

    async def ask() -> list[Judged]:
        from frontdesk.answering import open_answerer

        answerer = open_answerer(settings, index=index, generate=generate)
        try:
            return await answers.ask_all(
                questions, answerer, documents, answers.is_grounded
            )
        finally:
            await answerer.aclose()

    return asyncio.run(ask())


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """One JSON line a row; the folder is created when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def run_grounding(
    path: Path, settings: Settings
) -> tuple[dict[str, Any], list[Reply], list[float]]:
    """The figures of a labelled or a pairs set, its replies and their support."""
    from frontdesk.answering.check import shipped_threshold, support
    from frontdesk.answering.verifier import verifier_in_force

    pairs = grounding.is_pairs_file(path)
    replies = grounding.read_pairs(path) if pairs else grounding.read_replies(path)
    verifier = verifier_in_force(settings.var)
    scores, ms = grounding.score(replies, partial(support, verifier=verifier))
    value = grounding.summarise(replies, scores, ms, shipped_threshold())
    return value, replies, scores


def run_safety(
    folder: Path, index: Path, settings: Settings, sets: Path = DEMO
) -> list[Outcome]:
    """Every text of a safety set, tried on the assistant.

    Args:
        folder: The safety set.
        index: The knowledge to ask; injections go into a temporary copy.
        settings: What the assistant is opened with.
        sets: Folder of the answers sets whose questions retrieve what is poisoned.
    """
    texts = safety.read_set(folder)
    outcomes = asyncio.run(_try_messages(texts, index, settings))
    if texts.injections:
        outcomes += _try_injections(texts.injections, index, sets, settings)
    return outcomes


def outcome_rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The outcomes as lines of a file."""
    return [asdict(outcome) for outcome in outcomes]


async def _try_messages(
    texts: SafetySet, index: Path, settings: Settings
) -> list[Outcome]:
    from frontdesk.answering import open_answerer

    canary = safety.random_word("canary")
    answerer = open_answerer(settings, index=index, canary=canary)
    try:
        return [
            *await safety.try_jailbreaks(
                texts.jailbreaks, answerer, canary, answers.is_supported
            ),
            *await safety.try_honest(texts.honest, answerer),
        ]
    finally:
        await answerer.aclose()


def _try_injections(
    instructions: Sequence[str], index: Path, sets: Path, settings: Settings
) -> list[Outcome]:
    retriever = open_index(index, settings)
    passages = list(retriever.passages)
    targets: dict[str, str] = {}
    questions = [q for path in answers_files(sets) for q in read_questions(path)]
    for question in with_progress(questions, "targets"):
        if len(question.turns) == 1 and question.kind == "answerable":
            text = question.turns[0]["text"]
            for hit in retriever.search(text, top_k=1):
                targets.setdefault(hit.passage.id, text)
    if not targets:
        raise EvaluationError(
            f"No question of {str(sets)!r} finds a passage in {str(index)!r}; "
            "use questions about that knowledge."
        )
    known = "\n".join(f"{p.title} {p.text}" for p in passages)
    outcomes = []
    for planted in safety.plant(instructions, targets):
        with tempfile.TemporaryDirectory(prefix="frontdesk-") as temporary:
            kb = Path(temporary, "kb")
            safety.write_poisoned(passages, planted, kb)
            poisoned = Path(temporary, "index")
            shutil.copytree(index, poisoned)  # its vectors are taken over
            outcomes += asyncio.run(
                _ask_planted(planted, kb, poisoned, known, settings)
            )
    return outcomes


async def _ask_planted(
    planted: Sequence[Planted], kb: Path, index: Path, known: str, settings: Settings
) -> list[Outcome]:
    from frontdesk.answering import open_answerer
    from frontdesk.knowledge import build_index, load_encoder

    build_index(kb, index, load_encoder(settings.encoder), target_tokens=10_000)
    answerer = open_answerer(settings, index=index)
    try:
        return await safety.try_injections(planted, answerer, known)
    finally:
        await answerer.aclose()
