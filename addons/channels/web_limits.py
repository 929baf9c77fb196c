"""How fast one session and one address may send."""

import time
from dataclasses import dataclass
from typing import Callable, Dict, Tuple


@dataclass(frozen=True)
class Limits:
    """What is allowed; each `..._per_minute` may also come in one burst.

    Addresses are shared by households and offices, so their limits are wide.
    """

    session_messages_per_minute: int = 30
    address_messages_per_minute: int = 600
    address_sessions_per_minute: int = 120
    session_events_per_minute: int = 240
    address_connections: int = 400
    waiting_messages: int = 20


class Rates:
    """Token buckets, by a name of the caller's choice; full ones are forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Buckets that are all full."""
        self._clock = clock
        self._buckets: Dict[Tuple[str, str], Tuple[float, float]] = {}
        self._next_sweep = 0.0

    def wait_s(self, kind: str, name: str, per_minute: int) -> float:
        """Take one; 0, or the seconds to wait until there is one to take."""
        now = self._clock()
        self._sweep(now)
        level, filled = self._buckets.get((kind, name), (float(per_minute), now))
        level = min(float(per_minute), level + (now - filled) * per_minute / 60.0)
        if level < 1.0:
            return (1.0 - level) * 60.0 / per_minute
        self._buckets[kind, name] = (level - 1.0, now)
        return 0.0

    def _sweep(self, now: float) -> None:
        """Every minute, drop buckets not used for one: they are full by now."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + 60.0
        self._buckets = {
            key: bucket for key, bucket in self._buckets.items() if now - bucket[1] < 60
        }
