import json

import pytest

from frontdesk.evaluation import commands, suite
from frontdesk.evaluation.sets import EvaluationError
from frontdesk.settings import Settings


def test_each_training_file_is_tested_and_oos_belongs_to_train(tmp_path):
    for name in (
        "bank/train.csv",
        "bank/train_10.csv",
        "bank/train_oos.csv",
        "bank/valid.csv",
        "shop/train.csv",  # nothing to test on
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text,intent\n")
    found = [(a.name, b.name) for a, b in suite.intent_files(tmp_path)]
    assert found == [("train.csv", "valid.csv"), ("train_10.csv", "valid.csv")]


def test_a_folder_without_sets_is_refused(tmp_path):
    with pytest.raises(EvaluationError, match="holds no set"):
        suite.run_all(tmp_path, Settings())
    with pytest.raises(EvaluationError, match="There is no folder"):
        suite.run_all(tmp_path / "none", Settings())


def test_a_set_that_cannot_be_used_does_not_stop_the_others(tmp_path):
    folder = tmp_path / "grounding"
    folder.mkdir()
    row = {"passage": "It is red.", "response": "It is red."}
    for name, label in (("a", "Odd"), ("b", "Fully attributable")):
        (folder / f"{name}.jsonl").write_text(json.dumps({**row, "label": label}))
    name, measured, failed = suite.run_all(tmp_path, Settings(var=tmp_path / "var"))
    assert name == tmp_path.name
    assert [one.name for one in measured] == ["b"]
    assert len(failed) == 1
    assert "label 'Odd'" in failed[0]


def test_every_set_of_a_folder_is_a_job_with_a_name_of_its_own(tmp_path):
    for name in (
        "retrieval/bank/queries_dev.jsonl",
        "retrieval/bank/queries_test.jsonl",
        "answers/bank_dev.jsonl",
        "intents/bank/train.csv",
        "intents/bank/test.csv",
        "intents/bank/valid.csv",
        "grounding/pairs.jsonl",
        "safety/jailbreaks.jsonl",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n" * 600)
    jobs = suite.folder_jobs(tmp_path, Settings(), tmp_path)
    assert {job.name: round(job.seconds) for job in jobs} == {
        "retrieval bank dev": 72,
        "retrieval bank test": 72,
        "retrieval of answers bank_dev": 72,
        "answers bank_dev": 2160,  # 900 written replies, 1,200 turns understood
        "intents bank train test": 60,
        "intents bank train valid": 60,
        "grounding pairs": 6,
        "safety": 1800,
    }


def test_answers_without_relevant_documents_are_no_retrieval_set(tmp_path):
    path = tmp_path / "answers.jsonl"
    turns = [{"role": "user", "text": "Hm?"}]
    path.write_text(json.dumps({"id": "1", "kind": "unanswerable", "turns": turns}))
    with pytest.raises(EvaluationError, match="names relevant documents"):
        suite.measure_question_retrieval(path, lambda: tmp_path, Settings())


def test_what_is_kept_goes_once_the_report_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(suite, "fingerprint", lambda settings: "code 1")
    kept = suite.kept_folder("sets", Settings.from_environ())
    path = tmp_path / "sets/grounding/a.jsonl"
    path.parent.mkdir(parents=True)
    row = {"passage": "It is red.", "response": "It is red."}
    path.write_text(json.dumps({**row, "label": "Fully attributable"}))
    path.with_name("b.jsonl").write_text(json.dumps({**row, "label": "Odd"}))
    assert commands.all_command(tmp_path / "sets") == 1
    assert [one.name for one in kept.iterdir()] == ["grounding-a.json"]
    path.with_name("b.jsonl").unlink()
    assert commands.all_command(tmp_path / "sets") == 0
    assert "0 of 1 sets to measure" in capsys.readouterr().err
    assert not kept.exists()
