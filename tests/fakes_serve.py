"""A stand-in for a server: healthy, slow to end, dying, or with a child of its own."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from frontdesk.supervisor import Service

SERVER = """
import http.server, subprocess, sys, pathlib, os
port, folder, kind = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
with (folder / "pids").open("a") as file:
    file.write(f"{os.getpid()}\\n")
print("loading the model", flush=True)
if kind == "dies":
    sys.exit("there is no model")
if kind == "parent":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with (folder / "pids").open("a") as file:
        file.write(f"{child.pid}\\n")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with (folder / "posts").open("a") as file:
            file.write(f"{self.path} {body}\\n")
        self.send_response(500)
        self.end_headers()

    def log_message(self, *arguments):
        pass

http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fake_service(
    folder: Path, kind: str = "plain", name: str = "Rasa server"
) -> Service:
    """A service that notes the ids of its processes in `folder`/pids."""
    port = free_port()
    return Service(
        name=name,
        command=(sys.executable, "-c", SERVER, str(port), str(folder), kind),
        environ=dict(os.environ),
        host="127.0.0.1",
        port=port,
        setting="FRONTDESK_RASA_PORT",
        health="/health",
        log=folder / "server.log",
    )


def noted_pids(folder: Path) -> list[int]:
    """Every process that a fake service of this folder has started."""
    return [int(line) for line in (folder / "pids").read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
