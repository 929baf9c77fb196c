"""Demo shops for tests: filled once, then copied."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

from frontdesk.commerce.demo.backend import DemoShop
from frontdesk.commerce.demo.kinds import KINDS

CATALOGUE = Path("kb/products/catalogue.csv")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


Shop = TypeVar("Shop", bound=DemoShop)


def demo_shop(
    path: Path,
    clock: Callable[[], datetime] = lambda: NOW,
    kind: type[Shop] = DemoShop,  # type: ignore[assignment]
) -> Shop:
    """A shop of its own at this path, as filled at NOW."""
    shutil.copy(_filled(), path)
    return kind(f"sqlite:///{path}", CATALOGUE, clock)


def number_of(kind: str) -> str:
    """The number of the example order of a kind."""
    names = [one.name for one in KINDS]
    return f"LO-{100_101 + names.index(kind)}"


@cache
def _filled() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="frontdesk-shop-")
    _kept.append(folder)  # until the process ends
    path = Path(folder.name) / "shop.sqlite3"
    shop = DemoShop(f"sqlite:///{path}", CATALOGUE, lambda: NOW)
    shop.engine.dispose()  # the last connection writes the log back into the file
    return path


_kept: list[tempfile.TemporaryDirectory[str]] = []
