"""Starting services, waiting until they are healthy, and starting again what ends.

Everything here happens in the supervisor's own thread, where no signal can interrupt
it between starting a process and noting that it did.

    ServeError
        PortTakenError      a port that a service needs is in use
        ServiceEndedError   a service ended before it was healthy
"""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from frontdesk.bootstrap.progress import Board
from frontdesk.guard import Guard, end_groups, send

POLL_S = 0.2
# A service that has run this long starts again at once; earlier deaths wait longer.
STEADY_S = 60.0
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
WARM_UP_S = 60.0


class ServeError(RuntimeError):
    """The services cannot run; the message says which, why and what to do."""


class PortTakenError(ServeError):
    """A port that a service needs is in use."""


class ServiceEndedError(ServeError):
    """A service ended before it was healthy."""


@dataclass(frozen=True)
class Service:
    """How to start one process and how to see that it is ready.

    Attributes:
        name: What a person calls it, e.g. "Rasa server".
        command: Program and arguments.
        environ: Its whole environment.
        host: Address that it binds to.
        port: Port that it binds to.
        setting: Variable that moves the port.
        health: Path that answers 200 when it is ready.
        log: File for its output.
        warm_up: Path and JSON of a request that it gets before it counts as ready, so
            that no customer waits for what is loaded at first use; its answer does not
            matter.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    host: str
    port: int
    setting: str
    health: str
    log: Path
    warm_up: tuple[str, str] | None = None


@dataclass
class Running:
    """A started service."""

    service: Service
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    healthy: bool = False
    warming: threading.Thread | None = None
    delay_s: float = FIRST_DELAY_S
    again_at: float | None = None  # when to start it again, after it ended


class Supervisor:
    """Runs services until it is stopped."""

    def __init__(
        self,
        services: Sequence[Service],
        say: Callable[[str], None],
        board: Board | None = None,
    ) -> None:
        """Nothing is started yet; `say` gets what happens after the start."""
        self._services = services
        self._say = say
        self._board = board or Board()
        self._running: list[Running] = []
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._ended.set()
        self._error: ServeError | None = None

    def start(self) -> None:
        """Start all and return when all are healthy.

        Raises:
            ServeError: One cannot start; none is left running.
        """
        self._ended.clear()
        threading.Thread(target=self._run, daemon=True).start()
        while not self._ended.is_set() and not self._ready.wait(POLL_S):
            pass
        if self._error:
            raise self._error

    def wait(self) -> None:
        """Return when everything has ended."""
        # Not Thread.join: interrupted by a signal, it takes the thread for ended.
        self._ended.wait()

    def stop(self) -> None:
        """End everything that was started, and return when it has ended."""
        self._stopping.set()
        self._ended.wait()

    def _run(self) -> None:
        guard = None
        try:
            for service in self._services:
                refuse_taken_port(service)
            guard = Guard()
            for service in self._services:
                self._running.append(Running(service, _launch(service, guard)))
            self._wait_healthy()
            self._ready.set()
            self._watch(guard)
        except ServeError as error:
            self._error = error
        finally:
            self._end_all()
            if guard:
                guard.close()
            self._ended.set()

    def _wait_healthy(self) -> None:
        shown: list[tuple[Running, AbstractContextManager[object]]] = []
        for running in self._running:
            service = running.service
            task: AbstractContextManager[object]
            task = self._board.task(f"{service.name} on port {service.port}")
            task.__enter__()
            shown.append((running, task))
        try:
            while shown and not self._stopping.wait(POLL_S):
                for running, waiting in list(shown):
                    if running.process.poll() is not None:
                        raise _ended_early(running)
                    if _is_ready(running):
                        running.healthy = True
                        waiting.__exit__(None, None, None)
                        shown.remove((running, waiting))
        finally:
            unready = ServeError("not healthy")
            for _, waiting in shown:
                waiting.__exit__(ServeError, unready, None)

    def _watch(self, guard: Guard) -> None:
        while not self._stopping.wait(POLL_S):
            for running in self._running:
                self._look_after(running, guard)

    def _look_after(self, running: Running, guard: Guard) -> None:
        service = running.service
        now = time.monotonic()
        if running.again_at is not None:
            if now >= running.again_at:
                running.process = _launch(service, guard)
                running.started, running.again_at = now, None
                running.warming = None
        elif (status := running.process.poll()) is not None:
            send(running.process.pid, signal.SIGKILL)  # what its group has left
            guard.remove(running.process.pid)
            if now - running.started > STEADY_S:
                running.delay_s = FIRST_DELAY_S
            running.healthy, running.again_at = False, now + running.delay_s
            self._say(
                f"The {service.name} {describe_end(status)} (its log: {service.log}); "
                f"starting it again in {running.delay_s:.0f} s."
            )
            running.delay_s = min(2 * running.delay_s, LONGEST_DELAY_S)
        elif not running.healthy and _is_ready(running):
            running.healthy = True
            self._say(f"The {service.name} is back.")

    def _end_all(self) -> None:
        """End all groups; what is still starting has nothing to lose and is killed.

        The action server also hangs when it is asked to end in its first second.
        """
        for running in self._running:
            if not running.healthy:
                send(running.process.pid, signal.SIGKILL)
        reaper = threading.Thread(target=self._reap)
        reaper.start()
        end_groups({running.process.pid for running in self._running})
        reaper.join()

    def _reap(self) -> None:
        for running in self._running:
            running.process.wait()


def refuse_taken_port(service: Service) -> None:
    """Make sure that nothing listens on the port.

    Raises:
        PortTakenError: Something does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((service.host, service.port))
        except OSError as error:
            raise PortTakenError(
                f"The {service.name} cannot use {service.host}:{service.port} "
                f"({error.strerror}); stop what uses that port, or set "
                f"{service.setting} to a free one."
            ) from error


def is_healthy(service: Service) -> bool:
    """Whether the service answers 200 on its health path, within a second."""
    connection = _connection(service, 1.0)
    try:
        connection.request("GET", service.health)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def warm_up(service: Service) -> None:
    """Send the warm-up request and wait for its answer, whatever that is."""
    assert service.warm_up is not None
    path, body = service.warm_up
    connection = _connection(service, WARM_UP_S)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return  # it counts as ready all the same: the first question loads the rest
    finally:
        connection.close()


def describe_end(status: int) -> str:
    """How a process ended, from its status as subprocess gives it."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _is_ready(running: Running) -> bool:
    """Whether the service is healthy and warm; starts to warm it when it is healthy."""
    if not is_healthy(running.service):
        return False
    if running.service.warm_up is None:
        return True
    if running.warming is None:
        running.warming = threading.Thread(
            target=warm_up, args=(running.service,), daemon=True
        )
        running.warming.start()
    return not running.warming.is_alive()


def _connection(service: Service, timeout_s: float) -> http.client.HTTPConnection:
    host = "127.0.0.1" if service.host == "0.0.0.0" else service.host
    return http.client.HTTPConnection(host, service.port, timeout=timeout_s)


def _launch(service: Service, guard: Guard) -> subprocess.Popen[bytes]:
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.log.open("ab") as log:
        process = subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(service.environ),
            start_new_session=True,
        )
    guard.add(process.pid)
    return process


def _ended_early(running: Running) -> ServiceEndedError:
    service = running.service
    tail = service.log.read_text("utf-8", "replace").splitlines()[-12:]
    return ServiceEndedError(
        f"The {service.name} {describe_end(running.process.returncode)} before it was "
        f"healthy; the end of {str(service.log)!r}:\n  " + "\n  ".join(tail)
    )
