import json

import pytest

from addons.nlu import evaluate
from addons.nlu.evaluate import Verdict, figures, read_examples
from tests.fakes_nlu import examples


def test_figures_of_a_test_with_messages_out_of_scope():
    verdicts = [
        Verdict("a", "a"),
        Verdict("a", "oos"),
        Verdict("b", "b"),
        Verdict("a", "oos"),
        Verdict("b", "b"),
    ]
    found = figures(["a", "a", "b", "oos", "oos"], verdicts)
    assert found["accuracy"] == 0.6
    assert found["accuracy_in_scope"] == 1.0
    assert found["oos_precision"] == found["oos_recall"] == found["oos_f1"] == 0.5


def test_figures_without_messages_out_of_scope_are_none():
    found = figures(["a", "b"], [Verdict("a", "a"), Verdict("a", "a")])
    assert found["accuracy"] == found["accuracy_in_scope"] == 0.5
    assert found["oos_f1"] is None


def test_a_file_without_the_column_is_named(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(ValueError, match="has no column 'intent'"):
        read_examples(path)


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Rasa's imports
def test_the_pipeline_of_the_project_is_trained_and_tested(tmp_path, capsys):
    path = tmp_path / "examples.csv"
    rows = [f"{text},{intent}\n" for text, intent in zip(*examples(), strict=True)]
    path.write_text("text,intent\n" + "".join(rows))
    assert evaluate.main([str(path), str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accuracy_in_scope"] == 1.0
    assert found["n"] == 35
    assert found["ms_per_message"] > 0


def test_a_missing_file_is_one_sentence(tmp_path, capsys):
    missing = str(tmp_path / "none.csv")
    assert evaluate.main([missing, missing]) == 1
    assert capsys.readouterr().err == (
        f"There is no file {missing!r}; name a CSV file.\n"
    )
