"""The whole assistant, started for a run on a folder and on ports of its own.

Action server and Rasa server as `make serve` starts them, without a generation server:
answers quote the evidence, and what is measured is the dialogue.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from frontdesk.commerce.open import open_desk
from frontdesk.serve import MODEL, RASA_PYTHON, WARM_UP, child_environ
from frontdesk.settings import Settings

START_S = 600.0  # on a busy machine
TURN_S = 30.0
_CODE = re.compile(r"\b\d{6}\b")
ENDPOINTS = """\
action_endpoint:
  url: http://127.0.0.1:5055/webhook
tracker_store:
  type: SQL
  dialect: sqlite
  db: {var}/conversations.db
lock_store:
  type: addons.stores.locks.ConversationLocks
"""


@dataclass(frozen=True)
class Reply:
    """What came back for one message."""

    messages: tuple[dict[str, Any], ...]
    seconds: float

    @property
    def text(self) -> str:
        """All texts, a paragraph each."""
        return "\n".join(m["text"] for m in self.messages if m.get("text"))

    @property
    def payloads(self) -> tuple[str, ...]:
        """The payloads of all buttons."""
        return tuple(
            b["payload"] for m in self.messages for b in m.get("buttons") or ()
        )


class Assistant:
    """A running assistant; a context manager that stops what it started."""

    def __init__(
        self,
        var: Path,
        *,
        actions: str = "rasa_sdk",
        model: Path = MODEL,
        **settings: str,
    ) -> None:
        """An assistant that keeps everything under `var`.

        Args:
            var: A folder of its own.
            actions: The module that serves the actions; tests name a faulty one.
            model: The trained dialogue model.
            settings: Fields of `Settings` that differ from the environment's.
        """
        var.mkdir(parents=True, exist_ok=True)
        given = Settings.from_environ()
        if not (var / "models").exists():  # weights are large and read only
            (var / "models").symlink_to((given.var / "models").resolve())
        self.settings = replace(
            given,
            var=var,
            index=given.index,
            rasa_port=_free_port(),
            actions_port=_free_port(),
            generation_url="http://127.0.0.1:9/v1",
            **settings,  # type: ignore[arg-type]
        )
        self._actions, self._model = actions, model
        self._processes: list[subprocess.Popen[bytes]] = []
        self._http = httpx.Client(timeout=TURN_S)

    def __enter__(self) -> Assistant:
        var, ports = self.settings.var, self.settings
        open_desk(self.settings)  # fills the shop; on a busy machine that takes a while
        endpoints = var / "endpoints.yml"
        endpoints.write_text(ENDPOINTS.format(var=var.resolve()), "utf-8")
        serve = (sys.executable, "-m", self._actions, "--actions", "actions")
        self._start("actions", *serve, "--port", str(ports.actions_port))
        self._start(
            "rasa",
            *(str(RASA_PYTHON), "-m", "rasa", "run", "-m", str(self._model)),
            *("-i", "127.0.0.1", "-p", str(ports.rasa_port)),
            *("--endpoints", str(endpoints), "--credentials", "credentials.yml"),
        )
        actions = f"http://127.0.0.1:{ports.actions_port}"
        self._wait(f"{actions}/health")
        self._warm_up(f"{actions}/webhook")
        self._wait(f"http://127.0.0.1:{ports.rasa_port}/")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def say(self, sender: str, text: str) -> Reply:
        """Post one message over REST and return what came back."""
        start = time.perf_counter()
        response = self._http.post(
            self.rest_url, json={"sender": sender, "message": text}
        )
        seconds = time.perf_counter() - start
        response.raise_for_status()
        return Reply(tuple(response.json()), seconds)

    @property
    def rest_url(self) -> str:
        """Where messages are posted."""
        return f"http://127.0.0.1:{self.settings.rasa_port}/webhooks/rest/webhook"

    def code_for(self, email: str) -> str:
        """The last one-time code that was mailed to an address; empty if none was."""
        outbox = self.settings.var / "outbox.jsonl"
        lines = outbox.read_text("utf-8").splitlines() if outbox.exists() else []
        for line in reversed(lines):
            mail = json.loads(line)
            if mail["to"] == email:
                found = _CODE.search(mail["text"])
                return found[0] if found else ""
        return ""

    def _start(self, name: str, *command: str) -> None:
        log = (self.settings.var / f"{name}.log").open("ab")
        environ = {**os.environ, **child_environ(self.settings)}
        self._processes.append(
            subprocess.Popen(command, stdout=log, stderr=log, env=environ)
        )

    def _warm_up(self, url: str) -> None:
        """Load what the first question needs, as `make serve` does."""
        for _ in range(5):
            if self._http.post(url, json=WARM_UP, timeout=START_S).is_success:
                return
        raise RuntimeError(f"The action server does not get ready; see {url!r}.")

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self._processes):
                break
            try:
                if self._http.get(url, timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.3)
        raise RuntimeError(f"{url} does not answer; see {str(self.settings.var)!r}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
