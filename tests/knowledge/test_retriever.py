import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from frontdesk.knowledge.errors import EncoderMismatchError, IndexMissingError
from frontdesk.knowledge.index import build_index
from frontdesk.knowledge.retriever import Retriever, open_retriever
from frontdesk.knowledge.versions import rollback
from tests.fakes_knowledge import FakeEncoder


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    folder = tmp_path / "kb"
    folder.mkdir()
    (folder / "returns.md").write_text("# Returns\n\nYou have 30 days.")
    build_index(folder, tmp_path / "index", FakeEncoder())
    return folder


@pytest.fixture
def index(kb: Path) -> Path:
    return kb.parent / "index"


def wait_until(done: Callable[[], bool], limit_s: float = 2.0) -> None:
    deadline = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < deadline, "took longer than two seconds"
        time.sleep(0.02)


def texts(retriever: Retriever, query: str) -> list[str]:
    return [hit.passage.text for hit in retriever.search(query)]


def test_a_question_or_a_conversation_can_be_searched(index: Path) -> None:
    retriever = open_retriever(index, FakeEncoder())

    assert texts(retriever, "returns") == ["You have 30 days."]
    assert retriever.search(["returns?", "how many days"])[0].passage.id == "returns#0"
    turns = [{"role": "bot", "text": "Hello"}, {"role": "user", "text": "days?"}]
    assert retriever.search_turns(turns)[0].passage.id == "returns#0"
    assert [passage.id for passage in retriever.passages] == ["returns#0"]


def test_a_new_version_is_served_within_two_seconds_without_a_failed_search(
    kb: Path, index: Path
) -> None:
    retriever = open_retriever(index, FakeEncoder())
    stop = threading.Event()
    failures: list[BaseException] = []

    def keep_asking() -> None:
        while not stop.is_set():
            try:
                assert retriever.search("days")
            except BaseException as error:
                failures.append(error)

    asking = [threading.Thread(target=keep_asking) for _ in range(2)]
    for thread in asking:
        thread.start()
    (kb / "returns.md").write_text("# Returns\n\nYou have 60 days.")
    build_index(kb, index, FakeEncoder())

    wait_until(lambda: texts(retriever, "days") == ["You have 60 days."])
    rollback(index)
    wait_until(lambda: retriever.version == "1")

    stop.set()
    for thread in asking:
        thread.join()
    assert failures == []
    assert texts(retriever, "days") == ["You have 30 days."]


@pytest.mark.parametrize("damage", ["corrupt", "other encoder"])
def test_a_version_that_cannot_be_served_is_reported_once_and_ignored(
    kb: Path, index: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    retriever = open_retriever(index, FakeEncoder())
    (kb / "news.md").write_text("# News\n\nNone.")
    if damage == "corrupt":
        build_index(kb, index, FakeEncoder())
        (index / "versions/2/vectors.faiss").write_bytes(b"nonsense")
    else:
        build_index(kb, index, FakeEncoder("other"))

    with caplog.at_level(logging.ERROR):
        for _ in range(8):
            assert texts(retriever, "days") == ["You have 30 days."]
            time.sleep(0.2)

    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("Keeping version 1: Index")


def test_opening_needs_an_index_and_its_encoder(index: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        open_retriever(tmp_path / "none", FakeEncoder())
    with pytest.raises(EncoderMismatchError):
        open_retriever(index, FakeEncoder("other"))


def test_neighbours_are_the_passages_beside_a_hit(tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    kb.mkdir()
    parts = [
        f"## Part {name}\n\n{' '.join([name * 3] * 50)}" for name in ("a", "b", "c")
    ]
    (kb / "long.md").write_text("\n\n".join(parts))
    build_index(kb, tmp_path / "index", FakeEncoder())
    retriever = open_retriever(tmp_path / "index", FakeEncoder())

    hit = retriever.search("bbb")[0]

    assert [passage.position for passage in retriever.neighbours(hit)] == [0, 2]
