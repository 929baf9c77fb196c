from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from frontdesk.settings import Settings, SettingsError, read_dotenv, variable

NAMES = {variable(field.name) for field in fields(Settings)}


def test_example_file_lists_every_setting_with_its_default() -> None:
    example = read_dotenv(Path(".env.example"))
    assert set(example) == NAMES
    assert Settings.from_environ(example, Path("none")) == Settings()


def test_readme_table_lists_every_setting() -> None:
    readme = Path("README.md").read_text("utf-8")
    table = set(re.findall(r"^\| `(FRONTDESK_\w+)`", readme, re.MULTILINE))
    assert table == NAMES


def test_environment_wins_over_dotenv_and_dotenv_over_the_default(
    tmp_path: Path,
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        "# ports\nFRONTDESK_RASA_PORT=6005\nFRONTDESK_PAGE_PORT = '9090'\n\n"
        "FRONTDESK_FIRST_TOKEN_TIMEOUT_S=1.5\n"
    )
    settings = Settings.from_environ({"FRONTDESK_RASA_PORT": "7005"}, dotenv)
    assert (settings.rasa_port, settings.page_port) == (7005, 9090)
    assert settings.first_token_timeout_s == 1.5
    assert settings.actions_port == 5055


def test_value_of_the_wrong_kind_names_the_setting_and_the_fix() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({"FRONTDESK_RASA_PORT": "many"}, Path("none"))
    assert str(caught.value) == (
        "FRONTDESK_RASA_PORT is 'many', which is no int. "
        "Correct it in the environment or in .env."
    )


def test_line_without_a_value_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FRONTDESK_KB=kb\nsecret\n")
    with pytest.raises(SettingsError, match=r"Line 2 of .* is 'secret'"):
        read_dotenv(tmp_path / ".env")
