"""What the engine counts, and the same in Prometheus' text format."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_RECENT = 1_000


@dataclass
class Metrics:
    """Counters since the start; written by the engine's thread, read by others."""

    requests: int = 0
    finished: dict[str, int] = field(default_factory=dict)  # by reason
    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt tokens: copied, not computed
    completion_tokens: int = 0
    steps: int = 0
    step_seconds: float = 0.0
    step_sequences: int = 0  # summed over steps: the mean batch times steps
    drafted: int = 0
    accepted: int = 0
    retries: int = 0
    restarts: int = 0
    waiting: int = 0
    running: int = 0
    slots: int = 0
    _first_tokens: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _buckets: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS_S) + 1))
    _first_sum: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_first_token(self, seconds: float) -> None:
        """Count one time to first token, queueing included."""
        with self._lock:
            self._first_tokens.append(seconds)
            self._first_sum += seconds
            place = sum(seconds > limit for limit in _BUCKETS_S)
            self._buckets[place] += 1

    def note_finish(self, reason: str) -> None:
        self.finished[reason] = self.finished.get(reason, 0) + 1

    def text(self) -> str:
        """The exposition that a Prometheus server scrapes."""
        lines: list[str] = []

        def add(
            name: str, kind: str, meaning: str, *samples: tuple[str, float]
        ) -> None:
            name = f"frontdesk_generation_{name}"
            lines.append(f"# HELP {name} {meaning}")
            lines.append(f"# TYPE {name} {kind}")
            lines.extend(f"{name}{label} {value:g}" for label, value in samples)

        add("waiting", "gauge", "Requests in the queue.", ("", self.waiting))
        add("running", "gauge", "Requests in the batch.", ("", self.running))
        add("slots", "gauge", "Requests that fit the batch.", ("", self.slots))
        counters = {
            "requests": "Requests taken.",
            "prompt_tokens": "Tokens of prompts.",
            "cached_tokens": "Prompt tokens copied from the prefix cache.",
            "completion_tokens": "Tokens answered.",
            "steps": "Forward passes.",
            "step_seconds": "Seconds in forward passes.",
            "step_sequences": "Requests summed over forward passes.",
            "drafted": "Tokens guessed by prompt lookup.",
            "accepted": "Guessed tokens that were right.",
            "retries": "Steps that failed and were taken again one by one.",
            "restarts": "Restarts of the engine's worker.",
        }
        for name, meaning in counters.items():
            add(f"{name}_total", "counter", meaning, ("", getattr(self, name)))
        reasons = [
            (f'{{reason="{reason}"}}', float(count))
            for reason, count in sorted(self.finished.copy().items())
        ]
        add("finished_total", "counter", "Answers by how they ended.", *reasons)
        with self._lock:
            below, samples = 0, []
            for limit, count in zip(_BUCKETS_S, self._buckets, strict=False):
                below += count
                samples.append((f'_bucket{{le="{limit:g}"}}', float(below)))
            total = float(sum(self._buckets))
            samples += [('_bucket{le="+Inf"}', total)]
            samples += [("_sum", self._first_sum), ("_count", total)]
        add("first_token_seconds", "histogram", "Time to first token.", *samples)
        return "\n".join(lines) + "\n"
