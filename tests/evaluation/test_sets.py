import pytest

from frontdesk.evaluation.sets import EvaluationError, read_lines, read_questions


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(EvaluationError, match=r"There is no file '.*none\.jsonl'"):
        read_lines(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Line 2 .* is no JSON"),
        ('{"id": "b"}', "Line 2 .* has no 'kind'"),
        ("[1]", "Line 2 .* has no 'id'"),
        ('{"id": "b", "kind": "odd", "turns": []}', "'b' .* has the kind 'odd'"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    path = tmp_path / "set.jsonl"
    path.write_text('{"id": "a", "kind": "followup", "turns": []}\n' + line + "\n")
    with pytest.raises(EvaluationError, match=message):
        read_questions(path)


def test_an_empty_set_is_refused(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text("\n")
    with pytest.raises(EvaluationError, match="holds no question"):
        read_questions(path)


def test_a_question_needs_only_id_kind_and_turns(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text(
        '{"id": 1, "kind": "answerable", "turns": [{"role": "user", "text": "hi"}],'
        ' "facts": [["a", "b"]]}\n'
    )
    [question] = read_questions(path)
    assert question.id == "1"
    assert question.facts == (("a", "b"),)
    assert question.relevant == question.wrong == ()
