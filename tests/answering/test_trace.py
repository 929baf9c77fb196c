from pathlib import Path

from frontdesk.answering.trace import read_traces, readable, trace_file, write_trace


def test_turns_are_kept_in_order(tmp_path: Path) -> None:
    write_trace(tmp_path, "anna", {"question": "first", "decision": "answer"})
    write_trace(tmp_path, "anna", {"question": "second", "decision": "abstain"})
    turns = read_traces(tmp_path, "anna")
    assert [turn["question"] for turn in turns] == ["first", "second"]


def test_an_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    path = write_trace(tmp_path, "../../etc/passwd", {"question": "x"})
    assert path.parent == tmp_path / "traces"
    assert trace_file(tmp_path, "").parent == tmp_path / "traces"


def test_text_that_utf8_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    write_trace(tmp_path, "anna", {"question": "lone \ud800 surrogate"})
    assert read_traces(tmp_path, "anna")[0]["question"].startswith("lone ")


def test_one_turn_is_printed_readably() -> None:
    turns = [
        {"question": "first", "decision": "answer", "confidence": 0.8, "text": "Yes."},
        {"question": "second", "decision": "abstain", "text": "No idea."},
    ]
    text = readable(turns, 1)
    assert "first" in text
    assert "answer  (p answer 0.80)" in text
    assert "second" not in text
