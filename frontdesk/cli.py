"""The `frontdesk` command: arguments in, one call into a room's commands module.

A room is imported only when its command runs, so `--help` is quick and a command
loads nothing that it does not use.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any

from frontdesk.quiet import QUIET
from frontdesk.settings import Settings

DEMO_MESSAGES = Path(__file__).parent / "evaluation" / "demo" / "understanding.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed with one sentence, 2 wrong arguments."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == ["generate"]:
            return _call("frontdesk.generation.__main__", "main", given[1:])
        options = vars(build_parser().parse_args(given))
        module, function = options.pop("call").split(":")
        options.pop("command")
        return _call(module, function, **_with_defaults(options))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if not is_ours(error):
            raise
        print(error, file=sys.stderr)
        return 1


def is_ours(error: Exception) -> bool:
    """Whether the message was written for a person: our own errors, and files' ones."""
    return type(error).__module__.startswith("frontdesk.") or isinstance(error, OSError)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each names its function as `module:function`."""
    parser = argparse.ArgumentParser(
        prog="frontdesk",
        description="A self-hosted customer-service assistant with grounded answers.",
        epilog="Settings come from the environment and .env; see .env.example.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_processes(commands)
    _add_knowledge(commands)
    _add_evaluation(commands)
    _add_records(commands)
    _add_channels(commands)
    _add_training(commands)
    return parser


def _add_processes(commands: Any) -> None:
    _add(
        commands,
        "serve",
        "frontdesk.serve:serve_command",
        "start and watch everything on this machine until Ctrl-C",
    )
    _add(
        commands,
        "chat",
        "frontdesk.shell:chat_command",
        "talk to the assistant in this terminal",
    )
    commands.add_parser(
        "generate", help="run the generation server (frontdesk generate --help)"
    )


def _add_knowledge(commands: Any) -> None:
    index = _add(
        commands,
        "index",
        "frontdesk.knowledge.commands:index_command",
        "build or update the index of a knowledge folder",
    )
    index.set_defaults(encoder=None)
    index.add_argument("--kb", type=Path, help="knowledge folder (default: kb)")
    _add_index(index)
    _add_json(index)
    index.add_argument(
        "--rollback", action="store_true", help="return to the version before"
    )
    search = _add(
        commands,
        "search",
        "frontdesk.knowledge.commands:search_command",
        "documents that fit a query, best first, each once with its best passage",
    )
    search.set_defaults(encoder=None)
    search.add_argument("query")
    _add_index(search)
    search.add_argument("--top-k", type=_positive, default=5, help="how many (5)")
    _add_json(search)
    ask = _add(
        commands,
        "ask",
        "frontdesk.answering.commands:ask_command",
        "one grounded answer with its sources",
    )
    ask.add_argument("question")
    _add_index(ask)
    ask.add_argument(
        "--history",
        type=Path,
        help='JSON list of {"role": "user" or "bot", "text"}: what was said before',
    )
    _add_json(ask)
    _add_generate(ask)


def _add_evaluation(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="measure a part against a set")
    sets = evaluate.add_subparsers(dest="command", required=True, metavar="WHAT")
    room = "frontdesk.evaluation.commands"
    retrieval = _add(
        sets, "retrieval", f"{room}:retrieval_command", "search against judged queries"
    )
    retrieval.add_argument("set_dir", type=Path, metavar="SET_DIR")
    retrieval.add_argument("--split", default="test", help="which queries (test)")
    _add_json(retrieval)
    answers = _add(
        sets, "answers", f"{room}:answers_command", "answers against judged questions"
    )
    answers.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    _add_index(answers)
    answers.add_argument("--out", type=Path, help="write each answer and its verdict")
    _add_json(answers)
    _add_generate(answers)
    intents = _add(
        sets, "intents", f"{room}:intents_command", "intents, trained on one file"
    )
    intents.add_argument("train", type=Path, metavar="TRAIN.csv")
    intents.add_argument("test", type=Path, metavar="TEST.csv")
    _add_json(intents)
    understanding = _add(
        sets,
        "understanding",
        f"{room}:understanding_command",
        "intents and entities of the demo shop, trained on data/nlu",
    )
    understanding.add_argument(
        "set_file", type=Path, nargs="?", default=DEMO_MESSAGES, metavar="SET.jsonl"
    )
    _add_json(understanding)
    grounding = _add(
        sets, "grounding", f"{room}:grounding_command", "the check of replies"
    )
    grounding.add_argument("file", type=Path, metavar="FILE.jsonl")
    _add_json(grounding)
    safety = _add(sets, "safety", f"{room}:safety_command", "attacks and honest twins")
    safety.add_argument("directory", type=Path, metavar="DIR")
    _add_index(safety)
    _add_json(safety)
    retail = _add(
        sets, "retail", f"{room}:retail_command", "tasks replayed in the demo shop"
    )
    retail.add_argument("directory", type=Path, metavar="DIR")
    _add_json(retail)
    everything = _add(sets, "all", f"{room}:all_command", "every set of a folder")
    everything.add_argument("eval_dir", type=Path, nargs="?", metavar="DIR")


def _add_records(commands: Any) -> None:
    explain = _add(
        commands,
        "explain",
        "frontdesk.answering.commands:explain_command",
        "why the assistant said what it said in one turn of a conversation",
    )
    explain.add_argument("conversation")
    explain.add_argument("turn", nargs="?", type=int, help="default: the last one")
    shop = _add(
        commands,
        "shop",
        "frontdesk.commerce.commands:shop_command",
        "what the configured shop offers, and whether it answers",
    )
    shop.add_argument("order", nargs="?", help="number of an order to read")
    handoffs = _add(
        commands,
        "handoffs",
        "frontdesk.cli:handoffs_command",
        "customers who asked for a person, newest last",
    )
    _add_json(handoffs)


def _add_channels(commands: Any) -> None:
    room = "frontdesk.channels.commands"
    channels = commands.add_parser("channels", help="the messaging channels")
    what = channels.add_subparsers(dest="command", required=True, metavar="WHAT")
    check = _add(
        what, "check", f"{room}:check_command", "what is wrong with each channel"
    )
    _add_json(check)
    outbox = commands.add_parser("outbox", help="answers that could not be sent")
    what = outbox.add_subparsers(dest="command", required=True, metavar="WHAT")
    listing = _add(what, "list", f"{room}:outbox_list_command", "list them")
    _add_json(listing)
    replay = _add(what, "replay", f"{room}:outbox_replay_command", "send them again")
    replay.add_argument("ids", type=_positive, nargs="*", metavar="ID")
    replay.add_argument("--all", action="store_true", help="send all of them again")


def _add_training(commands: Any) -> None:
    train = _add(
        commands,
        "train",
        "frontdesk.training.commands:train_command",
        "teach a small model on help pages; installed if it is not worse",
    )
    train.add_argument(
        "name", choices=["reader", "verifier", "writer"], help="which model"
    )
    train.add_argument("--data", type=Path, required=True, help="the organisations")
    train.add_argument("--out", type=Path, help="where the model is installed")
    train.add_argument("--hold-out", default="", help="organisations to measure with")
    train.add_argument("--epochs", type=_positive, help="how often all is seen")
    train.add_argument("--seed", type=int, help="of everything random")
    train.add_argument(
        "--fresh", action="store_true", help="not from the model in force"
    )
    mine = _add(
        commands,
        "mine",
        "frontdesk.training.mined:mine_command",
        "questions to learn from, out of what customers judged",
    )
    mine.add_argument("--out", type=Path, required=True, help="folder for `train`")
    mine.add_argument("--index", type=Path, help="the knowledge asked")


def handoffs_command(json: bool) -> int:
    """Print the customers who asked for a person."""
    from frontdesk.handoff import read_requests

    requests = read_requests(Settings.from_environ().var / "handoffs.jsonl")
    if json:
        print(dumps([asdict(request) for request in requests], ensure_ascii=False))
        return 0
    for request in requests:
        print(
            f"{request.reference}  {request.time}  {request.channel}  "
            f"{request.reason}  {request.email or 'no email address'}"
        )
        for said in request.messages:
            print(f"    {said.role}: {said.text}")
    if not requests:
        print("Nobody has asked for a person.")
    return 0


def _add(commands: Any, name: str, call: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    parser.set_defaults(call=call)
    return parser


def _add_index(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--index", type=Path, help="index folder (default: var/index)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON value and nothing else"
    )


def _add_generate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-generate",
        dest="generate",
        action="store_false",
        help="answer with quoted passages only",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    """The options, with the settings' values where none was given."""
    settings = Settings.from_environ()
    for name in ("kb", "index", "encoder"):
        if name in options and options[name] is None:
            options[name] = getattr(settings, name)
    return options


def _call(module: str, function: str, *arguments: Any, **options: Any) -> int:
    status: int = getattr(importlib.import_module(module), function)(
        *arguments, **options
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
