"""`frontdesk train`: teach a small model, and install it if it is not worse."""

from __future__ import annotations

import math
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from frontdesk.answering import verifier as verifying
from frontdesk.answering.evidence import Encode
from frontdesk.answering.opening import CachingEncoder
from frontdesk.answering.reader import folder_in_force, load_network, own_folder
from frontdesk.generation.weights import ADAPTER, writer_in_force
from frontdesk.knowledge.encoder import load_encoder
from frontdesk.knowledge.retriever import Retriever
from frontdesk.settings import Settings
from frontdesk.training import reader, verifier, writer
from frontdesk.training.corpus import CorpusError, Organisation, load_corpus
from frontdesk.training.examples import Group, open_organisation, read_groups
from frontdesk.training.measures import measure

HELD_BACK = 0.2  # of the questions, where no organisation is named
MIN_HELD_BACK = 20
MAX_MEASURED = 200  # questions held back that are measured with, drawn at random

T = TypeVar("T")
Claims = tuple[verifier.Statement, ...]


@dataclass(frozen=True)
class Lesson(Generic[T]):
    """How one model is taught; an example is what is made of one question.

    Attributes:
        there: Folder of the model in force; None for none.
        read: The examples of an organisation.
        train: Teaches, given examples, those held back, the folder of the result, the
            one to go on from and the file of the state.
        figures: How well the model of a folder does on examples, each the more the
            better; None where the folder is None and that is no model at all.
    """

    there: Path | None
    read: Callable[[Organisation, Retriever, Encode], Iterable[T]]
    train: Callable[[Sequence[T], Sequence[T], Path, Path | None, Path], None]
    figures: Callable[[Path | None, Sequence[T]], Mapping[str, float] | None]


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
    the model there was before (the shipped one, or none), by the mean of its figures.

    Args:
        name: Which model, `reader`, `verifier` or `writer`.
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
    given = {"epochs": epochs, "seed": seed}
    changes = {key: value for key, value in given.items() if value is not None}
    lesson, drawn = LESSONS[name](settings, target, changes)
    found = _examples(data, lesson.read)
    kept, held = _split(found, hold_out, drawn)
    start = None if fresh else lesson.there
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        new = Path(folder) / name
        state = target.with_name(f"{target.name}.partial")
        lesson.train(kept, held, new, start, state)
        after = lesson.figures(new, held) or {}
        before = lesson.figures(lesson.there, held)
        _print_table(before, after)
        if before is not None and _mean(after) < _mean(before):
            print(
                f"Not installed: on the questions held back it reaches "
                f"{_mean(after):.3f}, the model there is {_mean(before):.3f}. Add "
                "questions or train longer.",
                file=sys.stderr,
            )
            return 1
        _install(new, target)
    print(f"Installed in {target}.")
    if name == "reader":
        print("Calibrate the gate next: docs/training.md.")
    return 0


def _reader(
    settings: Settings, target: Path, changes: dict[str, Any]
) -> tuple[Lesson[Group], int]:
    config = replace(reader.Config(), **changes)

    def figures(
        folder: Path | None, groups: Sequence[Group]
    ) -> dict[str, float] | None:
        return measure(*load_network(folder), groups) if folder else None

    return Lesson(
        folder_in_force(target),
        lambda organisation, retriever, _: read_groups(organisation, retriever),
        lambda kept, held, new, start, state: reader.train(
            kept, held, config, new, start, state
        ),
        figures,
    ), config.seed


def _verifier(
    settings: Settings, target: Path, changes: dict[str, Any]
) -> tuple[Lesson[Claims], int]:
    config = replace(verifier.Config(), **changes)
    known = folder_in_force(own_folder(settings.var))

    def figures(
        folder: Path | None, questions: Sequence[Claims]
    ) -> dict[str, float] | None:
        if folder is None:
            return None
        return {"altered_auc": verifier.measure(folder, _flat(questions))}

    return Lesson(
        folder_in_force(target, verifying.SHIPPED),
        lambda organisation, retriever, _: verifier.read_statements(
            organisation, retriever
        ),
        lambda kept, _, new, start, state: verifier.train(
            _flat(kept), config, new, start, known, state
        ),
        figures,
    ), config.seed


def _flat(questions: Sequence[Claims]) -> list[verifier.Statement]:
    return [statement for claims in questions for statement in claims]


def _writer(
    settings: Settings, target: Path, changes: dict[str, Any]
) -> tuple[Lesson[writer.Written], int]:
    config = replace(writer.Config(), **changes)
    base = settings.var / "models" / "generator"
    chance = random.Random(config.seed)

    def figures(
        folder: Path | None, examples: Sequence[writer.Written]
    ) -> dict[str, float]:
        return {"likelihood": math.exp(-writer.surprise(folder, base, examples))}

    return Lesson(
        target if (target / ADAPTER).is_file() else writer_in_force(base),
        lambda organisation, retriever, encode: writer.read_written(
            organisation, retriever, encode, chance
        ),
        lambda kept, _, new, start, state: writer.train(
            kept, config, base, new, start, state
        ),
        figures,
    ), config.seed


def _install(new: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(new, target)


LESSONS: dict[str, Callable[..., tuple[Lesson[Any], int]]] = {
    "reader": _reader,
    "verifier": _verifier,
    "writer": _writer,
}


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


def _mean(figures: Mapping[str, float]) -> float:
    return sum(figures.values()) / len(figures)


def _print_table(
    before: Mapping[str, float] | None, after: Mapping[str, float]
) -> None:
    print(f"{'':16} {'before':>7} {'now':>7}")
    for name, value in after.items():
        old = f"{before[name]:.3f}" if before else "-"
        print(f"{name:16} {old:>7} {value:7.3f}")
