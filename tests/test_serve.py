from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from frontdesk.serve import (
    NotBuiltError,
    assistant,
    child_environ,
    page,
    require_built,
    rest_url,
)
from frontdesk.settings import Settings, variable
from tests.fakes_serve import is_alive, noted_pids

# `frontdesk serve` with a fake service in place of ours.
PROGRAM = """
import sys
from pathlib import Path
from frontdesk.serve import run_with
from frontdesk.settings import Settings
from tests.fakes_serve import fake_service

service = fake_service(Path("."), "parent")

def body(supervisor):
    print("ready", flush=True)
    if "wait" in sys.argv:
        supervisor.wait()

sys.exit(run_with(Settings(), [service], body))
"""


def test_all_four_processes_bind_to_loopback_on_their_ports() -> None:
    services = [*assistant(Settings()), page(Settings())]
    assert [(s.name, s.host, s.port, s.setting) for s in services] == [
        ("generation server", "127.0.0.1", 8010, "FRONTDESK_GENERATION_PORT"),
        ("action server", "127.0.0.1", 5055, "FRONTDESK_ACTIONS_PORT"),
        ("Rasa server", "127.0.0.1", 5005, "FRONTDESK_RASA_PORT"),
        ("shop page", "127.0.0.1", 8080, "FRONTDESK_PAGE_PORT"),
    ]


def test_own_generation_server_is_left_out_when_another_is_set() -> None:
    settings = Settings(generation_url="http://gpu-box:8000/v1")
    assert [s.name for s in assistant(settings)] == ["action server", "Rasa server"]


def test_generation_url_follows_the_generation_port(tmp_path: Path) -> None:
    settings = Settings.from_environ(
        {"FRONTDESK_GENERATION_PORT": "9010"}, tmp_path / ".env"
    )
    assert assistant(settings)[0].port == 9010


def test_services_get_every_setting_and_the_address_of_the_actions(
    tmp_path: Path,
) -> None:
    environ = child_environ(Settings(actions_port=6055, var=tmp_path))
    assert {variable(field.name) for field in fields(Settings)} <= set(environ)
    assert environ["FRONTDESK_ACTIONS_URL"] == "http://127.0.0.1:6055/webhook"
    assert environ["SANIC_HOST"] == "127.0.0.1"
    assert environ["RASA_TELEMETRY_ENABLED"] == "false"


def test_services_get_the_secrets_of_channels_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRONTDESK_SLACK_SIGNING_SECRET", "of the environment")
    (tmp_path / ".env").write_text(
        "FRONTDESK_SLACK_BOT_TOKEN=xoxb-1\nFRONTDESK_SLACK_SIGNING_SECRET=of the file\n"
    )
    environ = child_environ(Settings(var=tmp_path))
    assert environ["FRONTDESK_SLACK_BOT_TOKEN"] == "xoxb-1"
    assert environ["FRONTDESK_SLACK_SIGNING_SECRET"] == "of the environment"


def test_services_share_secrets_and_know_the_shop(tmp_path: Path) -> None:
    settings = Settings(page_port=9090, var=tmp_path)
    first, second = child_environ(settings), child_environ(settings)
    assert first["FRONTDESK_WEB_SESSION_SECRET"]
    assert first == second
    shop = "http://127.0.0.1:9090,http://localhost:9090"
    assert first["FRONTDESK_WEB_ORIGINS"] == shop


def test_what_binds_everywhere_is_reached_on_loopback() -> None:
    settings = replace(Settings(), host="0.0.0.0")
    assert rest_url(settings) == "http://127.0.0.1:5005/webhooks/rest/webhook"


def test_checkout_without_a_model_is_sent_to_make_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotBuiltError, match="run `make setup` first"):
        require_built()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_everything_with_status_0(
    tmp_path: Path, number: signal.Signals
) -> None:
    with start(tmp_path, "wait") as process:
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Everything has stopped." in output
    assert [pid for pid in noted_pids(tmp_path) if is_alive(pid)] == []


def test_end_of_the_conversation_ends_everything_with_status_0(tmp_path: Path) -> None:
    with start(tmp_path, "return") as process:
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert [pid for pid in noted_pids(tmp_path) if is_alive(pid)] == []


def test_nothing_is_left_when_serve_is_killed(tmp_path: Path) -> None:
    with start(tmp_path, "wait") as process:
        process.kill()
        process.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while any(map(is_alive, noted_pids(tmp_path))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in noted_pids(tmp_path) if is_alive(pid)] == []


def start(folder: Path, how: str) -> subprocess.Popen[str]:
    for built in (".venv-rasa/bin/python", "models/frontdesk.tar.gz"):
        (folder / built).parent.mkdir(parents=True, exist_ok=True)
        (folder / built).touch()
    root = str(Path(__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready"):
            break
    return process
