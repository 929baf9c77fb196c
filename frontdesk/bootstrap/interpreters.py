"""Finding an installed Python of a wanted version: PATH, then pyenv, then uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from frontdesk.bootstrap import SetupError

# A pyenv shim exists for versions that are not active, and a Debian Python may lack
# ensurepip: only a candidate that runs this line can make an environment.
PROBE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def find_python(versions: tuple[str, ...], purpose: str) -> str:
    """Path of a Python of the first version that is installed.

    Args:
        versions: Acceptable versions, best first, e.g. `("3.11", "3.12")`.
        purpose: What it is for, e.g. "the Rasa server".

    Raises:
        SetupError: None is installed.
    """
    for version in versions:
        for candidate in candidates(version):
            if probe(candidate) == version:
                return candidate
    best = versions[0]
    raise SetupError(
        f"Python {' or '.join(versions)} for {purpose} was found neither on PATH nor "
        f"in pyenv or uv; install it (pyenv install {best}, uv python install {best} "
        "or your system's packages) and run the command again."
    )


def candidates(version: str) -> Iterator[str]:
    """Paths where a Python of `version` may be, likeliest first."""
    for name in (f"python{version}", "python3", "python"):
        found = shutil.which(name)
        if found:
            yield found
    yield sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for root in sorted(pyenv.glob(f"versions/{version}*"), reverse=True):
        yield str(root / "bin" / "python")
    if shutil.which("uv"):
        yield _output(["uv", "python", "find", version])


def probe(python: str) -> str:
    """Version of an interpreter, e.g. "3.10"; empty when it cannot be used."""
    return _output([python, "-c", PROBE])


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""
