"""`frontdesk serve`: everything on one machine, watched until it is stopped."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from frontdesk.kept_secrets import with_secrets
from frontdesk.quiet import quiet_environ
from frontdesk.settings import Settings, read_dotenv, variable
from frontdesk.supervisor import ServeError, Service, Supervisor
from frontdesk.terminal import own_terminal

RASA_PYTHON = Path(".venv-rasa/bin/python")
MODEL = Path("models/frontdesk.tar.gz")
_SHOP_HOSTS = ("127.0.0.1", "localhost")

# A call as Rasa makes it, of the action that loads what the first question needs.
WARM_UP = {
    "next_action": "action_warm_up",
    "sender_id": "warm-up",
    "tracker": {
        "sender_id": "warm-up",
        "slots": {},
        "latest_message": {},
        "events": [],
        "paused": False,
        "latest_input_channel": None,
        "active_loop": {},
        "latest_action_name": None,
    },
    "domain": {},
}


class NotBuiltError(ServeError):
    """Something that `make setup` builds is missing."""


def serve_command() -> int:
    """Serve until Ctrl-C or SIGTERM; exit status 0."""
    settings = Settings.from_environ()

    def announce(supervisor: Supervisor) -> None:
        shop = f"http://{reachable(settings.host)}:{settings.page_port}/"
        print(
            f"The demo shop is on {shop} and the assistant on {rest_url(settings)}\n"
            f"Logs are in {settings.var / 'logs'}. Ctrl-C stops everything.",
            flush=True,
        )
        supervisor.wait()

    return run_with(settings, [*assistant(settings), page(settings)], announce)


def run_with(
    settings: Settings, services: list[Service], body: Callable[[Supervisor], None]
) -> int:
    """Call `body` while all services run; exit status 0 however it was ended.

    Ctrl-C, SIGTERM and SIGHUP end the body and, like its return, all services.

    Raises:
        ServeError: A service cannot start.
    """
    require_built()
    for service in services:
        _keep_one_older(service.log)
    supervisor = Supervisor(services, say=_say)
    with own_terminal():
        try:
            _on_signals(_interrupt)
            _notice_signals_soon()
            supervisor.start()
            body(supervisor)
        except KeyboardInterrupt:
            _say("")
        finally:
            _on_signals(signal.SIG_IGN)
            signal.setitimer(signal.ITIMER_REAL, 0)
            supervisor.stop()
    _say("Everything has stopped.")
    return 0


def assistant(settings: Settings) -> list[Service]:
    """What a conversation needs: generation, actions, Rasa.

    The generation server is left out when the settings name another one.
    """
    services = [_actions(settings), _rasa(settings)]
    url = urlsplit(settings.generation_url)
    if (url.hostname, url.port) == (
        reachable(settings.host),
        settings.generation_port,
    ):
        services.insert(0, _generation(settings))
    return services


def page(settings: Settings) -> Service:
    """The demo shop's page."""
    return _service(
        settings,
        "shop page",
        (sys.executable, "-m", "frontdesk.page"),
        port=settings.page_port,
        setting="page_port",
        health="/",
        log="page.log",
    )


def rest_url(settings: Settings) -> str:
    """Where a message is posted to."""
    host = reachable(settings.host)
    return f"http://{host}:{settings.rasa_port}/webhooks/rest/webhook"


def reachable(host: str) -> str:
    """An address to connect to, for one to bind to."""
    return "127.0.0.1" if host in ("0.0.0.0", "localhost") else host


def require_built() -> None:
    """Make sure that `make setup` has been here.

    Raises:
        NotBuiltError: The Rasa environment or the trained model is missing.
    """
    for path in (RASA_PYTHON, MODEL):
        if not path.exists():
            raise NotBuiltError(f"{str(path)!r} is missing; run `make setup` first.")


def _generation(settings: Settings) -> Service:
    return _service(
        settings,
        "generation server",
        (sys.executable, "-m", "frontdesk.generation"),
        port=settings.generation_port,
        setting="generation_port",
        health="/health",
        log="generation.log",
    )


def _actions(settings: Settings) -> Service:
    port = settings.actions_port
    service = _service(
        settings,
        "action server",
        (sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)),
        port=port,
        setting="actions_port",
        health="/health",
        log="actions.log",
    )
    return replace(service, warm_up=("/webhook", json.dumps(WARM_UP)))


def _rasa(settings: Settings) -> Service:
    return _service(
        settings,
        "Rasa server",
        (
            *(str(RASA_PYTHON), "-m", "rasa", "run", "-m", str(MODEL)),
            *("-i", settings.host, "-p", str(settings.rasa_port)),
            *("--endpoints", "endpoints.yml", "--credentials", "credentials.yml"),
        ),
        port=settings.rasa_port,
        setting="rasa_port",
        health="/",
        log="rasa.log",
    )


def _service(
    settings: Settings,
    name: str,
    command: tuple[str, ...],
    *,
    port: int,
    setting: str,
    health: str,
    log: str,
) -> Service:
    return Service(
        name=name,
        command=command,
        environ=child_environ(settings),
        host=settings.host,
        port=port,
        setting=variable(setting),
        health=health,
        log=settings.var / "logs" / log,
    )


def child_environ(settings: Settings) -> dict[str, str]:
    """The environment of every service: each setting with its value, and where to bind.

    Rasa cannot read our `.env`, and its YAML files name variables that must be there.
    What else `.env` holds, such as the secrets of a messaging channel, is passed on.
    """
    more = {
        name: value
        for name, value in read_dotenv(Path(".env")).items()
        if name not in os.environ
    }
    settings = with_secrets(settings)
    values = {
        variable(field.name): str(getattr(settings, field.name))
        for field in fields(settings)
    }
    shop = [f"http://{host}:{settings.page_port}" for host in _SHOP_HOSTS]
    values[variable("web_origins")] = settings.web_origins or ",".join(shop)
    actions = f"http://{reachable(settings.host)}:{settings.actions_port}/webhook"
    return quiet_environ(
        **{**more, **values}, FRONTDESK_ACTIONS_URL=actions, SANIC_HOST=settings.host
    )


def _keep_one_older(log: Path) -> None:
    if log.exists():
        os.replace(log, log.with_suffix(".log.1"))


def _on_signals(handler: Callable[[int, FrameType | None], None] | int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _notice_signals_soon() -> None:
    """Wake the main thread twice a second.

    A signal that comes just before a read or a wait blocks is noticed only when
    something interrupts that, which may be never.
    """
    signal.signal(signal.SIGALRM, lambda signum, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
