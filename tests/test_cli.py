from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from frontdesk.cli import build_parser, main

COMMANDS = [
    ["serve"],
    ["chat"],
    ["index", "--kb", "kb", "--index", "var/index"],
    ["index", "--rollback"],
    ["search", "lamp", "--index", "i", "--top-k", "5", "--json"],
    ["ask", "lamp?", "--index", "i", "--history", "h.json", "--json", "--no-generate"],
    ["evaluate", "retrieval", "bank", "--split", "test", "--json"],
    ["evaluate", "answers", "q.jsonl", "--index", "i", "--out", "o", "--no-generate"],
    ["evaluate", "intents", "train.csv", "test.csv", "--json"],
    ["evaluate", "grounding", "file.jsonl", "--json"],
    ["evaluate", "safety", "dir", "--json"],
    ["evaluate", "all"],
    ["explain", "shell-1", "3"],
    ["handoffs", "--json"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_calls_a_function_that_takes_its_options(arguments: list[str]) -> None:
    options = vars(build_parser().parse_args(arguments))
    module, function = options.pop("call").split(":")
    options.pop("command")
    parameters = parameters_of(module, function)
    assert set(options) <= set(parameters)


@pytest.mark.parametrize(
    "command",
    ["", "serve", "chat", "generate", "index", "search", "ask", "evaluate", "explain"],
)
def test_every_command_has_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: frontdesk {command}".rstrip())


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, frontdesk.cli; frontdesk.cli.build_parser();"
        "print({'torch', 'numpy', 'httpx', 'starlette'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_wrong_arguments_end_with_status_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["search", "lamp", "--top-k", "0"])
    assert ended.value.code == 2


def test_our_errors_are_one_sentence_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_RASA_PORT", "many")
    assert main(["handoffs", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "FRONTDESK_RASA_PORT is 'many', which is no int. "
        "Correct it in the environment or in .env.\n"
    )


def test_handoffs_of_an_empty_house_are_an_empty_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_VAR", str(tmp_path))
    assert main(["handoffs", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_every_leaf_command_names_what_it_calls() -> None:
    missing = [
        parser.prog
        for parser in leaves(build_parser())
        if parser.get_default("call") is None
    ]
    assert missing == ["frontdesk generate"]  # passes its arguments on


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from leaves(child)
            return
    yield parser


def parameters_of(module: str, function: str) -> list[str]:
    """Names of a function's parameters, read from its source without importing it."""
    room, _, _ = module.rpartition(".")
    assert find_spec(room) is not None
    source = Path(*module.split(".")).with_suffix(".py").read_text("utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            arguments = node.args
            return [a.arg for a in (*arguments.args, *arguments.kwonlyargs)]
    raise AssertionError(f"{module} has no function {function!r}")
