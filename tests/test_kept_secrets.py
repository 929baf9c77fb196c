from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.kept_secrets import FILE, KEPT, with_secrets
from frontdesk.settings import Settings, SettingsError


def test_missing_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = with_secrets(Settings(var=tmp_path))
    assert with_secrets(Settings(var=tmp_path)) == first
    values = [getattr(first, name) for name in KEPT]
    assert min(map(len, values)) >= 40
    assert len(set(values)) == len(values)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_secret_of_the_settings_wins_and_is_not_written(tmp_path: Path) -> None:
    settings = replace(Settings(var=tmp_path), web_session_secret="mine" * 8)
    assert with_secrets(settings).web_session_secret == "mine" * 8
    assert "web_session_secret" not in json.loads((tmp_path / FILE).read_text())


def test_secret_of_a_later_version_joins_the_others(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"web_session_secret": "kept"}')
    settings = with_secrets(Settings(var=tmp_path))
    assert settings.web_session_secret == "kept"
    assert len(settings.identity_secret) >= 40


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_broken_file_is_named_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(SettingsError, match=r"secrets\.json.*Delete it"):
        with_secrets(Settings(var=tmp_path))
