"""A circuit breaker: stops asking a server that has failed several times in a row."""

from __future__ import annotations

import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed until `limit` failures in a row; then one probe each `reset_s` seconds.

    Times are seconds of a monotonic clock.
    """

    def __init__(
        self,
        limit: int = 3,
        reset_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._reset_s = reset_s
        self._clock = clock
        self._failures = 0
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        """True while requests are being turned away."""
        return self._failures >= self._limit

    def allows(self) -> bool:
        """True if a request may go out now; while open, this grants the probe."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._next_probe:
            return False
        # Granting moves the clock on, so that one caller probes, not all of them.
        self._next_probe = now + self._reset_s
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self.is_open:
            self._next_probe = self._clock() + self._reset_s
