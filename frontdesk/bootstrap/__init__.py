"""Building a checkout: environments, weights, index and model, each only when needed.

Runs before anything is installed, so it uses the standard library only and works on
Python 3.8 or newer: `python3 -m frontdesk.bootstrap setup`.
"""

from __future__ import annotations


class SetupError(RuntimeError):
    """A step cannot be done; the message says which, why and what to do."""
