import json

import pytest

from frontdesk.evaluation import grounding
from frontdesk.evaluation.sets import EvaluationError


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labelled(response, label):
    return {"passage": "p", "message": "m", "response": response, "label": label}


def pair(reply, label, alteration=""):
    return {"passage": "p", "reply": reply, "label": label, "alteration": alteration}


def test_generic_replies_are_left_out(tmp_path):
    path = write(
        tmp_path / "set.jsonl",
        [
            labelled("a", "Fully attributable"),
            labelled("b", "Generic"),
            labelled("c", "Not fully attributable"),
        ],
    )
    replies = grounding.read_replies(path)
    assert [(r.text, r.supported) for r in replies] == [("a", True), ("c", False)]


def test_an_unknown_label_is_named(tmp_path):
    path = write(tmp_path / "set.jsonl", [labelled("a", "Maybe")])
    with pytest.raises(EvaluationError, match="label 'Maybe'"):
        grounding.read_replies(path)


def test_a_pairs_file_is_recognised(tmp_path):
    pairs = write(tmp_path / "pairs.jsonl", [pair("a", "supported")])
    other = write(tmp_path / "set.jsonl", [labelled("a", "Generic")])
    assert grounding.is_pairs_file(pairs)
    assert not grounding.is_pairs_file(other)


def test_the_check_sees_reply_and_passage():
    asked = []

    def support(reply, passages):
        asked.append((reply, passages))
        return 0.5

    scores, ms = grounding.score([grounding.Reply("p", "r", True)], support)
    assert asked == [("r", ["p"])]
    assert scores == [0.5]
    assert ms >= 0


def test_low_support_of_unsupported_replies_is_good():
    replies = [
        grounding.Reply("p", "a", True),
        grounding.Reply("p", "b", False),
        grounding.Reply("p", "c", False),
    ]
    value = grounding.summarise(replies, [0.9, 0.1, 0.6], 2.345, 0.5)
    assert value["auc"] == 1.0
    assert value["f1"] == pytest.approx(2 / 3)
    assert (value["n"], value["ms_per_check"]) == (3, 2.35)
    assert "by_alteration" not in value


def test_each_alteration_is_compared_with_all_supported_replies(tmp_path):
    path = write(
        tmp_path / "pairs.jsonl",
        [
            pair("a", "supported", "number"),
            pair("b", "altered", "number"),
            pair("c", "supported", "negation"),
            pair("d", "altered", "negation"),
        ],
    )
    replies = grounding.read_pairs(path)
    value = grounding.summarise(replies, [0.9, 0.1, 0.4, 0.6], 1.0, 0.5)
    assert value["by_alteration"] == {
        "negation": {"auc": 0.5, "caught": 0.0, "n": 1},
        "number": {"auc": 1.0, "caught": 1.0, "n": 1},
    }
    assert value["auc"] == 0.75
