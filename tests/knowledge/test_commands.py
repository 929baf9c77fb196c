import json
from pathlib import Path

import pytest

from frontdesk.knowledge import commands
from frontdesk.knowledge.commands import index_command, search_command

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands") / "kb"
    folder.mkdir()
    (folder / "returns.md").write_text(
        "# Returns\n\n## Time\n\nYou have 30 days to send it back.\n\n## Money\n\n"
        + "The refund arrives on the card you paid with. " * 40
    )
    (folder / "delivery.md").write_text("# Delivery\n\nDelivery takes three days.")
    (folder / "photo.png").write_bytes(b"")
    return folder


def test_index_then_search(kb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = kb.parent / "index"

    assert index_command(kb, index, json=True) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert (report["added"], report["version"]) == (2, "1")
    assert report["skipped"][0]["path"] == "photo.png"
    assert "Left out photo.png: .png is not read" in err

    assert index_command(kb, index) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("0 added, 0 changed, 0 removed, 2 unchanged; 0 of ")

    assert search_command("how long for a refund?", index, 5, json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in found] == ["returns", "delivery"]
    assert set(found[0]) == {"id", "title", "text", "score"}

    assert search_command("how long is delivery", index, 1) == 0
    assert capsys.readouterr().out.startswith("1. Delivery  [delivery, ")

    assert index_command(kb, index, rollback=True) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("Version 1 is the oldest")


def test_a_failure_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search_command("a", tmp_path, 5) == 1
    assert index_command(tmp_path / "none", tmp_path) == 1

    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("There is no index in ")
    assert lines[1].startswith("There is no folder ")
    assert len(lines) == 2


def test_nothing_heavy_is_imported_with_the_commands() -> None:
    assert not hasattr(commands, "torch")
