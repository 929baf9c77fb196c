"""Who may import whom: the rules of the design."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

OURS = ("frontdesk", "actions", "addons", "tests")

# What of ours the modules of a room may import, beside the room itself.
ALLOWED = {
    "frontdesk/knowledge": ("frontdesk.settings",),
    "frontdesk/generation": ("frontdesk.settings",),
    "frontdesk/answering": (
        "frontdesk.knowledge",
        "frontdesk.generation",
        "frontdesk.settings",
    ),
    "frontdesk/commerce": ("frontdesk.settings",),
    "frontdesk/handoff": ("frontdesk.settings",),
    "frontdesk/channels": ("frontdesk.serve", "frontdesk.settings"),
    "frontdesk/bootstrap": ("frontdesk.quiet", "frontdesk.settings"),
    "frontdesk/evaluation": ("frontdesk",),
    "actions": ("frontdesk",),
    "addons": (),
}


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            if node.module == "frontdesk":
                yield from (f"frontdesk.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def files(room: str) -> list[Path]:
    return sorted(Path(room).rglob("*.py"))


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in packages)


@pytest.mark.parametrize("room", ALLOWED)
def test_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = (room.replace("/", "."), "frontdesk.__version__", *ALLOWED[room])
    names = [(path, module) for path in files(room) for module in imported(path)]
    assert files(room)
    wrong = [
        f"{path} imports {module}"
        for path, module in names
        if within(module, OURS)
        and not within(module, allowed)
        and module != "frontdesk"  # holds the version only
    ]
    assert wrong == []


def test_library_never_imports_rasa() -> None:
    wrong = [
        str(path)
        for path in files("frontdesk")
        for module in imported(path)
        if within(module, ("rasa", "rasa_sdk"))
    ]
    assert wrong == []


def test_actions_never_import_rasa_itself() -> None:
    wrong = [
        str(path)
        for path in files("actions")
        for module in imported(path)
        if within(module, ("rasa",))
    ]
    assert wrong == []


@pytest.mark.parametrize("module", ["settings", "quiet"])
def test_what_all_may_import_imports_nothing_of_ours(module: str) -> None:
    assert not [m for m in imported(Path(f"frontdesk/{module}.py")) if within(m, OURS)]


def test_bootstrap_needs_nothing_installed() -> None:
    standard = (*sys.stdlib_module_names, "frontdesk")
    paths = [*files("frontdesk/bootstrap"), Path("frontdesk/__init__.py")]
    wrong = {module for path in paths for module in imported(path)}
    assert [module for module in wrong if not within(module, standard)] == []


@pytest.mark.parametrize("room", ["frontdesk", "actions", "addons", "tests"])
def test_files_are_short_enough_to_read(room: str) -> None:
    long = [
        f"{path}: {lines} lines"
        for path in files(room)
        if (lines := path.read_text("utf-8").count("\n")) > 400
    ]
    assert long == []
