import subprocess

import pytest

from frontdesk.evaluation import provenance
from frontdesk.settings import Settings


@pytest.fixture
def commit(tmp_path, monkeypatch):
    """Commits what lies in an empty repository, where the test goes on."""
    monkeypatch.chdir(tmp_path)

    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@shop.example")
        subprocess.run(("git", *who, *arguments), check=True, capture_output=True)

    git("init")

    def commit():
        git("add", "code.py")
        git("commit", "-m", "Change it")

    return commit


def test_commits_edits_and_a_reader_of_ones_own_change_the_fingerprint(
    commit, tmp_path
):
    code = tmp_path / "code.py"
    reader = tmp_path / "var/models/reader/manifest.json"
    reader.parent.mkdir(parents=True)
    settings = Settings(var=tmp_path / "var")
    seen = []
    for text, committed, manifest in (
        ("a", True, "{}"),
        ("b", False, "{}"),
        ("c", False, "{}"),
        ("c", True, "{}"),
        ("c", False, '{"taught": 1}'),
    ):
        code.write_text(text)
        reader.write_text(manifest)
        if committed:
            commit()
        seen.append(provenance.fingerprint(settings))
        assert provenance.fingerprint(settings) == seen[-1]
    assert len(set(seen)) == len(seen)


def test_outside_a_repository_there_is_no_fingerprint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.fingerprint(Settings()) == ""
