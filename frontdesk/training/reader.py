"""Teaching the reader: which passage answers, which sentence, and what is left open.

    frontdesk train reader --data training/corpus --hold-out utility

One epoch shows every question once with its gold passages and some that look like
them. Three losses are added: each pair's own (does it answer), the passages of one
question against each other, and the sentences'. Half of the network's work is saved
by leaving the word embeddings as they are; they are shipped with the encoder anyway.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from frontdesk.answering.reader import (
    batch_of,
    build_model,
    encoder_parts,
    page_of,
)
from frontdesk.training.examples import Group, Labelled, misspelt

OPEN = "underspecified"
Log = Callable[[str], None]


@dataclass(frozen=True)
class Config:
    """How the reader is taught; kept with the weights.

    Without dropout: on a CPU a step takes three times as long with it (4.2 against
    1.3 seconds of a core), and weight decay and made-up typos do its work.

    Attributes:
        epochs: How often every question is seen.
        rate: Largest learning rate of the encoder's layers.
        head_rate: The same for the heads, which start from nothing.
        warm_up: Share of the steps in which the rates rise.
        gold: Gold passages of a question at most.
        negatives: Other passages of a question at most.
        questions: Questions a step.
        frozen: Lowest layers that stay as they are.
        seed: Of everything random.
        threads: Of torch.
    """

    epochs: int = 2
    rate: float = 8e-5
    head_rate: float = 1e-3
    warm_up: float = 0.1
    gold: int = 2
    negatives: int = 5
    questions: int = 2
    frozen: int = 0
    seed: int = 7
    threads: int = 2


def train(
    groups: Sequence[Group],
    held_out: Sequence[Group],
    config: Config,
    out: Path,
    partial: Path | None = None,
    log: Log = print,
) -> Any:
    """The taught network; weights and learning curve are in `out` after each epoch.

    Args:
        groups: Questions to learn from.
        held_out: Questions to measure with after each epoch.
        config: How to teach.
        out: Folder of the result.
        partial: Where the state is kept after each epoch, and taken up again if an
            earlier run with the same settings was cut off; removed at the end.
        log: Told about the progress.
    """
    import torch

    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    bert, tokenizer = encoder_parts()
    network = build_model(bert).eval()  # see Config: taught without dropout
    for part in (bert.embeddings, *bert.encoder.layer[: config.frozen]):
        part.requires_grad_(False)
    optimizer = _optimizer(network, config)
    curve = _take_up(network, optimizer, config, partial)
    for epoch in range(len(curve), config.epochs):
        loss = _epoch(network, tokenizer, optimizer, groups, config, epoch, log)
        figures = {"epoch": epoch + 1.0, "loss": loss}
        if held_out:
            figures |= measure(network, tokenizer, held_out)
        curve.append(figures)
        log(json.dumps(figures))
        save(network, config, curve, out)
        if partial is not None:
            _keep(network, optimizer, config, curve, partial)
    if partial is not None:
        partial.unlink(missing_ok=True)
    return network


def _epoch(
    network: Any,
    tokenizer: Any,
    optimizer: Any,
    groups: Sequence[Group],
    config: Config,
    epoch: int,
    log: Log,
) -> float:
    """Show every question once; gives the mean loss."""
    import torch

    chance = random.Random(f"{config.seed}-{epoch}")
    order = list(groups)
    chance.shuffle(order)
    steps = -(-len(order) // config.questions)
    total, losses = config.epochs * steps, []
    started = time.monotonic()
    for number in range(steps):
        scale = _schedule(epoch * steps + number, total, config.warm_up)
        for part in optimizer.param_groups:
            part["lr"] = scale * part["base"]
        start = number * config.questions
        chosen = order[start : start + config.questions]
        loss = _loss(network, tokenizer, chosen, config, chance)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (number + 1) % 50 == 0:
            left = total - epoch * steps - number - 1
            minutes = (time.monotonic() - started) / (number + 1) * left / 60
            log(
                f"step {epoch * steps + number + 1} of {total}, "
                f"loss {np.mean(losses[-50:]):.3f}, {minutes:.0f} min left"
            )
    return float(np.mean(losses))


def _keep(
    network: Any, optimizer: Any, config: Config, curve: Sequence[Any], partial: Path
) -> None:
    """Write what a run that is cut off here needs to go on."""
    import torch

    state = {
        "config": asdict(config),
        "curve": list(curve),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    partial.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, partial.with_suffix(".new"))
    partial.with_suffix(".new").replace(partial)


def _take_up(
    network: Any, optimizer: Any, config: Config, partial: Path | None
) -> list[dict[str, float]]:
    """The learning curve so far; empty where there is nothing to take up."""
    import torch

    if partial is None or not partial.is_file():
        return []
    state = torch.load(partial, weights_only=True)
    if state["config"] != asdict(config):
        return []
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    found: list[dict[str, float]] = state["curve"]
    return found


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
        pages = [page_of(item.passage) for item in group.labelled]
        with torch.inference_mode(), _autocast():
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


def save(network: Any, config: Config, curve: Sequence[Any], out: Path) -> None:
    """Write the taught weights in half precision and what made them."""
    import torch
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value.detach().to(torch.float16).contiguous()
        for name, value in network.state_dict().items()
        if not name.startswith("bert.embeddings.") and "pooler" not in name
    }
    save_file(kept, str(out / "reader.safetensors"))
    about = {"format": 1, "config": asdict(config), "curve": list(curve)}
    (out / "manifest.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _loss(
    network: Any,
    tokenizer: Any,
    groups: Sequence[Group],
    config: Config,
    chance: random.Random,
) -> Any:
    import torch
    from torch.nn import functional

    questions: list[str] = []
    items: list[tuple[int, str, Labelled]] = []
    for number, group in enumerate(groups):
        text = misspelt(group.question, chance)
        for item in _chosen(group, config, chance):
            questions.append(text)
            items.append((number, group.kind, item))
    pages = [page_of(item.passage) for _, _, item in items]
    with _autocast():
        batch = batch_of(tokenizer, questions, pages)
        answers, opens, supports = network(batch)
    answers, opens, supports = answers.float(), opens.float(), supports.float()
    gold = torch.tensor([float(item.gold is True) for _, _, item in items])
    loss = functional.binary_cross_entropy_with_logits(answers, gold)
    # The gold passages of one question against its others.
    for number in range(len(groups)):
        rows = torch.tensor([n for n, i in enumerate(items) if i[0] == number])
        if gold[rows].sum() > 0:
            share = functional.log_softmax(answers[rows], dim=0)
            loss = loss - 0.5 * (share * gold[rows]).sum() / gold[rows].sum() / len(
                groups
            )
    known = [n for n, (_, _, item) in enumerate(items) if item.gold]
    if known:
        left_open = torch.tensor([float(items[n][1] == OPEN) for n in known])
        loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(
            opens[known], left_open
        )
    wanted = torch.zeros_like(supports)
    counted = torch.zeros_like(supports)
    for row, (_, _, item) in enumerate(items):
        size = min(len(item.supports), supports.shape[1])
        counted[row, :size] = 1.0 if item.gold else 0.25
        wanted[row, :size] = torch.tensor([float(s) for s in item.supports[:size]])
    each = functional.binary_cross_entropy_with_logits(
        supports, wanted, reduction="none", pos_weight=torch.tensor(3.0)
    )
    return loss + (each * counted).sum() / counted.sum()


def _chosen(group: Group, config: Config, chance: random.Random) -> Iterator[Labelled]:
    """Gold passages and negatives, the likeliest negatives first."""
    gold = [item for item in group.labelled if item.gold]
    yield from chance.sample(gold, min(config.gold, len(gold)))
    others = [item for item in group.labelled if item.gold is False]
    sure = others[:4]
    rest = others[4:]
    count = config.negatives
    picked = chance.sample(sure, min(len(sure), max(1, count - 2)))
    picked += chance.sample(rest, min(len(rest), count - len(picked)))
    yield from picked


def _optimizer(network: Any, config: Config) -> Any:
    import torch

    heads = [p for n, p in network.named_parameters() if n.startswith("heads")]
    body = [
        p
        for n, p in network.named_parameters()
        if not n.startswith("heads") and p.requires_grad and "pooler" not in n
    ]
    return torch.optim.AdamW(
        [
            {"params": body, "lr": config.rate, "base": config.rate},
            {"params": heads, "lr": config.head_rate, "base": config.head_rate},
        ],
        weight_decay=0.01,
    )


def _schedule(step: int, total: int, warm_up: float) -> float:
    """Linear up, then linear down to zero."""
    rise = max(1.0, warm_up * total)
    return min((step + 1) / rise, (total - step) / max(1.0, total - rise))


def _autocast() -> Any:
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16)


def _auc(
    scores: Sequence[tuple[str, float]], high: Sequence[str], low: Sequence[str]
) -> float:
    kept = [(kind in high, score) for kind, score in scores if kind in (*high, *low)]
    return float(roc_auc_score([h for h, _ in kept], [s for _, s in kept]))
