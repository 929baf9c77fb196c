from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.supervisor import (
    PortTakenError,
    ServiceEndedError,
    Supervisor,
    describe_end,
    is_healthy,
)
from tests.fakes_serve import fake_service, is_alive, noted_pids


def test_all_services_are_healthy_after_start_and_gone_after_stop(
    tmp_path: Path,
) -> None:
    services = [fake_service(tmp_path, "parent"), fake_service(tmp_path)]
    supervisor = Supervisor(services, say=print)
    supervisor.start()
    assert all(is_healthy(service) for service in services)
    supervisor.stop()
    assert [pid for pid in noted_pids(tmp_path) if is_alive(pid)] == []


def test_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    service = fake_service(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", service.port))
        taken.listen()
        supervisor = Supervisor([service], say=print)
        with pytest.raises(PortTakenError) as caught:
            supervisor.start()
    assert str(caught.value) == (
        f"The Rasa server cannot use 127.0.0.1:{service.port} (Address already in "
        "use); stop what uses that port, or set FRONTDESK_RASA_PORT to a free one."
    )


def test_service_that_dies_early_shows_its_log_and_takes_the_others_along(
    tmp_path: Path,
) -> None:
    dying = replace(fake_service(tmp_path, "dies"), log=tmp_path / "dying.log")
    supervisor = Supervisor([fake_service(tmp_path), dying], say=print)
    with pytest.raises(ServiceEndedError) as caught:
        supervisor.start()
    assert "ended with status 1 before it was healthy" in str(caught.value)
    assert str(caught.value).endswith("loading the model\n  there is no model")
    assert [pid for pid in noted_pids(tmp_path) if is_alive(pid)] == []


def test_service_that_ends_is_started_again_and_both_are_said(tmp_path: Path) -> None:
    service = fake_service(tmp_path)
    said: list[str] = []
    supervisor = Supervisor([service], say=said.append)
    supervisor.start()
    try:
        with pytest.raises((urllib.error.URLError, OSError)):
            urllib.request.urlopen(f"http://127.0.0.1:{service.port}/die", timeout=5)
        deadline = time.monotonic() + 20
        while len(said) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert is_healthy(service)
    finally:
        supervisor.stop()
    assert said == [
        f"The Rasa server ended with status 3 (its log: {service.log}); "
        "starting it again in 1 s.",
        "The Rasa server is back.",
    ]


def test_service_is_warmed_up_before_it_counts_as_ready(tmp_path: Path) -> None:
    service = replace(fake_service(tmp_path), warm_up=("/warm", '{"load": true}'))
    supervisor = Supervisor([service], say=print)
    supervisor.start()
    supervisor.stop()
    assert (tmp_path / "posts").read_text() == '/warm {"load": true}\n'


def test_stop_before_start_does_nothing(tmp_path: Path) -> None:
    Supervisor([fake_service(tmp_path)], say=print).stop()
    assert not (tmp_path / "pids").exists()


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "ended with status 0"),
        (137, "ended with status 137"),
        (-9, "was ended by SIGKILL"),
    ],
)
def test_end_of_a_process_is_described(status: int, text: str) -> None:
    assert describe_end(status) == text
