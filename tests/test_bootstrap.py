from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from frontdesk.bootstrap import SetupError
from frontdesk.bootstrap.environments import locked
from frontdesk.bootstrap.interpreters import find_python, probe
from frontdesk.bootstrap.plan import GOALS, plan
from frontdesk.bootstrap.progress import Board, seconds
from frontdesk.bootstrap.rasa_tests import intent_accuracy, right_conversations
from frontdesk.bootstrap.steps import (
    Step,
    files_below,
    run_command,
    run_steps,
    with_needs,
)
from frontdesk.settings import Settings

LOCKS = Path("requirements")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


class House:
    """Steps that note their runs and write their output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.broken: set[str] = set()
        self.steps: dict[str, Step] = {}

    def add(self, name: str, *needs: str) -> None:
        source = self.folder / f"{name}.txt"
        source.write_text("1")
        self.steps[name] = Step(
            name=name,
            title=f"Building {name}",
            needs=needs,
            inputs=(source,),
            facts=(),
            outputs=(self.folder / f"{name}.out",),
            run=self.runner(name),
        )

    def runner(self, name: str) -> Callable[[Callable[[str], None]], None]:
        def run(report: Callable[[str], None]) -> None:
            self.ran.append(name)
            report("half")
            if name in self.broken:
                raise SetupError(f"{name} is broken")
            (self.folder / f"{name}.out").touch()

        return run

    def build(self, *goals: str) -> str:
        self.ran.clear()
        shown = io.StringIO()
        steps = with_needs(self.steps, goals)
        run_steps(steps, self.folder / "stamps", Board(shown))
        return shown.getvalue()


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.add("venv")
    house.add("index", "venv")
    house.add("train", "venv")
    house.add("tools", "venv")
    return house


def test_goal_builds_what_it_needs_first_and_nothing_else(house: House) -> None:
    shown = house.build("index")
    assert house.ran == ["venv", "index"]
    assert shown.splitlines()[0] == "[1/2] Building venv ..."
    assert shown.splitlines()[-1] == "[2/2] Building index: 0 s"


def test_second_run_does_nothing_and_says_nothing(house: House) -> None:
    house.build("index", "train")
    assert house.build("index", "train") == ""
    assert house.ran == []


def test_only_steps_whose_input_changed_run_again(house: House) -> None:
    house.build("index", "train")
    (house.folder / "index.txt").write_text("2")
    house.build("index", "train")
    assert house.ran == ["index"]


def test_step_whose_output_is_gone_runs_again(house: House) -> None:
    house.build("train")
    (house.folder / "train.out").unlink()
    house.build("train")
    assert house.ran == ["train"]


def test_step_that_failed_runs_again_and_what_needs_it_waits(house: House) -> None:
    house.broken = {"venv"}
    with pytest.raises(SetupError, match="venv is broken"):
        house.build("index")
    assert house.ran == ["venv"]
    house.broken = set()
    house.build("index")
    assert house.ran == ["venv", "index"]


def test_step_that_is_interrupted_in_a_rebuild_is_not_taken_for_done(
    house: House,
) -> None:
    house.build("index")
    (house.folder / "index.txt").write_text("2")
    house.broken = {"index"}
    with pytest.raises(SetupError):
        house.build("index")
    (house.folder / "index.txt").write_text("1")  # back to what was built before
    house.broken = set()
    house.build("index")
    assert house.ran == ["index"]


def test_failing_program_shows_the_end_of_its_log(tmp_path: Path) -> None:
    program = "import sys; print('reading'); sys.exit('no such lock')"
    with pytest.raises(SetupError) as caught:
        run_command([sys.executable, "-c", program], tmp_path / "log", {})
    assert "ended with status 1" in str(caught.value)
    assert "reading" in str(caught.value) and "no such lock" in str(caught.value)


def test_program_is_followed_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    program = "print('Collecting a'); print('Collecting b')"
    run_command([sys.executable, "-c", program], tmp_path / "log", {}, lines.append)
    assert lines == ["Collecting a\n", "Collecting b\n"]


def test_shim_of_an_absent_python_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / f"python{HERE}"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe(str(shim)) == ""
    assert find_python((HERE,), "the library") == sys.executable


def test_python_of_pyenv_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "versions" / "3.4.10" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 3.4\n")
    python.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_python(("3.4",), "the Rasa server") == str(python)


def test_absent_python_is_explained_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SetupError) as caught:
        find_python(("3.4",), "the Rasa server")
    assert str(caught.value) == (
        "Python 3.4 for the Rasa server was found neither on PATH nor in pyenv or uv; "
        "install it (pyenv install 3.4, uv python install 3.4 or your system's "
        "packages) and run the command again."
    )


def test_every_goal_and_need_is_a_step() -> None:
    steps = plan(Settings())
    assert {need for step in steps.values() for need in step.needs} <= set(steps)
    assert {name for names in GOALS.values() for name in names} <= set(steps)


def test_hidden_files_and_byte_code_do_not_count_as_inputs(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    for name in ("a.md", ".a.md.swp", "__pycache__/a.pyc"):
        (tmp_path / name).touch()
    assert files_below(tmp_path) == (tmp_path / "a.md",)


@pytest.mark.parametrize(
    ("duration_s", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s")]
)
def test_duration_is_written_as_a_person_does(duration_s: float, text: str) -> None:
    assert seconds(duration_s) == text


@pytest.mark.parametrize("name", ["main", "rasa", "dev", "rasa-dev"])
def test_direct_dependencies_have_a_reason_and_are_in_the_lock(name: str) -> None:
    pins = [normal(pin) for pin in locked(LOCKS / f"{name}.txt")]
    for line in (LOCKS / f"{name}.in").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            pin, reason = re.split(r"\s+#\s*", line)
            assert reason
            assert normal(pin) in pins


@pytest.mark.parametrize("name", ["main", "rasa", "dev", "rasa-dev", "weights"])
def test_lock_pins_everything_and_holds_for_any_index(name: str) -> None:
    lines = (LOCKS / f"{name}.txt").read_text("utf-8").splitlines()
    entries = [line.split("#")[0].strip() for line in lines]
    assert [e for e in entries if e] == locked(LOCKS / f"{name}.txt")
    assert not [e for e in entries if "+" in e or "nvidia" in e]


def normal(pin: str) -> str:
    name, _, version = pin.partition("==")
    name = name.partition("[")[0]  # a lock names no extras
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


def test_result_of_the_conversations_is_read_from_rasas_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "rasa.core.test  - Evaluation Results on CONVERSATION level:\n"
        "rasa.core.test  - \tCorrect:          49 / 50\n"
        "rasa.core.test  - Evaluation Results on ACTION level:\n"
        "rasa.core.test  - \tCorrect:          220 / 221\n"
    )
    assert right_conversations(log) == "49 / 50"


def test_log_without_conversations_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nothing was run\n")
    with pytest.raises(SetupError, match="tells of no conversation"):
        right_conversations(tmp_path / "log")


@pytest.mark.parametrize(
    ("report", "accuracy"),
    [
        ('{"accuracy": 0.98, "greet": {}}', 0.98),
        ('{"micro avg": {"f1-score": 1.0}}', 1.0),
    ],
)
def test_intent_accuracy_is_read_from_rasas_report(
    tmp_path: Path, report: str, accuracy: float
) -> None:
    (tmp_path / "report.json").write_text(report)
    assert intent_accuracy(tmp_path / "report.json") == accuracy
