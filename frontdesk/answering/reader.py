"""The reader: a small model that reads question and passage together.

For each passage it tells how probable it is that the passage answers the question,
that the question leaves open which of several things it is about, and that each
sentence is part of the answer. It is the default encoder (MiniLM) with its layers
taught by `frontdesk.training.reader`; the word embeddings are the encoder's own and
are not stored twice. Reading question and text together follows "Passage Re-ranking
with BERT" (Nogueira and Cho, 2019).

    ReaderError: The stored weights cannot be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from frontdesk.answering.evidence import honest_units
from frontdesk.answering.reading import Reading
from frontdesk.answering.sentences import Unit
from frontdesk.knowledge.documents import Passage
from frontdesk.knowledge.encoder import embedded_model_path, has_fast_bfloat16

SHIPPED = Path(__file__).parent / "models" / "reader"
WEIGHTS = "reader.safetensors"
MAX_TOKENS = 256
MAX_QUESTION_TOKENS = 64
UNREAD = -10.0  # logit of a sentence beyond MAX_TOKENS


class ReaderError(Exception):
    """The stored reader cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Page:
    """A passage as the reader sees it.

    Attributes:
        title: Title path.
        text: Title path, then every sentence on its own line below its context.
        units: The sentences.
        spans: Where each stands in `text`, [begin, end) in characters.
    """

    title: str
    text: str
    units: tuple[Unit, ...]
    spans: tuple[tuple[int, int], ...]


def page_of(passage: Passage) -> Page:
    """The passage as the reader sees it."""
    title = " - ".join(passage.title_path) or passage.title
    return lay_out(title, honest_units(passage.text))


def lay_out(title: str, units: Sequence[Unit]) -> Page:
    """Sentences below their title and contexts, each context once."""
    spans = []
    text = title
    context = before = ""
    for unit in units:
        new = unit.context.removeprefix(context).strip()
        if new and new != before and not context.startswith(unit.context):
            text += f"\n{new}"
        context, before = unit.context, unit.text
        text += "\n"
        spans.append((len(text), len(text) + len(unit.text)))
        text += unit.text
    return Page(title, text, tuple(units), tuple(spans))


@dataclass(frozen=True)
class Batch:
    """Inputs of the model, and for each token which unit it belongs to.

    Attributes:
        inputs: `input_ids`, `attention_mask`, `token_type_ids`, int64 (n, n_tokens).
        owner: int64 (n, n_tokens), place of the unit among its page's, -1 for none.
    """

    inputs: dict[str, Any]
    owner: Any


