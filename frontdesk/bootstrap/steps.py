"""Steps with inputs and outputs: those that are up to date are skipped.

A step leaves a stamp with the fingerprint of its inputs when it has ended well, so an
interrupted step is repeated and an unchanged one costs only the reading of its inputs.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from frontdesk.bootstrap import SetupError
from frontdesk.bootstrap.progress import Board

# Two at a time: the environments download and unpack side by side.
WORKERS = 2


@dataclass(frozen=True)
class Step:
    """One thing to build.

    Attributes:
        name: Short and unique; its stamp and its log are called so.
        title: What a person reads while it runs.
        needs: Names of the steps that must be done before.
        inputs: Files whose contents decide whether it is up to date.
        facts: Other values that decide it, e.g. a setting.
        outputs: Paths that exist when it is done.
        run: Builds it; gets a callback for progress such as "34 of 98".
    """

    name: str
    title: str
    needs: tuple[str, ...]
    inputs: tuple[Path, ...]
    facts: tuple[str, ...]
    outputs: tuple[Path, ...]
    run: Callable[[Callable[[str], None]], None]

    def fingerprint(self) -> str:
        """Hash of the names and contents of all inputs."""
        digest = hashlib.sha256(repr(self.facts).encode())
        for path in sorted(set(self.inputs)):
            digest.update(f"\0{path}\0".encode())
            digest.update(path.read_bytes() if path.is_file() else b"missing")
        return digest.hexdigest()

    def is_done(self, stamps: Path) -> bool:
        """Whether the stamp fits the inputs and all outputs exist."""
        stamp = stamps / self.name
        return (
            all(path.exists() for path in self.outputs)
            and stamp.is_file()
            and stamp.read_text() == self.fingerprint()
        )


def files_below(*roots: Path) -> tuple[Path, ...]:
    """Every file below the folders, except what Python and editors leave there."""
    return tuple(
        path
        for root in roots
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and "__pycache__" not in path.parts
        and not path.name.startswith(".")
    )


def with_needs(steps: Mapping[str, Step], goals: Iterable[str]) -> list[Step]:
    """The steps that `goals` need, those first that others wait for."""
    order: dict[str, Step] = {}

    def visit(name: str) -> None:
        for need in steps[name].needs:
            visit(need)
        order.setdefault(name, steps[name])

    for goal in goals:
        visit(goal)
    return list(order.values())


def run_steps(steps: Sequence[Step], stamps: Path, board: Board) -> None:
    """Do all that is not up to date, two at a time where the needs allow it.

    Raises:
        SetupError: The first step that failed; the others are ended.
    """
    stamps.mkdir(parents=True, exist_ok=True)
    todo = {step.name: step for step in steps if not step.is_done(stamps)}
    titles = {
        name: f"[{number}/{len(todo)}] {step.title}"
        for number, (name, step) in enumerate(todo.items(), 1)
    }
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            while todo or running:
                waiting = set(todo) | set(running.values())
                ready = [s for s in todo.values() if not waiting & set(s.needs)]
                for step in ready[: WORKERS - len(running)]:
                    del todo[step.name]
                    title = titles[step.name]
                    future = pool.submit(_do, step, title, stamps, board)
                    running[future] = step.name
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    future.result()
        except BaseException:
            for future in running:
                future.cancel()
            end_commands()
            raise


def _do(step: Step, title: str, stamps: Path, board: Board) -> None:
    stamp = stamps / step.name
    stamp.unlink(missing_ok=True)
    fingerprint = step.fingerprint()
    with board.task(title) as report:
        step.run(report)
    stamp.write_text(fingerprint)


_commands: list[subprocess.Popen[str]] = []


def run_command(
    command: Sequence[str],
    log: Path,
    environ: Mapping[str, str],
    on_line: Callable[[str], None] = lambda line: None,
) -> None:
    """Run a program with its output in `log`, each line also given to `on_line`.

    Raises:
        SetupError: It failed; the message ends with the last lines of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n")
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            _commands.append(process)
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                on_line(line)
        _commands.remove(process)
    if process.returncode:
        tail = "\n  ".join(log.read_text("utf-8").splitlines()[-12:])
        raise SetupError(
            f"{command[0]} ended with status {process.returncode}. Correct the cause "
            f"and run the command again; the end of {str(log)!r}:\n  {tail}"
        )


def end_commands() -> None:
    """End the programs that steps have running."""
    for process in list(_commands):
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
