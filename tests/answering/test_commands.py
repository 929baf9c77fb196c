import json
from pathlib import Path

import pytest

from frontdesk.answering import Answer, Citation, commands
from frontdesk.answering.trace import write_trace


def test_a_history_file_is_read_as_turns(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    turns = [{"role": "user", "text": "Hi"}, {"role": "bot", "text": "Hello"}]
    file.write_text(json.dumps(turns), "utf-8")
    assert commands.read_history(file) == turns
    assert commands.read_history(None) == []


@pytest.mark.parametrize("text", ["", "{}", '[{"role": "agent", "text": "x"}]', "[1]"])
def test_another_history_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "history.json"
    file.write_text(text, "utf-8")
    with pytest.raises(commands.HistoryError, match=r"history\.json"):
        commands.read_history(file)


def test_a_missing_history_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(commands.HistoryError, match=r"none.json.*cannot be read"):
        commands.read_history(tmp_path / "none.json")


def test_an_answer_is_printed_with_choices_and_sources() -> None:
    citation = Citation("mira", "Mira 1.5", "https://shop.example/mira", "quote")
    answer = Answer("ask", "Which one?", choices=("A", "B"), citations=(citation,))
    assert commands.shown(answer).splitlines() == [
        "Which one?",
        "  1. A",
        "  2. B",
        "Source: Mira 1.5 - https://shop.example/mira",
    ]


def test_explain_prints_the_last_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_VAR", str(tmp_path))
    write_trace(tmp_path, "anna", {"question": "first question"})
    write_trace(tmp_path, "anna", {"question": "second question"})
    assert commands.explain_command("anna") == 0
    assert "second question" in capsys.readouterr().out
    assert commands.explain_command("anna", 3) == 1
    assert "has 2 traced turns" in capsys.readouterr().err
    assert commands.explain_command("bert") == 1
    assert "'bert' has no trace" in capsys.readouterr().err
