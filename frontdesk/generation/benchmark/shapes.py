"""Models with random weights in the shapes of known ones: speed needs no sense."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from frontdesk.generation.weights import LoadedModel, best_dtype

_COMMON = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
_SHAPES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "tiny": (
        LlamaConfig,
        {
            "vocab_size": 512,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 2048,
        },
    ),
    "qwen3-0.6b": (
        Qwen3Config,
        {
            "vocab_size": 151_936,
            "hidden_size": 1024,
            "intermediate_size": 3072,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "max_position_embeddings": 40_960,
            "tie_word_embeddings": True,
        },
    ),
    "llama-3.1-8b": (
        LlamaConfig,
        {
            "vocab_size": 128_256,
            "hidden_size": 4096,
            "intermediate_size": 14_336,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "max_position_embeddings": 131_072,
        },
    ),
}
NAMES = tuple(_SHAPES)


def random_model(name: str, *, device: str = "", dtype: str = "") -> LoadedModel:
    """A model of shape `name` (see `NAMES`) that never ends an answer by itself."""
    config_class, values = _SHAPES[name]
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or best_dtype(device)
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(
            config_class(**values | _COMMON),
            dtype=getattr(torch, dtype),
            attn_implementation="sdpa",
        )
    model = model.eval().requires_grad_(False)
    return LoadedModel(name, model, _tokenizer(values["vocab_size"]), device, dtype)


def _tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """One word a token, so that every token has a text."""
    words = {f"t{number}": number for number in range(vocabulary)}
    core = Tokenizer(models.WordLevel(words, unk_token="t0"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="t0")
