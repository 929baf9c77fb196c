"""One measured load, and the lines in which measurements are printed."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One peer under one load. Times in seconds."""

    peer: str
    clients: int
    tokens_per_s: float
    first_token_p50: float
    first_token_p95: float
    seconds: float
    load: float  # of the machine, over the last minute, when it ended

    def line(self) -> str:
        return (
            f"{self.peer:14} {self.clients:3} clients {self.tokens_per_s:7.1f} tokens/s"
            f"  first token p50 {self.first_token_p50:6.2f} s"
            f" p95 {self.first_token_p95:6.2f} s"
            f"  ({self.seconds:.1f} s, load {self.load:.1f})"
        )


def row(
    peer: str, clients: int, tokens: int, firsts: Sequence[float], seconds: float
) -> Row:
    """A load's figures; p95 is the smallest time that 95 % do not exceed."""
    p95 = sorted(firsts)[max(0, -(-95 * len(firsts) // 100) - 1)]
    return Row(
        peer,
        clients,
        tokens / seconds,
        statistics.median(firsts),
        p95,
        seconds,
        os.getloadavg()[0],
    )


def medians(rows: Sequence[Row]) -> list[Row]:
    """One row for each peer and load: the median of each figure over its rounds."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for one in rows:
        groups.setdefault((one.peer, one.clients), []).append(one)

    def median(group: list[Row], figure: str) -> float:
        return float(statistics.median(getattr(one, figure) for one in group))

    return [
        Row(
            peer,
            clients,
            median(group, "tokens_per_s"),
            median(group, "first_token_p50"),
            median(group, "first_token_p95"),
            median(group, "seconds"),
            median(group, "load"),
        )
        for (peer, clients), group in groups.items()
    ]


def ratios(rows: Sequence[Row]) -> list[str]:
    """How the first peer compares with every other under the same load."""
    own = {one.clients: one for one in rows if one.peer == rows[0].peer}
    return [
        f"{rows[0].peer} against {one.peer}, {one.clients} clients: "
        f"{own[one.clients].tokens_per_s / one.tokens_per_s:.1f} x the tokens/s, "
        f"{own[one.clients].first_token_p50 / one.first_token_p50:.2f} x the median "
        "time to first token"
        for one in rows
        if one.peer != rows[0].peer and one.clients in own
    ]
