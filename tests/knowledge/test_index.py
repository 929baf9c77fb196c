import json
import logging
from pathlib import Path

import numpy as np
import pytest

from frontdesk.knowledge.errors import (
    EmptyKnowledgeError,
    EncoderMismatchError,
    IndexBusyError,
    IndexCorruptError,
    IndexMissingError,
    KnowledgeError,
)
from frontdesk.knowledge.index import build_index, load_index
from frontdesk.knowledge.versions import build_lock, rollback, stored_versions
from tests.fakes_knowledge import FakeEncoder


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    folder = tmp_path / "kb"
    folder.mkdir()
    (folder / "returns.md").write_text("# Returns\n\nYou have 30 days. We pay.")
    (folder / "delivery.md").write_text("# Delivery\n\nDelivery is free.")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_a_first_build_encodes_everything(kb: Path, index: Path) -> None:
    report = build_index(kb, index, FakeEncoder())

    assert (report.added, report.changed, report.removed) == (2, 0, 0)
    assert (report.passages, report.encoded_passages) == (2, 2)
    assert (report.version, report.skipped) == ("1", [])


def test_a_second_build_encodes_nothing_and_keeps_the_version(
    kb: Path, index: Path
) -> None:
    build_index(kb, index, FakeEncoder())
    encoder = FakeEncoder()

    report = build_index(kb, index, encoder)

    assert encoder.encoded == []
    assert (report.unchanged, report.encoded_passages) == (2, 0)
    assert report.version == "1"


def test_only_changed_passages_are_encoded_again(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())
    (kb / "returns.md").write_text("# Returns\n\nYou have 60 days.")
    (kb / "gifts.md").write_text("# Gift cards\n\nThey last a year.")
    (kb / "delivery.md").unlink()
    encoder = FakeEncoder()

    report = build_index(kb, index, encoder)

    assert (report.added, report.changed, report.removed) == (1, 1, 1)
    assert (report.unchanged, report.encoded_passages) == (0, 2)
    assert encoder.encoded == [
        "Gift cards\nThey last a year.",
        "Returns\nYou have 60 days.",
    ]


def test_reused_vectors_are_those_of_a_fresh_build(
    kb: Path, index: Path, tmp_path: Path
) -> None:
    build_index(kb, index, FakeEncoder())
    (kb / "first.md").write_text("# A first one\n\nNew. And more.")
    build_index(kb, index, FakeEncoder())
    build_index(kb, tmp_path / "fresh", FakeEncoder())

    reused = load_index(index)
    fresh = load_index(tmp_path / "fresh")

    assert reused.passages == fresh.passages
    assert reused.words.starts.tolist() == fresh.words.starts.tolist()
    for row in range(len(fresh.passages)):
        np.testing.assert_array_equal(
            reused.vectors.reconstruct(row), fresh.vectors.reconstruct(row)
        )


def test_the_manifest_says_what_built_the_index(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())

    manifest = json.loads((index / "versions/1/manifest.json").read_text())

    assert manifest["settings"]["encoder"] == "fake"
    assert manifest["settings"]["encoder_hash"] == "weights of fake"
    assert manifest["settings"]["dimension"] == 48
    assert manifest["passages"] == 2
    assert set(manifest["documents"]) == {"returns", "delivery"}
    assert manifest["built_by"].startswith("frontdesk ")
    assert "passages.jsonl" in manifest["files"]


def test_an_empty_folder_is_refused_and_the_old_version_stays(
    kb: Path, index: Path
) -> None:
    build_index(kb, index, FakeEncoder())
    for path in kb.iterdir():
        path.unlink()
    (kb / "broken.pdf").write_bytes(b"nonsense")

    with pytest.raises(EmptyKnowledgeError, match=r"no readable document.*broken\.pdf"):
        build_index(kb, index, FakeEncoder())

    assert load_index(index).version == "1"


def test_a_missing_index_is_named(index: Path) -> None:
    with pytest.raises(IndexMissingError, match="run frontdesk index"):
        load_index(index)


