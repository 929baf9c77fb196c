import sys
from pathlib import Path

import pytest

from frontdesk.evaluation import intents
from frontdesk.evaluation.sets import EvaluationError

FIGURES = '{"accuracy": 0.5, "oos_f1": null, "n": 2}'


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose evaluation module is written by the test."""
    module = tmp_path / "addons" / "nlu" / "evaluate.py"
    module.parent.mkdir(parents=True)
    for package in (module.parent, module.parent.parent):
        (package / "__init__.py").touch()  # a package wins over ours on the path
    monkeypatch.setenv("FRONTDESK_RASA_PYTHON", sys.executable)

    def write(code):
        module.write_text(code)
        return tmp_path

    return write


def test_the_figures_come_from_the_rasa_environment(project):
    root = project(f"import sys\nprint('noise')\nprint('{FIGURES}')\n")
    value = intents.evaluate_intents(Path("a.csv"), Path("b.csv"), root)
    assert value == {"accuracy": 0.5, "oos_f1": None, "n": 2}


def test_the_files_are_passed_as_absolute_paths(project):
    root = project(
        "import sys, pathlib\n"
        "assert all(pathlib.Path(each).is_absolute() for each in sys.argv[1:])\n"
        f"print('{FIGURES}')\n"
    )
    assert intents.evaluate_intents(Path("a.csv"), Path("b.csv"), root)["n"] == 2


def test_a_failure_is_told_in_its_own_words(project):
    root = project("import sys\nsys.exit('There is no file; name a CSV file.')\n")
    with pytest.raises(EvaluationError, match="no file; name a CSV file"):
        intents.evaluate_intents(Path("a.csv"), Path("b.csv"), root)


def test_a_missing_environment_says_what_to_do(tmp_path):
    with pytest.raises(EvaluationError, match="Run make setup"):
        intents.rasa_python(tmp_path, {})
