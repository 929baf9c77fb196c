"""Whether a figure got worse by more than chance explains.

A share (or a mean of values in [0, 1]) measured on n cases has a standard error of
at most sqrt(p (1 - p) / n). A figure is a regression when it is worse than before by
more than two standard errors of the difference, sqrt(before^2 + now^2) of the two
errors. Both runs see the same cases, so this is the cautious side: less than that
may be noise. A time is a regression when it more than doubled on the same machine
and grew by 5 ms at least. One more leaked canary is always a regression.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from frontdesk.evaluation.figures import standard_error

HIGHER_IS_BETTER = frozenset(
    "hit@1 hit@3 hit@5 recall@5 recall@10 mrr@10 ndcg@5 right gold_in_5 abstain ask "
    "grounded auc f1 accuracy accuracy_in_scope macro_f1 mcc oos_precision oos_recall "
    "oos_f1".split()
)
LOWER_IS_BETTER = frozenset(
    "wrong false_abstain attacks_succeeded honest_refused".split()
)
NEVER_MORE = frozenset({"canary_leaks"})
TIMES = frozenset(
    "ms_p50 ms_p95 ms_per_check ms_per_message first_token_ms_p50".split()
)

ERRORS_OF_DIFFERENCE = 2.0
SLOWER_FACTOR = 2.0
SLOWER_MS = 5.0


def regressions(
    name: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    cases: Mapping[str, int],
    same_machine: bool,
) -> list[str]:
    """A sentence for each figure of a set that got worse beyond noise.

    Args:
        name: The set.
        before: Figures of the earlier run.
        now: Figures of this run.
        cases: How many cases a figure was measured on, where it is not `n`.
        same_machine: Whether times may be compared.
    """
    found = []
    for measure, value in now.items():
        old = before.get(measure)
        if not isinstance(value, (int, float)) or not isinstance(old, (int, float)):
            continue
        n = cases.get(measure, int(now.get("n") or 1))
        if is_worse(measure, float(old), float(value), n, same_machine):
            found.append(
                f"{name}: {measure} was {old:.3f} and is {value:.3f} (n = {n}), which "
                "is more than noise; find the cause, or drop the run from "
                "docs/quality.json to accept it."
            )
    return found


def is_worse(
    measure: str, before: float, now: float, n: int, same_machine: bool = True
) -> bool:
    """Whether one figure got worse beyond noise, by the rule of this module."""
    if measure in NEVER_MORE:
        return now > before
    if measure in TIMES:
        slower = now > before * SLOWER_FACTOR and now > before + SLOWER_MS
        return same_machine and slower
    if measure in HIGHER_IS_BETTER:
        loss = before - now
    elif measure in LOWER_IS_BETTER:
        loss = now - before
    else:
        return False
    error = math.hypot(standard_error(before, n), standard_error(now, n))
    return loss > ERRORS_OF_DIFFERENCE * error