def test_another_encoder_is_refused(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())

    with pytest.raises(
        EncoderMismatchError, match="with encoder 'fake', but 'other' is configured"
    ):
        load_index(index, FakeEncoder("other"))


def test_building_with_another_encoder_encodes_everything(
    kb: Path, index: Path
) -> None:
    build_index(kb, index, FakeEncoder())

    report = build_index(kb, index, FakeEncoder("other"))

    assert (report.unchanged, report.encoded_passages) == (2, 2)
    assert load_index(index, FakeEncoder("other")).version == "2"


@pytest.mark.parametrize(
    "name", ["vectors.faiss", "passages.jsonl", "words.npy", "manifest.json"]
)
def test_a_damaged_file_is_refused(kb: Path, index: Path, name: str) -> None:
    build_index(kb, index, FakeEncoder())
    path = index / "versions/1" / name
    path.write_bytes(path.read_bytes()[:-9] + b"nonsense!")

    with pytest.raises(IndexCorruptError, match="run frontdesk index"):
        load_index(index)


def test_a_missing_file_is_refused(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())
    (index / "versions/1/words.npy").unlink()

    with pytest.raises(IndexCorruptError, match=r"words\.npy' is missing"):
        load_index(index)


def test_a_damaged_version_is_built_anew(
    kb: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build_index(kb, index, FakeEncoder())
    (index / "versions/1/vectors.faiss").write_bytes(b"nonsense")

    with caplog.at_level(logging.WARNING):
        report = build_index(kb, index, FakeEncoder())

    assert (report.version, report.encoded_passages) == ("2", 2)
    assert "Building from nothing" in caplog.text
    assert load_index(index).version == "2"


def test_two_builds_at_once_are_refused(kb: Path, index: Path) -> None:
    with build_lock(index), pytest.raises(IndexBusyError, match="wait until"):
        build_index(kb, index, FakeEncoder())


def test_a_build_that_fails_leaves_the_old_version(kb: Path, index: Path) -> None:
    class Breaking(FakeEncoder):
        def encode_words(self, *_: object) -> None:  # type: ignore[override]
            raise RuntimeError("no memory")

    build_index(kb, index, FakeEncoder())
    (kb / "new.md").write_text("# New\n\nText.")

    with pytest.raises(RuntimeError):
        build_index(kb, index, Breaking())

    assert load_index(index).version == "1"
    assert sorted(path.name for path in (index / "versions").iterdir()) == ["1"]


def test_the_last_three_versions_are_kept(kb: Path, index: Path) -> None:
    for number in range(5):
        (kb / "news.md").write_text(f"# News\n\nEdition {number}.")
        build_index(kb, index, FakeEncoder())

    assert stored_versions(index) == ["3", "4", "5"]


def test_rollback_returns_to_the_version_before(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())
    (kb / "news.md").write_text("# News\n\nNone.")
    build_index(kb, index, FakeEncoder())

    assert rollback(index) == "1"
    assert load_index(index).version == "1"
    with pytest.raises(KnowledgeError, match="Version 1 is the oldest"):
        rollback(index)


def test_a_build_after_a_rollback_makes_a_new_version(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())
    (kb / "news.md").write_text("# News\n\nNone.")
    build_index(kb, index, FakeEncoder())
    rollback(index)

    report = build_index(kb, index, FakeEncoder())

    assert (report.version, report.added) == ("3", 1)


def test_current_that_names_nothing_is_corrupt(kb: Path, index: Path) -> None:
    build_index(kb, index, FakeEncoder())
    (index / "CURRENT").write_text("../../etc\n")

    with pytest.raises(IndexCorruptError, match=r"names version .\.\./\.\./etc."):
        load_index(index)


def test_an_encoder_without_word_vectors_will_do(kb: Path, index: Path) -> None:
    class Plain:
        name, fingerprint, dimension, max_tokens = "plain", "plain-1", 48, 64

        def __init__(self) -> None:
            inner = FakeEncoder()
            self.encode, self.count_tokens = inner.encode, inner.count_tokens

    build_index(kb, index, Plain())

    assert len(load_index(index, Plain()).words.rows) == 0
