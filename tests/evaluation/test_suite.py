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
        list(suite.run_folder(tmp_path, Settings(), tmp_path))
    with pytest.raises(EvaluationError, match="There is no folder"):
        list(suite.run_folder(tmp_path / "none", Settings(), tmp_path))
