"""The verifier: a small model that reads a claim beside the text it should follow from.

It tells how probable it is that a fact was changed on the way. It sees what counting
words cannot: which row a price belongs to, whether a condition still stands, whether
Yes is the answer to the question. It is the default encoder (MiniLM) with its layers
taught by `frontdesk.training.verifier`; the word embeddings are the encoder's own. The
weights are kept in eight bits a value, 11 MB. Reading claim and text together follows
FactCC (Kryscinski et al., 2020).

    VerifierError: The stored weights cannot be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from frontdesk.answering.alignment import Evidence, Window
from frontdesk.answering.reader import (
    encoder_parts,
    folder_in_force,
    lay_out,
    misfit,
)
from frontdesk.knowledge.encoder import has_fast_bfloat16

SHIPPED = Path(__file__).parent / "models" / "verifier"
WEIGHTS = "verifier.safetensors"
MAX_TOKENS = 192
MAX_QUESTION = 240  # characters; what is asked usually stands at the end
AROUND = 420  # characters of evidence
REMEMBERED = 256  # a sentence is looked at while it is written, and in the end
SCALE = ".scale"


class VerifierError(Exception):
    """The stored verifier cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Pair:
    """What the verifier reads.

    Attributes:
        claim: One sentence of a reply.
        text: The evidence around what it is aligned with, below title and headings.
        question: What was asked; may be empty.
    """

    claim: str
    text: str
    question: str = ""


def pair_of(claim: str, evidence: Evidence, window: Window) -> Pair:
    """A claim beside the part of the evidence that it is aligned with."""
    return Pair(claim, around(evidence, window), evidence.question)


def around(evidence: Evidence, window: Window) -> str:
    """The window and as much before and after it as fits into AROUND characters."""
    if window.passage < 0:
        return ""
    begin, end = evidence.places[window.passage]
    first, last = window.units
    units = evidence.units
    size = sum(len(unit.text) for unit in units[first:last])
    while True:
        sides = []  # units added there so far, which would be next, the new bounds
        if first > begin:
            sides.append((window.units[0] - first, first - 1, (first - 1, last)))
        if last < end:
            sides.append((last - window.units[1], last, (first, last + 1)))
        fits = [s for s in sorted(sides) if size + len(units[s[1]].text) <= AROUND]
        if not fits:
            break
        _, place, (first, last) = fits[0]
        size += len(units[place].text)
    title = evidence.titles[window.passage]
    return lay_out(title, evidence.units[first:last]).text


def batch_of(tokenizer: Any, pairs: Sequence[Pair]) -> tuple[dict[str, Any], Any]:
    """Pairs as tensors, and the characters of the claim that each token stands for.

    Returns:
        `input_ids`, `attention_mask`, `token_type_ids`, int64 (n, n_tokens); offsets,
        int64 (n, n_tokens, 2), both 0 for tokens that are not the claim's.
    """
    found = tokenizer(
        [pair.claim for pair in pairs],
        [f"{pair.question[-MAX_QUESTION:]}\n{pair.text}".strip() for pair in pairs],
        truncation="longest_first",
        max_length=MAX_TOKENS,
        padding=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    offsets = found.pop("offset_mapping")
    own = (found["token_type_ids"] == 0) & (found["attention_mask"] == 1)
    return dict(found), offsets * own.unsqueeze(-1)


def build_model(bert: Any) -> Any:
    """The verifier's network around a BERT encoder: one module with two heads.

    Its output is `(tokens, whole)`: the logits that each token of the claim is part of
    a changed fact, float (n, n_tokens), and that the claim holds one, float (n,).
    """
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            size = bert.config.hidden_size
            self.bert = bert
            self.heads = torch.nn.ModuleDict(
                {
                    "tokens": torch.nn.Linear(size, 1),
                    "whole": torch.nn.Linear(2 * size, 1),
                }
            )

        def forward(self, inputs: dict[str, Any]) -> tuple[Any, Any]:
            rows = self.bert(**inputs).last_hidden_state
            own = (inputs["token_type_ids"] == 0) & (inputs["attention_mask"] == 1)
            mask = own.unsqueeze(-1).to(rows.dtype)
            mean = (rows * mask).sum(1) / mask.sum(1)
            whole = torch.cat([rows[:, 0], mean], dim=-1)
            return (
                self.heads["tokens"](rows).squeeze(-1),
                self.heads["whole"](whole).squeeze(-1),
            )

    return Network()


class Verifier:
    """Reads claims; safe to use from several threads."""

    def __init__(self, network: Any, tokenizer: Any) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._tokenizing = Lock()  # it keeps how to pad between two calls of its own
        self._remembered = lru_cache(REMEMBERED)(self._doubt)

    def doubt(self, pair: Pair) -> float:
        """The logit that a fact was changed; 0 where there is no evidence."""
        return self._remembered(pair) if pair.text else 0.0

    def _doubt(self, pair: Pair) -> float:
        import torch

        with self._tokenizing:
            inputs, _ = batch_of(self._tokenizer, [pair])
        with torch.inference_mode():
            return float(self._network(inputs)[1])


def verifier_in_force(var: Path) -> Verifier | None:
    """The verifier that a shop taught itself, else the shipped one, else None.

    Args:
        var: The folder of run-time data.

    Raises:
        VerifierError: The weights do not fit the encoder that is installed.
    """
    folder = folder_in_force(var / "models" / "verifier", SHIPPED)
    return None if folder is None else load_verifier(folder)


def load_verifier(folder: Path = SHIPPED) -> Verifier:
    """The verifier stored in a folder.

    Raises:
        VerifierError: The weights do not fit the encoder that is installed.
    """
    import torch

    network, tokenizer = load_network(folder)
    if has_fast_bfloat16():
        network = network.to(torch.bfloat16)
    return Verifier(network, tokenizer)


def load_network(folder: Path) -> tuple[Any, Any]:
    """The stored network in float32, and its tokenizer.

    Raises:
        VerifierError: The weights do not fit the encoder that is installed.
    """
    from safetensors.torch import load_file

    network, tokenizer = new_network()
    wrong = misfit(network, unpacked(load_file(str(folder / WEIGHTS))))
    if wrong:
        raise VerifierError(
            f"The verifier in {str(folder)!r} does not fit the installed encoder "
            f"({wrong!r}); train it anew with frontdesk train verifier."
        )
    return network.eval(), tokenizer


def new_network() -> tuple[Any, Any]:
    """The network before it is taught, in float32, and its tokenizer."""
    bert, tokenizer = encoder_parts()
    return build_model(bert), tokenizer


def packed(state: dict[str, Any]) -> dict[str, Any]:
    """Matrices in eight bits a value with a scale a row, the rest in half precision."""
    import torch

    kept = {}
    for name, value in state.items():
        value = value.detach().float()
        if value.dim() < 2:
            kept[name] = value.to(torch.float16)
            continue
        scale = value.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
        kept[name] = (value / scale).round().to(torch.int8).contiguous()
        kept[name + SCALE] = scale
    return kept


def unpacked(stored: dict[str, Any]) -> dict[str, Any]:
    """What `packed` was given, in float32."""
    found = {}
    for name, value in stored.items():
        if not name.endswith(SCALE):
            scale = stored.get(name + SCALE)
            found[name] = value.float() if scale is None else value.float() * scale
    return found
