from __future__ import annotations

import signal
import subprocess
import sys
import time

from tests.fakes_serve import is_alive

# Starts a guarded child that ignores nothing, says its id, and waits to be killed.
PARENT = """
import subprocess, sys, time
from frontdesk.guard import Guard
guard = Guard()
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
)
guard.add(child.pid)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_children_end_when_their_parent_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)
