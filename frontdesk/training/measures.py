"""How well a reader does on questions that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from frontdesk.answering.reader import batch_of
from frontdesk.knowledge.encoder import has_fast_bfloat16
from frontdesk.training.examples import OPEN, Group


def measure(network: Any, tokenizer: Any, groups: Sequence[Group]) -> dict[str, float]:
    """How well the network does on questions it has not seen.

    `first`: the best passage is gold; `answerable_auc`: the best passage's logit tells
    answerable questions from others; `sentence`: the best sentence of the best gold
    passage supports; `open_auc`: the open logit of the best passage tells
    underspecified questions from answerable ones.
    """
    import torch

    network.eval()
    first, sentence, scores, opens = [], [], [], []
    for group in groups:
        pages = [item.page for item in group.labelled]
        with torch.inference_mode(), autocast():
            batch = batch_of(tokenizer, [group.question] * len(pages), pages)
            answers, open_, supports = network(batch)
        best = int(answers.argmax())
        scores.append((group.kind, float(answers[best])))
        opens.append((group.kind, float(open_[best])))
        item = group.labelled[best]
        if group.kind in ("answerable", "followup"):
            first.append(item.gold is True)
            gold = next((n for n, i in enumerate(group.labelled) if i.gold), None)
            if gold is not None:
                units = group.labelled[gold].supports
                top = int(supports[gold][: len(units)].argmax())
                sentence.append(units[top])
    return {
        "first": float(np.mean(first)),
        "sentence": float(np.mean(sentence)),
        "answerable_auc": _auc(scores, ("answerable", "followup"), ("unanswerable",)),
        "open_auc": _auc(opens, (OPEN,), ("answerable", "followup")),
    }


def _auc(
    scores: Sequence[tuple[str, float]], high: Sequence[str], low: Sequence[str]
) -> float:
    """0.5 where there is only one kind."""
    kept = [(kind in high, score) for kind, score in scores if kind in (*high, *low)]
    if len({is_high for is_high, _ in kept}) < 2:
        return 0.5
    return float(roc_auc_score([h for h, _ in kept], [s for _, s in kept]))


def autocast() -> Any:
    """What makes torch work in bfloat16 where that is enough and faster.

    On a CPU that only emulates it a step took 5.5 instead of 1.2 seconds.
    """
    import torch

    fast = has_fast_bfloat16()
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast)
