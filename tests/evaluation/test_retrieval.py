import json
import math

import pytest

from frontdesk.evaluation import retrieval
from frontdesk.evaluation.sets import EvaluationError


def write_queries(folder, rows):
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "queries_dev.jsonl").write_text(lines)


def test_queries_without_relevant_documents_are_skipped(tmp_path):
    turns = [{"role": "bot", "text": "Hello"}, {"role": "user", "text": "b"}]
    write_queries(
        tmp_path,
        [
            {"id": "1", "text": "a", "relevant": ["x"]},
            {"id": "2", "text": "a", "relevant": []},
            {"id": "3", "text": "b", "turns": turns, "relevant": ["x", "y"]},
        ],
    )
    first, second = retrieval.read_queries(tmp_path, "dev")
    assert first.turns == ({"role": "user", "text": "a"},)
    assert second.turns == tuple(turns)
    assert second.relevant == {"x", "y"}


def test_a_split_without_relevant_documents_is_refused(tmp_path):
    write_queries(tmp_path, [{"id": "2", "text": "a", "relevant": []}])
    with pytest.raises(EvaluationError, match="names relevant documents"):
        retrieval.read_queries(tmp_path, "dev")


def test_an_unknown_split_is_named(tmp_path):
    with pytest.raises(EvaluationError, match=r"queries_test\.jsonl"):
        retrieval.read_queries(tmp_path, "test")


def test_measures_of_one_ranking():
    found = ["a", "x", "b", "c", "d", "y"]
    measured = retrieval.measure(found, frozenset({"x", "y"}))
    assert measured == {
        "hit@1": 0.0,
        "hit@3": 1.0,
        "hit@5": 1.0,
        "recall@5": 0.5,
        "recall@10": 1.0,
        "mrr@10": 0.5,
        "ndcg@5": pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3))),
    }


def test_nothing_found_measures_zero():
    assert set(retrieval.measure([], frozenset({"x"})).values()) == {0.0}


def test_the_eleventh_document_does_not_count():
    found = [f"d{n}" for n in range(10)] + ["x"]
    assert retrieval.measure(found, frozenset({"x"}))["mrr@10"] == 0.0


def test_a_perfect_ranking_has_a_gain_of_one():
    relevant = frozenset("abcdefg")
    assert retrieval.measure("abcdefg", relevant)["ndcg@5"] == 1.0


def test_the_search_sees_the_conversation_and_is_averaged():
    asked = []

    def search(turns):
        asked.append(turns[-1]["text"])
        return ["x", "y"]

    queries = [
        retrieval.Query("1", ({"role": "user", "text": "a"},), frozenset({"x"})),
        retrieval.Query("2", ({"role": "user", "text": "b"},), frozenset({"y"})),
    ]
    value = retrieval.evaluate_retrieval(queries, search)
    assert asked == ["a", "a", "b"]
    assert (value["hit@1"], value["mrr@10"], value["n"]) == (0.5, 0.75, 2)
    assert value["ms_p50"] <= value["ms_p95"]


def test_recall_grows_with_k():
    curve = retrieval.recall_curve([(["a", "x"], frozenset({"x"}))])
    assert curve == [0.0] + [1.0] * 9
