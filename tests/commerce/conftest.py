from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commerce.desks import Counter


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path)
    yield counter
    counter.close()
