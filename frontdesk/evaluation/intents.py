"""How well messages are understood: intents and what is out of scope.

The understanding lives in the Rasa environment (another Python), so it is measured
there, by `addons/nlu/evaluate.py`; this module starts it and reads its figures.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.evaluation.sets import EvaluationError

PYTHON_VARIABLE = "FRONTDESK_RASA_PYTHON"
TIME_LIMIT_S = 1800.0
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore",
}


def evaluate_intents(
    train_csv: Path, test_csv: Path, root: Path = Path(".")
) -> dict[str, Any]:
    """The figures of the NLU pipeline of `root`'s `config.yml`.

    Args:
        train_csv: Columns `text` and `intent`; `oos` rows teach what is out of scope.
        test_csv: The same columns.
        root: The project, with `config.yml`, `addons/` and `.venv-rasa/`.

    Returns:
        `accuracy`, `accuracy_in_scope` (before rejection), `macro_f1`, `mcc`,
        `oos_precision`, `oos_recall`, `oos_f1` (None when the test has no `oos` row),
        `train_seconds`, `ms_per_message` and `n`.

    Raises:
        EvaluationError: A file cannot be used, or the Rasa environment is missing.
    """
    files = (str(train_csv.resolve()), str(test_csv.resolve()))
    return run_in_rasa("addons.nlu.evaluate", files, root)


def run_in_rasa(module: str, arguments: Sequence[str], root: Path) -> dict[str, Any]:
    """The JSON object that a module of `addons` prints, in the Rasa environment.

    Raises:
        EvaluationError: It fails, takes too long, or the environment is missing.
    """
    named = " ".join(arguments)
    try:
        done = subprocess.run(
            [str(rasa_python(root, os.environ)), "-m", module, *arguments],
            cwd=root,
            env=dict(os.environ) | _QUIET,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EvaluationError(
            f"Intents of {named!r} took longer than {TIME_LIMIT_S:.0f} s; "
            "use a smaller file."
        ) from error
    if done.returncode != 0:
        raise EvaluationError(
            f"Intents of {named!r} could not be measured: {_last_line(done.stderr)}"
        )
    value: dict[str, Any] = json.loads(_last_line(done.stdout))
    return value


def rasa_python(root: Path, environ: Mapping[str, str]) -> Path:
    """The interpreter of the Rasa environment.

    Raises:
        EvaluationError: It does not exist.
    """
    # Not resolved: a virtual environment is found by the link's own place.
    python = Path(
        environ.get(PYTHON_VARIABLE) or root.absolute() / ".venv-rasa" / "bin/python"
    )
    if not python.is_file():
        raise EvaluationError(
            f"The Rasa environment's interpreter {str(python)!r} is missing. "
            f"Run make setup, or set {PYTHON_VARIABLE}."
        )
    return python


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
