"""Teaching the reader: which passage answers, which sentence, and what is left open.

    frontdesk train reader --data training/corpus --hold-out utility

One epoch shows every question once with its gold passages and some that look like
them, among them a gold one from which the answer was taken out: so the reader learns
what it is to be on the topic and silent on the question. Half of the questions are
shown with other names and figures, so that it learns to read and not who sells what.
Losses are added: each pair's own (does it answer), each sentence's, and the passages
of one question against each other, and all of their sentences. The word embeddings
stay as they are; they are shipped with the encoder.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.answering.reader import (
    WEIGHTS,
    Page,
    batch_of,
    load_network,
    new_network,
)
from frontdesk.training.examples import (
    OPEN,
    Group,
    Labelled,
    elsewhere,
    misspelt,
    with_gaps,
    without_support,
)
from frontdesk.training.measures import autocast, measure
from frontdesk.training.partial import keep, take_up
from frontdesk.training.steps import Log, schedule

READ_TOGETHER = 6  # pages of about the same length


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
        negatives: Other passages of a question at most, the one without its answer
            among them.
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
    start: Path | None = None,
    partial: Path | None = None,
    log: Log = print,
) -> None:
    """Teach; in the end weights and learning curve are in `out`.

    Args:
        groups: Questions to learn from.
        held_out: Questions to measure with after each epoch.
        config: How to teach.
        out: Folder of the result.
        start: Folder of a reader to go on from; without one the encoder is taught.
        partial: Where the state is kept after each epoch, and taken up again if an
            earlier run with the same settings was cut off; removed at the end.
        log: Told about the progress.
    """
    import torch

    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    network, tokenizer = load_network(start) if start else new_network()
    network.eval()  # see Config: taught without dropout
    bert = network.bert
    for part in (bert.embeddings, *bert.encoder.layer[: config.frozen]):
        part.requires_grad_(False)
    optimizer = _optimizer(network, config)
    about = {"format": 2, "start": _name_of(start), "config": asdict(config)}
    curve = take_up(partial, about, network, optimizer)
    for epoch in range(len(curve), config.epochs):
        loss = _epoch(network, tokenizer, optimizer, groups, config, epoch, log)
        figures = {"epoch": epoch + 1.0, "loss": loss}
        if held_out:
            figures |= measure(network, tokenizer, held_out)
        curve.append(figures)
        log(json.dumps(figures))
        keep(partial, about, curve, network, optimizer)
    if start is not None:
        halfway(network, load_network(start)[0])
    save(network, about, curve, out)
    if partial is not None:
        partial.unlink(missing_ok=True)


def _name_of(start: Path | None) -> str:
    """What training begins with: the hash of a reader's weights, or the encoder."""
    if start is None:
        return "encoder"
    return hashlib.sha256((start / WEIGHTS).read_bytes()).hexdigest()


def halfway(network: Any, before: Any) -> None:
    """Set the weights to the mean of themselves and those of the network before.

    So what was learned anew costs less of what was known: "Robust fine-tuning of
    zero-shot models" (Wortsman et al., 2022).
    """
    import torch

    known = before.state_dict()
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                value.add_(known[name]).div_(2)


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
        scale = schedule(epoch * steps + number, total, config.warm_up)
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


def save(network: Any, about: dict[str, Any], curve: Sequence[Any], out: Path) -> None:
    """Write the taught weights in half precision and what made them."""
    import torch
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value.detach().to(torch.float16).contiguous()
        for name, value in network.state_dict().items()
        if not name.startswith("bert.embeddings.") and "pooler" not in name
    }
    save_file(kept, str(out / WEIGHTS))
    told = {**about, "curve": list(curve)}
    (out / "manifest.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _loss(
    network: Any,
    tokenizer: Any,
    groups: Sequence[Group],
    config: Config,
    chance: random.Random,
) -> Any:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as each_alone

    questions: list[str] = []
    items: list[tuple[int, str, Labelled]] = []
    for number, group in enumerate(groups):
        asked = elsewhere(group, chance)
        text = misspelt(asked.question, chance)
        for item in _chosen(asked, config, chance):
            questions.append(text)
            items.append((number, group.kind, item))
    pages = [item.page for _, _, item in items]
    answers, opens, supports = _read(network, tokenizer, questions, pages)
    gold = torch.tensor([float(item.gold is True) for _, _, item in items])
    wanted = torch.zeros_like(supports)
    counted = torch.zeros_like(supports)
    for row, (_, _, item) in enumerate(items):
        size = min(len(item.supports), supports.shape[1])
        counted[row, :size] = 1.0 if item.gold else 0.25
        wanted[row, :size] = torch.tensor([float(s) for s in item.supports[:size]])
    loss = each_alone(answers, gold)
    # The passages of one question against each other, and all of their sentences.
    both = supports + answers.unsqueeze(1)
    for number in range(len(groups)):
        rows = torch.tensor([n for n, i in enumerate(items) if i[0] == number])
        seen = counted[rows] > 0
        surprise = _among(answers[rows], gold[rows])
        surprise = surprise + _among(both[rows][seen], wanted[rows][seen])
        loss = loss + 0.5 * surprise / len(groups)
    known = [n for n, (_, _, item) in enumerate(items) if item.gold]
    if known:
        left_open = torch.tensor([float(items[n][1] == OPEN) for n in known])
        loss = loss + 0.5 * each_alone(opens[known], left_open)
    alone = each_alone(supports, wanted, reduction="none", pos_weight=torch.tensor(3.0))
    return loss + (alone * counted).sum() / counted.sum()


def _among(scores: Any, wanted: Any) -> Any:
    """How surprising the wanted ones are among all of one question; 0 for none."""
    share = scores.log_softmax(dim=0)
    return -(share * wanted).sum() / wanted.sum().clamp(min=1.0)


def _read(
    network: Any, tokenizer: Any, questions: Sequence[str], pages: Sequence[Page]
) -> tuple[Any, Any, Any]:
    """The network's output for all pages, in float32; long ones are read apart.

    So short pages are not filled up to the longest: a third less is computed.
    """
    import torch
    from torch.nn.functional import pad

    order = sorted(range(len(pages)), key=lambda row: len(pages[row].text))
    answers, opens, supports = [], [], []
    for start in range(0, len(order), READ_TOGETHER):
        rows = order[start : start + READ_TOGETHER]
        with autocast():
            batch = batch_of(
                tokenizer,
                [questions[row] for row in rows],
                [pages[row] for row in rows],
            )
            found = network(batch)
        answers.append(found[0].float())
        opens.append(found[1].float())
        supports.append(found[2].float())
    width = max(rows.shape[1] for rows in supports)
    padded = [pad(rows, (0, width - rows.shape[1])) for rows in supports]
    back = torch.argsort(torch.tensor(order))
    return torch.cat(answers)[back], torch.cat(opens)[back], torch.cat(padded)[back]


def _chosen(group: Group, config: Config, chance: random.Random) -> Iterator[Labelled]:
    """Gold passages and negatives, the likeliest negatives first."""
    gold = [item for item in group.labelled if item.gold]
    shown = chance.sample(gold, min(config.gold, len(gold)))
    yield from (with_gaps(item, chance) for item in shown)
    count = config.negatives
    silent = without_support(shown[0]) if len(gold) == 1 else None
    if silent is not None:
        count -= 1
        yield silent
    others = [item for item in group.labelled if item.gold is False]
    sure = others[:4]
    rest = others[4:]
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
