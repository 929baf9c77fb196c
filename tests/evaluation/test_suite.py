import json

import pytest

from frontdesk.evaluation import suite
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