def batch_of(tokenizer: Any, questions: Sequence[str], pages: Sequence[Page]) -> Batch:
    """Questions with their pages, as tensors."""
    import torch

    texts = [_end_of(tokenizer, question) for question in questions]
    found = tokenizer(
        texts,
        [page.text for page in pages],
        truncation="only_second",
        max_length=MAX_TOKENS,
        padding=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    offsets = found.pop("offset_mapping").numpy()
    owner = np.full(offsets.shape[:2], -1, dtype=np.int64)
    types = found["token_type_ids"].numpy()
    mask = found["attention_mask"].numpy()
    unread = (types == 0) | (mask == 0) | (offsets[..., 1] <= offsets[..., 0])
    for row, page in enumerate(pages):
        if not page.spans:
            continue
        begins = np.array([begin for begin, _ in page.spans])
        ends = np.array([end for _, end in page.spans])
        at = offsets[row, :, 0]
        place = np.searchsorted(begins, at, side="right") - 1
        inside = (place >= 0) & (at < ends[np.maximum(place, 0)])
        inside &= ~unread[row]
        owner[row, inside] = place[inside]
    return Batch(dict(found), torch.from_numpy(owner))


def _end_of(tokenizer: Any, question: str) -> str:
    """The last tokens of a question: what is asked usually stands there."""
    ids = tokenizer(question, add_special_tokens=False, verbose=False)["input_ids"]
    if len(ids) <= MAX_QUESTION_TOKENS:
        return question
    return str(tokenizer.decode(ids[-MAX_QUESTION_TOKENS:]))


def build_model(bert: Any) -> Any:
    """The reader's network around a BERT encoder: one module with three heads.

    Its output is `(answers, open, supports)`: float (n,), (n,) and (n, n_units), where
    n_units is the largest number of units.
    """
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            size = bert.config.hidden_size
            self.bert = bert
            self.heads = torch.nn.ModuleDict(
                {
                    "answers": torch.nn.Linear(2 * size, 1),
                    "open": torch.nn.Linear(2 * size, 1),
                    "supports": torch.nn.Linear(2 * size, 1),
                }
            )

        def forward(self, batch: Batch) -> tuple[Any, Any, Any]:
            rows = self.bert(**batch.inputs).last_hidden_state
            first = rows[:, 0]
            mask = batch.inputs["attention_mask"].unsqueeze(-1).to(rows.dtype)
            mean = (rows * mask).sum(1) / mask.sum(1)
            whole = torch.cat([first, mean], dim=-1)
            units = _unit_means(rows, batch.owner)  # (n, n_units, size)
            around = first.unsqueeze(1).expand_as(units)
            return (
                self.heads["answers"](whole).squeeze(-1),
                self.heads["open"](whole).squeeze(-1),
                self.heads["supports"](torch.cat([units, around], -1)).squeeze(-1),
            )

    return Network()


def _unit_means(rows: Any, owner: Any) -> Any:
    """Mean vector of each unit's tokens, (n, n_units, size)."""
    import torch

    count = max(1, int(owner.max()) + 1)
    member = torch.nn.functional.one_hot(owner + 1, count + 1)[..., 1:].to(rows.dtype)
    sums = member.transpose(1, 2) @ rows
    return sums / member.sum(1).clamp(min=1).unsqueeze(-1)


class PassageReader:
    """Reads passages; safe to use from several threads."""

    def __init__(self, network: Any, tokenizer: Any, folder: Path) -> None:
        self._network = network
        self._tokenizer = tokenizer
        # The tokenizer keeps how to pad and cut between two calls of its own.
        self._tokenizing = Lock()
        self.folder = folder

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """What each passage says to the question, in the order given."""
        import torch

        pages = [page_of(passage) for passage in passages]
        found: list[Reading | None] = [None] * len(pages)
        order = sorted(range(len(pages)), key=lambda row: len(pages[row].text))
        for start in range(0, len(order), 4):
            rows = order[start : start + 4]
            chosen = [pages[row] for row in rows]
            with self._tokenizing:
                batch = batch_of(self._tokenizer, [question] * len(rows), chosen)
            with torch.inference_mode():
                answers, opens, supports = self._network(batch)
            for place, row in enumerate(rows):
                seen = int(batch.owner[place].max()) + 1
                values = supports[place, :seen].float().tolist()
                values += [UNREAD] * (len(pages[row].units) - seen)
                found[row] = Reading(
                    float(answers[place]),
                    float(opens[place]),
                    tuple(values),
                )
        return [reading for reading in found if reading is not None]


def load_reader(folder: Path = SHIPPED) -> PassageReader | None:
    """The reader stored in a folder, or None where there is none.

    Raises:
        ReaderError: The weights do not fit the encoder that is installed.
    """
    if not (folder / "manifest.json").is_file():
        return None
    import torch

    network, tokenizer = load_network(folder)
    if has_fast_bfloat16():
        network = network.to(torch.bfloat16)
    return PassageReader(network, tokenizer, folder)


def reader_in_force(var: Path) -> PassageReader | None:
    """The reader that a shop taught itself, else the shipped one, else None.

    Args:
        var: The folder of run-time data.

    Raises:
        ReaderError: The weights do not fit the encoder that is installed.
    """
    folder = folder_in_force(own_folder(var))
    return None if folder is None else load_reader(folder)


def folder_in_force(own: Path, shipped: Path = SHIPPED) -> Path | None:
    """The folder of the shop's own model, else of the shipped one, else None."""
    folders = (own, shipped)
    return next((f for f in folders if (f / "manifest.json").is_file()), None)


def own_folder(var: Path) -> Path:
    """Where a reader is that a shop taught itself."""
    return var / "models" / "reader"


def load_network(folder: Path) -> tuple[Any, Any]:
    """The stored network in float32, and its tokenizer.

    Raises:
        ReaderError: The weights do not fit the encoder that is installed.
    """
    from safetensors.torch import load_file

    network, tokenizer = new_network()
    stored = load_file(str(folder / WEIGHTS))
    wrong = misfit(network, {name: value.float() for name, value in stored.items()})
    if wrong:
        raise ReaderError(
            f"The reader in {str(folder)!r} does not fit the installed encoder "
            f"({wrong!r}); train it anew with frontdesk train reader."
        )
    return network.eval(), tokenizer


def misfit(network: Any, stored: dict[str, Any]) -> str:
    """Put stored weights into a network; gives a name that does not fit, or ""."""
    missing, unexpected = network.load_state_dict(stored, strict=False)
    own = ("bert.embeddings.", "bert.pooler.")  # the encoder's, or not used at all
    wrong = [name for name in missing if not name.startswith(own)] + unexpected
    return str(wrong[0]) if wrong else ""


def new_network() -> tuple[Any, Any]:
    """The network before it is taught, in float32, and its tokenizer."""
    bert, tokenizer = encoder_parts()
    return build_model(bert), tokenizer


def encoder_parts() -> tuple[Any, Any]:
    """The embedded encoder's BERT in float32 and its tokenizer."""
    from transformers import AutoModel, AutoTokenizer

    path = str(embedded_model_path())
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    bert = AutoModel.from_pretrained(path, local_files_only=True)
    return bert.float(), tokenizer
