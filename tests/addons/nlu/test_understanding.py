import json

import pytest

from addons.nlu.understanding import (
    Case,
    Reading,
    figures,
    main,
    read_cases,
    unmarked,
)

NUMBER = ("order_number", 9, 18)


def test_marked_entities_become_spans_of_the_plain_text():
    text, spans = unmarked("where is [LO-104233](order_number) or [Mira 1.5](product)?")
    assert text == "where is LO-104233 or Mira 1.5?"
    assert spans == {NUMBER, ("product", 22, 30)}
    assert unmarked("[sic] nothing (here)") == ("[sic] nothing (here)", frozenset())


def test_figures_count_a_mixed_request_as_right_either_way():
    cases = [
        Case("where is LO-104233", ("track_order",), frozenset({NUMBER})),
        Case("stop it, where is it", ("cancel_order", "track_order"), frozenset()),
        Case("send it back", ("start_return",), frozenset()),
        Case("bye", ("goodbye",), frozenset()),
    ]
    readings = [
        Reading("track_order", frozenset({NUMBER, ("date", 0, 5)})),
        Reading("track_order", frozenset()),
        Reading("oos", frozenset()),
        Reading("goodbye", frozenset()),
    ]
    found = figures(cases, readings)
    assert found["accuracy"] == 0.75
    assert found["accuracy_mixed"] == 1.0
    assert found["macro_f1"] == 0.6667  # track_order 1, start_return 0, goodbye 1
    assert (found["entity_precision"], found["entity_recall"]) == (0.5, 1.0)
    assert found["entity_f1"] == 0.6667
    assert found["confused"] == {"start_return as oos": 1}


@pytest.mark.parametrize("line", ["[]", '{"text": "a"}', "nonsense", '{"intent": 1}'])
def test_a_line_that_is_no_message_is_named(tmp_path, line):
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({"intent": "a", "text": "b"}) + "\n" + line + "\n")
    with pytest.raises(ValueError, match="Line 2"):
        read_cases(path)


def test_a_missing_set_is_one_sentence(tmp_path, capsys):
    assert main([str(tmp_path / "none.jsonl")]) == 1
    assert "There is no file" in capsys.readouterr().err
