"""Building a virtual environment from its lock files with pip."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.bootstrap import SetupError
from frontdesk.bootstrap.interpreters import find_python, probe
from frontdesk.bootstrap.steps import run_command
from frontdesk.quiet import quiet_environ

if TYPE_CHECKING:
    Report = Callable[[str], None]  # shows progress such as "downloading 3 of 97"

COMMAND = """#!/bin/sh
exec "{python}" -m frontdesk.cli "$@"
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its folder, which Pythons may make it, and its log."""

    path: Path
    versions: tuple[str, ...]
    purpose: str
    log: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def create(self, report: Report) -> None:
        """Make the environment unless a usable one is there.

        One whose last installation was cut off while files were being written is
        made anew: pip takes a half-written package for an installed one.
        """
        usable = probe(str(self.python)) in self.versions and not self._mark.exists()
        if usable and (self._site_packages() / "pip").is_dir():
            return
        base = find_python(self.versions, self.purpose)
        report("creating")
        self._run([base, "-m", "venv", "--clear", str(self.path)])

    def install(self, report: Report, locks: Sequence[Path]) -> None:
        """Install what the lock files list, and nothing else."""
        wanted = sum(len(locked(lock)) for lock in locks)
        arguments = [part for lock in locks for part in ("-r", str(lock))]
        self._pip(report, ["--no-deps", *arguments], wanted)

    def install_torch(self, report: Report, lock: Path) -> None:
        """Install torch with what it needs itself: on PyPI that is CUDA, too."""
        torch = next(line for line in locked(lock) if line.startswith("torch=="))
        report(f"{torch}: downloading")
        self._pip(lambda detail: report(f"{torch}: {detail}"), [torch, "-c", str(lock)])

    def link(self, root: Path) -> None:
        """Make the checkout importable and put the `frontdesk` command beside pip."""
        (self._site_packages() / "frontdesk.pth").write_text(f"{root}\n", "utf-8")
        command = self.path / "bin" / "frontdesk"
        command.write_text(COMMAND.format(python=self.python.absolute()), "utf-8")
        command.chmod(0o755)

    @property
    def _mark(self) -> Path:
        return self.path / ".installing"

    def _pip(self, report: Report, arguments: Sequence[str], wanted: int = 0) -> None:
        collected = 0
        before = self._installed()

        def follow(line: str) -> None:
            nonlocal collected
            if line.startswith("Collecting "):
                collected += 1
                report(f"downloading {collected}" + (f" of {wanted}" if wanted else ""))
            elif line.startswith("Installing collected packages"):
                self._mark.touch()
                report(f"installing {collected} packages")

        # Byte code is written at the first import of what is used, which is little.
        pip = [str(self.python), "-m", "pip", "install", "--no-compile"]
        try:
            self._run([*pip, *arguments], follow)
        except SetupError:
            if self._installed() == before:
                self._mark.unlink(missing_ok=True)
            raise
        self._mark.unlink(missing_ok=True)

    def _installed(self) -> int:
        return len(list(self._site_packages().glob("*.dist-info")))

    def _site_packages(self) -> Path:
        found = sorted((self.path / "lib").glob("python3*/site-packages"))
        return found[0] if found else self.path / "lib"

    def _run(
        self, command: Sequence[str], follow: Callable[[str], None] = lambda line: None
    ) -> None:
        environ = quiet_environ(
            PIP_DISABLE_PIP_VERSION_CHECK="1",
            PIP_NO_INPUT="1",
            PIP_ROOT_USER_ACTION="ignore",
        )
        environ.pop("PYTHONHOME", None)
        run_command(command, self.log, environ, follow)


def locked(lock: Path) -> list[str]:
    """The `name==version` entries of a lock file."""
    lines = (line.split("#")[0].strip() for line in lock.read_text("utf-8").split("\n"))
    return [line for line in lines if re.match(r"[\w.-]+==", line)]
