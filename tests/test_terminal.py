from __future__ import annotations

import os
import pty
import shutil
import signal
import sys
from pathlib import Path

import pytest

# Waits for Ctrl-C as `frontdesk chat` does, and ends well.
PROGRAM = """
import time
from frontdesk.terminal import own_terminal
with own_terminal():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("bye", flush=True)
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_ctrl_c_under_make_ends_with_status_0(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "Makefile").write_text(f"all:\n\t@{sys.executable} program.py\n")
    pid, terminal = pty.fork()
    if pid == 0:
        # Tests that run in the background are started with Ctrl-C ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(tmp_path)
        os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent)
        os.execvp("make", ["make"])
    shown = read_until(terminal, b"ready")
    os.write(terminal, b"\x03")
    shown += read_until(terminal, None)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"bye" in shown
    assert b"***" not in shown


def read_until(terminal: int, mark: bytes | None) -> bytes:
    shown = b""
    while mark is None or mark not in shown:
        try:
            part = os.read(terminal, 1024)
        except OSError:  # the other side is gone
            part = b""
        if not part:
            break
        shown += part
    return shown
