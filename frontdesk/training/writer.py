"""Teaching the embedded generator to write the short answer from chosen sentences.

    frontdesk train writer --data training/corpus --hold-out utility

It sees what it will see at work: the sentences that would be quoted, with those beside
the point that come with them, and the question; and it learns to write the answer, or
that it is not there. A low-rank adapter is taught ("LoRA", Hu et al., 2021), the model
itself stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.answering import compose, prompt
from frontdesk.answering.evidence import Encode, candidates
from frontdesk.answering.question import read_question
from frontdesk.answering.reading import Reading
from frontdesk.generation.text import encode_chat
from frontdesk.generation.weights import ADAPTER, EMBEDDED_NAME
from frontdesk.knowledge.retriever import Retriever
from frontdesk.training.corpus import Organisation, Question
from frontdesk.training.examples import label, misspelt
from frontdesk.training.steps import Log, by_length, teach

TOP_K = 8
ANSWERED = ("answerable", "followup")
MAX_TOKENS = 480
# Logits of a made-up reader, mean and deviation: about as sure as the real one is on
# organisations that it was not taught on.
GOLD_LOGIT = (1.5, 2.5)
OTHER_LOGIT = (-3.0, 2.0)

LAYERS = "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split()

Row = tuple[list[int], int]  # token ids, and where the answer begins


@dataclass(frozen=True)
class Written:
    """What the writer is shown, and what it should write.

    Attributes:
        messages: The prompt.
        answer: The answer, or `prompt.NOT_IN_PASSAGES`.
    """

    messages: tuple[dict[str, str], ...]
    answer: str


@dataclass(frozen=True)
class Config:
    """How the writer is taught; kept with the adapter.

    Attributes:
        epochs: How often every question is seen.
        rate: Largest learning rate.
        warm_up: Share of the steps in which it rises.
        rank: Of the adapter.
        questions: Questions a step.
        seed: Of everything random.
        threads: Of torch.
    """

    epochs: int = 1
    rate: float = 6e-4
    warm_up: float = 0.05
    rank: int = 16
    questions: int = 6
    seed: int = 7
    threads: int = 2


def read_written(
    organisation: Organisation,
    retriever: Retriever,
    encode: Encode,
    chance: random.Random,
) -> Iterator[Written]:
    """Every question of an organisation whose notes say clearly what to write.

    Notes with a part of what is needed, and questions to ask back, are left out.
    """
    for question in organisation.questions:
        if question.kind not in (*ANSWERED, "unanswerable"):
            continue
        turns = [{"role": turn.role, "text": turn.text} for turn in question.turns]
        asked = read_question(turns)
        hits = retriever.search_turns(turns if asked.topic else turns[-1:], TOP_K)
        gold: set[tuple[str, int]] = set()
        readings = {}
        for hit in hits:
            found = label(question, hit.passage)
            readings[hit.passage.id] = _made_up(found.supports, chance)
            pairs = zip(found.page.units, found.supports, strict=True)
            gold |= {(hit.passage.id, unit.position) for unit, holds in pairs if holds}
        chosen = compose.choose(candidates(asked, hits, encode, readings))
        shown = gold & {(c.hit.passage.id, c.unit.position) for c in chosen}
        answer = _wanted(question, len(gold), len(shown))
        if chosen and answer:
            text = misspelt(asked.standalone, chance)
            yield Written(tuple(prompt.writer_messages(text, chosen)), answer)


def _made_up(supports: Sequence[bool], chance: random.Random) -> Reading:
    logits = [chance.gauss(*(GOLD_LOGIT if s else OTHER_LOGIT)) for s in supports]
    return Reading(0.0, 0.0, tuple(logits))


def _wanted(question: Question, known: int, shown: int) -> str:
    """What to write, "" where that is not clear."""
    if question.kind == "unanswerable" or shown == 0:
        return prompt.NOT_IN_PASSAGES
    return question.answer if shown >= min(known, len(question.support)) else ""


def train(
    examples: Sequence[Written],
    config: Config,
    base: Path,
    out: Path,
    start: Path | None = None,
    partial: Path | None = None,
    log: Log = print,
) -> None:
    """Teach; in the end the adapter and what made it are in `out`.

    Args:
        examples: What to learn from.
        config: How to teach.
        base: The converted model, see `frontdesk.generation.weights`.
        out: Folder of the result, in peft's format.
        start: Folder of an adapter to go on from.
        partial: Where the state is kept every hundred steps, and taken up again if an
            earlier run with the same settings was cut off; removed at the end.
        log: Told about the progress.
    """
    import torch

    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    model, tokenizer = load_network(base, start, config.rank)
    taught = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": taught, "lr": config.rate, "base": config.rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    rows = [row for row in (tokens_of(tokenizer, e) for e in examples) if row]
    chance = random.Random(config.seed)
    steps = [s for _ in range(config.epochs) for s in _steps(rows, config, chance)]
    about = {
        "start": "" if start is None else _hash(start),
        "config": asdict(config),
        "examples": len(rows),
    }

    def loss(step: Sequence[Row]) -> tuple[Any, Any]:
        surprise = loss_of(model, tokenizer, step)
        return surprise, surprise

    curve = teach(model, optimizer, steps, loss, config.warm_up, about, partial, log)
    model.peft_config["default"].base_model_name_or_path = EMBEDDED_NAME
    # With embeddings it would ask the hub whether they had been resized.
    model.to(torch.bfloat16).save_pretrained(out, save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)  # an empty form
    told = {**about, "curve": curve}
    (out / "manifest.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    if partial is not None:
        partial.unlink(missing_ok=True)


def surprise(folder: Path | None, base: Path, examples: Sequence[Written]) -> float:
    """Mean surprise of a token of the answers, in nats, for the model with an adapter.

    Args:
        folder: The adapter; None for the model as it is.
        base: The converted model.
        examples: Questions that were not learned from.
    """
    import torch

    model, tokenizer = load_network(base, folder)
    rows = [row for row in (tokens_of(tokenizer, e) for e in examples) if row]
    with torch.inference_mode():
        return float(np.mean([float(loss_of(model, tokenizer, [row])) for row in rows]))


def load_network(base: Path, adapter: Path | None, rank: int = 16) -> tuple[Any, Any]:
    """The model in float32 with an adapter to teach, a new one for None; tokenizer."""
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, local_files_only=True, attn_implementation="sdpa"
    )
    with warnings.catch_warnings():  # peft asks transformers for an older name
        warnings.simplefilter("ignore", FutureWarning)
        if adapter is not None:
            adapted = PeftModel.from_pretrained(model, str(adapter), is_trainable=True)
            return adapted.float(), tokenizer
        settings = LoraConfig(
            r=rank, lora_alpha=2 * rank, target_modules=LAYERS, task_type="CAUSAL_LM"
        )
        return get_peft_model(model, settings), tokenizer


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / ADAPTER).read_bytes()).hexdigest()


def tokens_of(tokenizer: Any, example: Written) -> Row | None:
    """Token ids of prompt and answer, and where the answer begins; None if too long."""
    asked = list(encode_chat(tokenizer, example.messages))
    answer = tokenizer(example.answer, add_special_tokens=False)["input_ids"]
    ids = [*asked, *answer, tokenizer.eos_token_id]
    return (ids, len(asked)) if len(ids) <= MAX_TOKENS else None


def _steps(
    rows: Sequence[Row], config: Config, chance: random.Random
) -> list[list[Row]]:
    """All rows once, those of about the same length together, in random order."""
    order = list(rows)
    chance.shuffle(order)
    return by_length(order, config.questions, lambda row: len(row[0]), chance)


def loss_of(model: Any, tokenizer: Any, rows: Sequence[Row]) -> Any:
    """Mean surprise at the tokens of the answers; only those get logits."""
    import torch

    width = max(len(ids) for ids, _ in rows)
    inputs = torch.full((len(rows), width), int(tokenizer.eos_token_id))
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    wanted = torch.full((len(rows), width), -1)
    for place, (ids, begin) in enumerate(rows):
        inputs[place, : len(ids)] = torch.tensor(ids)
        mask[place, : len(ids)] = 1
        wanted[place, begin - 1 : len(ids) - 1] = torch.tensor(ids[begin:])
    inner = model.get_base_model()
    hidden = inner.model(input_ids=inputs, attention_mask=mask).last_hidden_state
    seen = wanted >= 0
    logits = inner.lm_head(hidden[seen])
    return torch.nn.functional.cross_entropy(logits, wanted[seen])
