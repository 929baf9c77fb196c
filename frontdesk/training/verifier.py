"""Teaching the verifier: which claims follow from the text beside them.

    frontdesk train verifier --data training/corpus --hold-out utility

It is shown the sentences of right answers and of altered ones beside the passage that
they should follow from, sentences of the passages themselves, and all of these with one
more fact changed (see `alterations`); so it learns what a changed fact is and where it
stands. A part comes without the question, and a part answers another question.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from frontdesk.answering import check, compose
from frontdesk.answering import reader as reading
from frontdesk.answering.alignment import Evidence
from frontdesk.answering.question import read_question
from frontdesk.answering.verifier import (
    WEIGHTS,
    Pair,
    batch_of,
    build_model,
    load_network,
    new_network,
    packed,
    pair_of,
)
from frontdesk.knowledge.documents import Passage
from frontdesk.knowledge.retriever import Retriever
from frontdesk.training.alterations import YES_OR_NO, alter
from frontdesk.training.corpus import Organisation, Question
from frontdesk.training.examples import label
from frontdesk.training.measures import autocast
from frontdesk.training.steps import Log, by_length, teach

ANSWERED = ("answerable", "followup")
MIN_WORDS = 4  # of a sentence of a passage that becomes a claim
WITHOUT_QUESTION = 0.3  # share of the examples
STRANGE = 0.25  # share of the right claims that are also shown beside another text
NEAR = 20  # places between the two: mostly of one organisation
COPIED = 0.45  # share of the passages' sentences that stay as they are
TOKEN_WEIGHT = 4.0  # of the loss of the tokens
CHANGED_WEIGHT = 4.0  # of tokens that were changed, which are rare


@dataclass(frozen=True)
class Statement:
    """A claim beside its evidence and what is true of it.

    Attributes:
        pair: What the verifier reads.
        wrong: Whether a fact of the claim was changed.
        span: Where in the claim, [begin, end); None where that is not known.
    """

    pair: Pair
    wrong: bool
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Config:
    """How the verifier is taught; kept with the weights.

    Attributes:
        epochs: How often every answer is seen.
        rate: Largest learning rate of the encoder's layers.
        head_rate: The same for the heads.
        warm_up: Share of the steps in which the rates rise.
        changed: Made-up changes of each right claim an epoch.
        copied: Sentences of passages an epoch, as a share of the answers' claims.
        claims: Claims a step.
        seed: Of everything random.
        threads: Of torch.
    """

    epochs: int = 2
    rate: float = 2e-4
    head_rate: float = 1e-3
    warm_up: float = 0.06
    changed: int = 2
    copied: float = 0.5
    claims: int = 48
    seed: int = 7
    threads: int = 2


def read_statements(
    organisation: Organisation, retriever: Retriever
) -> Iterator[tuple[Statement, ...]]:
    """By question, the claims of its answer, right and altered, with evidence.

    Of altered replies only the claim that holds what was altered.
    """
    of_document: dict[str, list[Passage]] = {}
    for passage in retriever.passages:
        of_document.setdefault(passage.document_id, []).append(passage)
    for question in organisation.questions:
        if question.kind not in ANSWERED:
            continue
        near = [p for name in question.relevant for p in of_document.get(name, [])]
        gold = [p for p in near if label(question, p).gold]
        if gold:
            yield tuple(_statements(question, gold))


def _statements(question: Question, gold: Sequence[Passage]) -> Iterator[Statement]:
    turns = [{"role": turn.role, "text": turn.text} for turn in question.turns]
    asked = read_question(turns).standalone
    # Cleaned as what a reply is checked against.
    texts = [compose.clean_passage(passage.text) for passage in gold]
    evidence = Evidence(texts, [passage.title for passage in gold], asked)
    for claim in check.claims_of(question.answer):
        yield Statement(_pair(claim, evidence), False)
    for altered in question.altered:
        for claim in check.claims_of(altered.reply):
            at = claim.find(altered.span)
            if at >= 0:
                span = (at, at + len(altered.span))
                yield Statement(_pair(claim, evidence), True, span)


def _pair(claim: str, evidence: Evidence) -> Pair:
    _, window = check.claim_features(claim, evidence)
    return pair_of(claim, evidence, window)


def with_changes(
    statements: Sequence[Statement], config: Config, chance: random.Random
) -> list[Statement]:
    """The statements of one epoch: those given and made-up ones, in random order."""
    found = [s for s in statements if s.pair.text]
    right = [s.pair for s in found if not s.wrong]
    for place, pair in enumerate(right):
        for _ in range(config.changed):
            found += _changed(pair, chance)
        other = right[(place + chance.randint(1, NEAR)) % len(right)]
        if chance.random() < STRANGE and other.text != pair.text:
            found.append(_strange(pair, other.claim, chance))
    for _ in range(round(config.copied * len(right))):
        found += _copied(chance.choice(right), chance)
    found = [_without_question(statement, chance) for statement in found]
    chance.shuffle(found)
    return found


def _strange(pair: Pair, other: str, chance: random.Random) -> Statement:
    """A claim of another text, or one that begins right and goes on with that."""
    if chance.random() < 0.5:
        return Statement(replace(pair, claim=other), True)
    own, foreign = pair.claim.split(), other.split()
    kept = " ".join(own[: max(1, len(own) // 2)])
    claim = f"{kept} {' '.join(foreign[len(foreign) // 2 :])}"
    return Statement(replace(pair, claim=claim), True, (len(kept) + 1, len(claim)))


def _copied(pair: Pair, chance: random.Random) -> list[Statement]:
    """A sentence of the evidence itself, or the same with one fact changed."""
    lines = [x for x in pair.text.split("\n")[1:] if len(x.split()) >= MIN_WORDS]
    if not lines:
        return []
    copy = Pair(chance.choice(lines), pair.text)
    right = chance.random() < COPIED
    return [Statement(copy, False)] if right else _changed(copy, chance)


def _without_question(statement: Statement, chance: random.Random) -> Statement:
    pair = statement.pair
    if YES_OR_NO.match(pair.claim) or chance.random() >= WITHOUT_QUESTION:
        return statement
    return replace(statement, pair=replace(pair, question=""))


def _changed(pair: Pair, chance: random.Random) -> list[Statement]:
    altered = alter(pair.claim, pair.text, chance)
    if altered is None:
        return []
    return [Statement(replace(pair, claim=altered.text), True, altered.span)]


def train(
    statements: Sequence[Statement],
    config: Config,
    out: Path,
    start: Path | None = None,
    reader: Path | None = None,
    partial: Path | None = None,
    log: Log = print,
) -> None:
    """Teach; in the end weights and learning curve are in `out`.

    Args:
        statements: Claims to learn from.
        config: How to teach.
        out: Folder of the result.
        start: Folder of a verifier to go on from.
        reader: Folder of a reader whose layers are the beginning without one: it
            can read already. The encoder's are without either.
        partial: Where the state is kept, and taken up again if an earlier run with
            the same settings was cut off; removed at the end.
        log: Told about the progress.
    """
    import torch

    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    network, tokenizer = _first(start, reader)
    # Much faster on a CPU than the fused one when gradients are computed.
    network.bert.set_attn_implementation("eager")
    network.eval()  # without dropout, as the reader
    network.bert.embeddings.requires_grad_(False)
    optimizer = _optimizer(network, config)
    chance = random.Random(config.seed)
    steps = [
        step
        for _ in range(config.epochs)
        for step in by_length(
            with_changes(statements, config, chance), config.claims, _length, chance
        )
    ]
    about = {
        "start": _name_of(start, reader),
        "config": asdict(config),
        "claims": len(statements),
    }

    def loss(step: Sequence[Statement]) -> tuple[Any, Any]:
        return loss_of(network, tokenizer, step)

    curve = teach(network, optimizer, steps, loss, config.warm_up, about, partial, log)
    save(network, about, curve, out)
    if partial is not None:
        partial.unlink(missing_ok=True)


def _first(start: Path | None, reader: Path | None) -> tuple[Any, Any]:
    if start is not None:
        return load_network(start)
    if reader is None:
        return new_network()
    taught, tokenizer = reading.load_network(reader)
    return build_model(taught.bert), tokenizer


def _name_of(start: Path | None, reader: Path | None) -> str:
    """What training begins with: the hash of the weights, or the encoder."""
    folder = start or reader
    if folder is None:
        return "encoder"
    name = WEIGHTS if start else reading.WEIGHTS
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


def _optimizer(network: Any, config: Config) -> Any:
    import torch

    heads = list(network.heads.parameters())
    body = [
        p
        for n, p in network.bert.named_parameters()
        if p.requires_grad and "pooler" not in n
    ]
    return torch.optim.AdamW(
        [
            {"params": body, "lr": config.rate, "base": config.rate},
            {"params": heads, "lr": config.head_rate, "base": config.head_rate},
        ],
        weight_decay=0.01,
    )


def _length(statement: Statement) -> int:
    return len(statement.pair.claim) + len(statement.pair.text)


def loss_of(
    network: Any, tokenizer: Any, statements: Sequence[Statement]
) -> tuple[Any, Any]:
    """What is minimised, and the part of it that is about whole claims."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as surprise

    inputs, offsets = batch_of(tokenizer, [s.pair for s in statements])
    own = (offsets[..., 1] > offsets[..., 0]).float()
    changed = torch.zeros_like(own)
    for row, statement in enumerate(statements):
        if statement.span is not None:
            begin, end = statement.span
            inside = (offsets[row, :, 0] < end) & (offsets[row, :, 1] > begin)
            changed[row] = inside.float() * own[row]
        elif statement.wrong:
            own[row] = 0.0
    with autocast():
        tokens, whole = network(inputs)
    wrong = torch.tensor([float(s.wrong) for s in statements])
    each = surprise(
        tokens.float(),
        changed,
        reduction="none",
        pos_weight=torch.tensor(CHANGED_WEIGHT),
    )
    alone = surprise(whole.float(), wrong)
    return alone + TOKEN_WEIGHT * (each * own).sum() / own.sum().clamp(min=1), alone


def save(network: Any, about: dict[str, Any], curve: Sequence[Any], out: Path) -> None:
    """Write the taught weights, in eight bits, and what made them."""
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in network.state_dict().items()
        if not name.startswith("bert.embeddings.") and "pooler" not in name
    }
    save_file(packed(kept), str(out / WEIGHTS))
    told = {**about, "curve": list(curve)}
    (out / "manifest.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def measure(folder: Path, statements: Sequence[Statement]) -> float:
    """AUC with which the stored verifier tells altered claims from right ones."""
    import torch

    network, tokenizer = load_network(folder)
    found: list[float] = []
    for start in range(0, len(statements), 32):
        pairs = [s.pair for s in statements[start : start + 32]]
        with torch.inference_mode(), autocast():
            found += network(batch_of(tokenizer, pairs)[0])[1].float().tolist()
    return float(roc_auc_score([s.wrong for s in statements], found))
