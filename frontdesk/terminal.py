"""Ctrl-C for us alone: make would answer it with a failure of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_terminal() -> Iterator[None]:
    """Be the terminal's foreground group, so that only we get its Ctrl-C.

    Under `make`, Ctrl-C reaches make as well, which then reports an error although we
    have ended well. Without a terminal, or when we lead a group already, nothing is
    changed.
    """
    if not sys.stdin.isatty() or os.getpgrp() == os.getpid():
        yield
        return
    terminal = sys.stdin.fileno()
    before = os.tcgetpgrp(terminal)
    if before != os.getpgrp():  # in the background: the terminal is someone else's
        yield
        return
    # We take the foreground from outside it (SIGTTOU), and nobody could resume us
    # after Ctrl-Z, because our shell watches make's group (SIGTSTP).
    for stopped in (signal.SIGTTOU, signal.SIGTSTP):
        signal.signal(stopped, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    try:
        yield
    finally:
        os.tcsetpgrp(terminal, before)
