"""`frontdesk train`: teach a small model, and install it if it is not worse."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from frontdesk.answering.evidence import Encode
from frontdesk.answering.opening import CachingEncoder
from frontdesk.answering.reader import folder_in_force, load_network
from frontdesk.generation.weights import ADAPTER, writer_in_force
from frontdesk.knowledge.encoder import load_encoder
from frontdesk.knowledge.retriever import Retriever
from frontdesk.settings import Settings
from frontdesk.training import writer
from frontdesk.training.corpus import CorpusError, Organisation, load_corpus
from frontdesk.training.examples import open_organisation, read_groups
from frontdesk.training.measures import measure
from frontdesk.training.reader import Config, train

HELD_BACK = 0.2  # of the questions, where no organisation is named
MEASURES = ("first", "sentence", "answerable_auc", "open_auc")
MIN_HELD_BACK = 20
MAX_MEASURED = 200  # questions held back that are measured with, drawn at random

T = TypeVar("T")


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
    model is installed in `out` only if it is not worse on the questions held back than
    the model there was before (the shipped one, or none): the reader by the mean of its
    measures, the writer by how surprising the written answers are to it.

    Args:
        name: Which model, `reader` or `writer`.
        data: The organisations.
        out: Where the model goes; by default `models/NAME` below FRONTDESK_VAR.
        hold_out: Names of organisations to hold back, separated by commas; by default
            a fifth of every organisation's questions.
        epochs: How often every question is seen.
        seed: Of everything random.
        fresh: Teach the model that comes with Frontdesk anew instead of going on from
            what there is.

    Raises:
        CorpusError: The folder cannot be used.
    """
    settings = Settings.from_environ()
    target = out or settings.var / "models" / name
    if name == "writer":
        return _train_writer(data, target, settings, hold_out, epochs, seed, fresh)
    config = Config()
    config = replace(
        config,
        epochs=config.epochs if epochs is None else epochs,
        seed=config.seed if seed is None else seed,
    )
    found = _examples(
        data, lambda organisation, retriever, _: read_groups(organisation, retriever)
    )
    groups, held = _split(found, hold_out, config.seed)
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        new = Path(folder) / name
        there = folder_in_force(target)
        start = None if fresh else there
        train(groups, held, config, new, start, _partial(target))
        after = measure(*load_network(new), held)
        before = measure(*load_network(there), held) if there else None
        _print_table(before, after)
        worse = before is not None and _mean(after) < _mean(before)
        if worse and before is not None:
            return _refuse(f"{_mean(after):.3f}", f"{_mean(before):.3f}")
        _install(new, target)
    print(f"Installed in {target}. Calibrate the gate next: docs/training.md.")
    return 0


def _train_writer(
    data: Path,
    target: Path,
    settings: Settings,
    hold_out: str,
    epochs: int | None,
    seed: int | None,
    fresh: bool,
) -> int:
    config = writer.Config()
    config = replace(
        config,
        epochs=config.epochs if epochs is None else epochs,
        seed=config.seed if seed is None else seed,
    )
    chance = random.Random(config.seed)
    found = _examples(
        data,
        lambda organisation, retriever, encode: writer.read_written(
            organisation, retriever, encode, chance
        ),
    )
    examples, held = _split(found, hold_out, config.seed)
    base = settings.var / "models" / "generator"
    there = target if (target / ADAPTER).is_file() else writer_in_force(base)
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        new = Path(folder) / "writer"
        start = None if fresh else there
        writer.train(examples, config, base, new, start, _partial(target))
        after = writer.surprise(new, base, held)
        before = writer.surprise(there, base, held)
        print(f"{'':16} {'before':>7} {'now':>7}")
        print(f"{'surprise (nats)':16} {before:7.3f} {after:7.3f}")
        if after > before:
            return _refuse(f"{after:.3f} nats a token", f"{before:.3f}")
        _install(new, target)
    print(f"Installed in {target}.")
    return 0


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


def _refuse(after: str, before: str) -> int:
    print(
        f"Not installed: on the questions held back it reaches {after}, the model "
        f"there is {before}. Add questions or train longer.",
        file=sys.stderr,
    )
    return 1


def _install(new: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(new, target)


def _examples(
    data: Path, read: Callable[[Organisation, Retriever, Encode], Iterable[T]]
) -> list[tuple[str, T]]:
    """What is read from every organisation of a folder, with its name."""
    encoder = load_encoder(Settings.from_environ().encoder)
    encode = CachingEncoder(encoder)
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
    found: list[tuple[str, T]] = []
    with tempfile.TemporaryDirectory(prefix="frontdesk-training-") as indexes:
        for organisation in organisations:
            name = organisation.name
            folder = data if single else data / name
            retriever = open_organisation(folder, encoder, Path(indexes) / name)
            found += [(name, each) for each in read(organisation, retriever, encode)]
    return found


def _split(
    found: Sequence[tuple[str, T]], hold_out: str, seed: int
) -> tuple[list[T], list[T]]:
    """Examples to learn from and examples to measure with.

    Raises:
        CorpusError: An organisation to hold out is not there, or too few are left.
    """
    chance = random.Random(seed)
    if hold_out:
        names = {name.strip() for name in hold_out.split(",")}
        unknown = names - {name for name, _ in found}
        if unknown:
            raise CorpusError(
                f"There is no organisation {sorted(unknown)[0]!r} to hold back."
            )
        held = [each for name, each in found if name in names]
        held = chance.sample(held, min(len(held), MAX_MEASURED))
        kept = [each for name, each in found if name not in names]
    else:
        order = [each for _, each in found]
        chance.shuffle(order)
        size = round(HELD_BACK * len(order))
        kept, held = order[size:], order[:size][:MAX_MEASURED]
    if len(held) < MIN_HELD_BACK:
        raise CorpusError(
            f"{len(held)} questions are left to measure with; {MIN_HELD_BACK} are "
            "needed. Write more questions."
        )
    print(f"{len(kept)} questions to learn from, {len(held)} held back.", flush=True)
    return kept, held


def _mean(figures: dict[str, float]) -> float:
    return sum(figures[name] for name in MEASURES) / len(MEASURES)


def _print_table(before: dict[str, float] | None, after: dict[str, float]) -> None:
    print(f"{'':16} {'before':>7} {'now':>7}")
    for name in MEASURES:
        old = f"{before[name]:.3f}" if before else "-"
        print(f"{name:16} {old:>7} {after[name]:7.3f}")
