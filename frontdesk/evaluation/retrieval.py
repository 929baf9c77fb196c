"""How well the retriever finds documents, and how fast."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from frontdesk.evaluation import figures
from frontdesk.evaluation.sets import EvaluationError, read_lines, with_progress

if TYPE_CHECKING:
    from frontdesk.knowledge.encoder import Encoder

Turns = Sequence[dict[str, str]]
Search = Callable[[Turns], Sequence[str]]
"""A conversation to the ids of the documents found, best first, each once."""

N_DOCUMENTS = 10


@dataclass(frozen=True)
class Query:
    """A conversation and the documents that answer its last turn."""

    id: str
    turns: tuple[dict[str, str], ...]
    relevant: frozenset[str]


def read_queries(set_dir: Path, split: str) -> list[Query]:
    """The queries of `queries_<split>.jsonl` that name relevant documents.

    Raises:
        EvaluationError: The file is missing, malformed, or names none.
    """
    path = set_dir / f"queries_{split}.jsonl"
    rows = [row for row in read_lines(path, ("id", "text")) if row.get("relevant")]
    if not rows:
        raise EvaluationError(
            f"No query in {str(path)!r} names relevant documents; add some."
        )
    return [
        Query(
            id=str(row["id"]),
            turns=tuple(row.get("turns") or [{"role": "user", "text": row["text"]}]),
            relevant=frozenset(row["relevant"]),
        )
        for row in rows
    ]


def evaluate_retrieval(
    queries: Sequence[Query],
    search: Search,
    rankings: list[Sequence[str]] | None = None,
) -> dict[str, Any]:
    """The measures over documents, averaged over the queries, and milliseconds.

    The first search is repeated, so that loading is not timed. `rankings` gets what
    was found for each query.
    """
    search(queries[0].turns)
    rows, times = [], []
    for query in with_progress(queries, "queries"):
        start = time.perf_counter()
        found = search(query.turns)
        times.append((time.perf_counter() - start) * 1000)
        rows.append(measure(found, query.relevant))
        if rankings is not None:
            rankings.append(found)
    averages = {name: figures.mean([row[name] for row in rows]) for name in rows[0]}
    return {
        **averages,
        "n": len(queries),
        "ms_p50": figures.percentile(times, 50),
        "ms_p95": figures.percentile(times, 95),
    }


def measure(found: Sequence[str], relevant: frozenset[str]) -> dict[str, float]:
    """The measures of one ranking; every relevant document counts the same."""
    hits = [document in relevant for document in found[:N_DOCUMENTS]]
    first = hits.index(True) + 1 if any(hits) else 0
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(relevant), 5) + 1))
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(hits[:5], 1) if hit)
    return {
        "hit@1": float(any(hits[:1])),
        "hit@3": float(any(hits[:3])),
        "hit@5": float(any(hits[:5])),
        "recall@5": sum(hits[:5]) / len(relevant),
        "recall@10": sum(hits) / len(relevant),
        "mrr@10": 1 / first if first else 0.0,
        "ndcg@5": gain / ideal,
    }


def recall_curve(found: Iterable[tuple[Sequence[str], frozenset[str]]]) -> list[float]:
    """recall@1 to recall@10, averaged over (ranking, relevant documents)."""
    cases = list(found)
    return [
        sum(
            len(relevant & set(ranking[:k])) / len(relevant)
            for ranking, relevant in cases
        )
        / len(cases)
        for k in range(1, N_DOCUMENTS + 1)
    ]


def distinct(document_ids: Iterable[str]) -> list[str]:
    """The ids in order, each once."""
    return list(dict.fromkeys(document_ids))


def cached_index(set_dir: Path, root: Path, encoder: Encoder) -> Path:
    """The folder of an index of the set's passages, built at the first call.

    It lies under `root`, named by the passages' content and the encoder.

    Raises:
        EvaluationError: The set has no passages.
    """
    from frontdesk.knowledge import build_index

    passages = set_dir / "passages.jsonl"
    if not passages.is_file():
        raise EvaluationError(f"There is no file {str(passages)!r}; correct the path.")
    content = passages.read_bytes() + encoder.name.encode()
    index = root / hashlib.sha256(content).hexdigest()[:16]
    with tqdm(desc="encoding", delay=2, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        build_index(set_dir, index, encoder, progress)
    return index
