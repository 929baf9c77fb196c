"""`frontdesk train reader`: teach the reader, and install it if it is not worse."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frontdesk.answering.reader import (
    folder_in_force,
    load_network,
    own_folder,
)
from frontdesk.knowledge.encoder import load_encoder
from frontdesk.settings import Settings
from frontdesk.training.corpus import CorpusError, Organisation, load_corpus
from frontdesk.training.examples import Group, open_organisation, read_groups
from frontdesk.training.measures import measure
from frontdesk.training.reader import Config, train

HELD_BACK = 0.2  # of the questions, where no organisation is named
MEASURES = ("first", "sentence", "answerable_auc", "open_auc")
MIN_HELD_BACK = 20
MAX_MEASURED = 200  # questions held back that are measured with, drawn at random


def train_command(
    name: str,
    data: Path,
    out: Path | None = None,
    hold_out: str = "",
    epochs: int | None = None,
    seed: int | None = None,
    fresh: bool = False,
) -> int:
    """Teach a model on a folder of organisations; gives the exit status.

    The folder is laid out like `training/corpus`, or holds one organisation itself. The
    model is installed in `out` only if its mean measure on the questions held back is
    at least that of the model there was before (the shipped one, or none).

    Args:
        name: Which model; there is `reader`.
        data: The organisations.
        out: Where the model goes; by default `models/reader` below FRONTDESK_VAR.
        hold_out: Names of organisations to hold back, separated by commas; by default
            a fifth of every organisation's questions.
        epochs: How often every question is seen.
        seed: Of everything random.
        fresh: Teach the encoder anew instead of going on from the model there is.

    Raises:
        CorpusError: The folder cannot be used.
    """
    settings = Settings.from_environ()
    target = out or own_folder(settings.var)
    config = Config()
    config = replace(
        config,
        epochs=config.epochs if epochs is None else epochs,
        seed=config.seed if seed is None else seed,
    )
    groups, held = _split(_groups(data), hold_out, config.seed)
    if len(held) < MIN_HELD_BACK:
        raise CorpusError(
            f"{str(data)!r} leaves {len(held)} questions to measure with; "
            f"{MIN_HELD_BACK} are needed. Write more questions."
        )
    print(f"{len(groups)} questions to learn from, {len(held)} held back.", flush=True)
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        new = Path(folder) / name
        there = folder_in_force(target)
        start = None if fresh else there
        partial = target.with_name(f"{name}.partial")
        train(groups, held, config, new, start, partial)
        after = measure(*load_network(new), held)
        before = measure(*load_network(there), held) if there else None
        _print_table(before, after)
        if before is not None and _mean(after) < _mean(before):
            print(
                f"Not installed: on the questions held back it reaches "
                f"{_mean(after):.3f}, the model there is {_mean(before):.3f}. Add "
                "questions or train longer.",
                file=sys.stderr,
            )
            return 1
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(new, target)
    print(f"Installed in {target}. Calibrate the gate next: docs/training.md.")
    return 0


def _groups(data: Path) -> list[Group]:
    encoder = load_encoder(Settings.from_environ().encoder)
    single = (data / "articles").is_dir()
    organisations = [
        o
        for o in load_corpus(data.parent if single else data)
        if not single or o.name == data.resolve().name
    ]
    if not organisations:
        raise CorpusError(
            f"{str(data)!r} holds no organisation: a folder with articles/ and "
            "questions.jsonl, see docs/training.md."
        )
    found: list[Group] = []
    with tempfile.TemporaryDirectory(prefix="frontdesk-training-") as indexes:
        for organisation in organisations:
            folder = data if single else data / organisation.name
            found += _read(organisation, folder, encoder, Path(indexes))
    return found


def _read(
    organisation: Organisation, folder: Path, encoder: Any, indexes: Path
) -> list[Group]:
    retriever = open_organisation(folder, encoder, indexes / organisation.name)
    return list(read_groups(organisation, retriever))


def _split(
    groups: Sequence[Group], hold_out: str, seed: int
) -> tuple[list[Group], list[Group]]:
    """Groups to learn from and groups to measure with."""
    if hold_out:
        names = {name.strip() for name in hold_out.split(",")}
        unknown = names - {group.organisation for group in groups}
        if unknown:
            raise CorpusError(
                f"There is no organisation {sorted(unknown)[0]!r} to hold back."
            )
        held = [group for group in groups if group.organisation in names]
        held = random.Random(seed).sample(held, min(len(held), MAX_MEASURED))
        return [group for group in groups if group.organisation not in names], held
    order = list(groups)
    random.Random(seed).shuffle(order)
    size = round(HELD_BACK * len(order))
    return order[size:], order[:size][:MAX_MEASURED]


def _mean(figures: dict[str, float]) -> float:
    return sum(figures[name] for name in MEASURES) / len(MEASURES)


def _print_table(before: dict[str, float] | None, after: dict[str, float]) -> None:
    print(f"{'':16} {'before':>7} {'now':>7}")
    for name in MEASURES:
        old = f"{before[name]:.3f}" if before else "-"
        print(f"{name:16} {old:>7} {after[name]:7.3f}")
