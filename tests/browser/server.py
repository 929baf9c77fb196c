"""Real servers on loopback for a test: an ASGI application in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

DIST = Path("widget/dist")


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def run_app(app: Any, port: int) -> Iterator[None]:
    """Serve `app` while the block runs; open connections are cut at its end."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError(f"The test's server on port {port} does not start.")
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


class Shop:
    """A host page with the widget, and whatever a test puts around it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}

    def app(self) -> Starlette:
        async def show(request: Request) -> HTMLResponse:
            body, headers = self.pages.get(request.url.path, ("", {}))
            return HTMLResponse(body, headers=headers, status_code=200 if body else 404)

        widget = Mount("/widget", StaticFiles(directory=DIST))
        return Starlette(routes=[widget, Route("/{path:path}", show)])

    def page(
        self,
        assistant_url: str,
        *,
        path: str = "/",
        body: str = "<h1>A shop</h1><p>Things to buy.</p>",
        head: str = "",
        lang: str = "en",
        headers: dict[str, str] | None = None,
        nonce: str = "",
        **attributes: str,
    ) -> str:
        """Put up a page; its address comes back. `starters` becomes `data-starters`."""
        data = {"server": assistant_url, "shop": "Lumen & Oak", **attributes}
        given = " ".join(
            f'data-{name.replace("_", "-")}="{value.replace("&", "&amp;")}"'
            for name, value in data.items()
        )
        html = (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Shop</title>{head}"
            f'<script async src="/widget/widget.js" nonce="{nonce}" {given}></script>'
            f"</head><body><main>{body}</main></body></html>"
        )
        self.pages[path] = (html, headers or {})
        return self.url + path
