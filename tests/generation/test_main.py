import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from tests.fakes_generation import tiny_llama


@pytest.fixture
def folder(tmp_path):
    """A saved model that takes a while to answer."""
    made = tiny_llama(num_hidden_layers=12, max_position_embeddings=2048)
    made.model.save_pretrained(tmp_path / "tiny")
    made.tokenizer.save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Starts the server's process with arguments; it ends with the test."""
    started = []

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "frontdesk.generation", *arguments],
            env=os.environ | {"PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"},
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_it_serves_and_ends_an_answer_under_way_before_it_stops(folder, start):
    port = free_port()
    process = start("--port", str(port), "--model", str(folder))
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 120
    while True:
        assert time.monotonic() < end and process.poll() is None
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                break
        except httpx.ConnectError:
            pass
        time.sleep(0.1)
    body = {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 200,
        "stream": True,
    }
    url = f"{address}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, timeout=60) as response:
        lines = response.iter_lines()
        next(lines)
        process.send_signal(signal.SIGTERM)
        sent = [line for line in lines if line.startswith("data: ")]
    assert sent[-1] == "data: [DONE]"
    reason = json.loads(sent[-2][6:])["choices"][0]["finish_reason"]
    assert reason in ("length", "stop")
    logged = process.communicate(timeout=30)[1]
    assert "Traceback" not in logged
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_it_in_one_sentence(start):
    process = start("--port", str(free_port()), "--model", "/no/model")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "There is no model at '/no/model'" in said
    assert "Traceback" not in said
