"""Running a model over a step: tokens of many sequences in, logits out.

`LeanDecoder` is a forward pass of our own for Llama's family: the same weights, fewer
and larger operations. `PlainDecoder` is the library's forward. A model gets the first
that agrees with what the library computes for a sentence.
"""

from __future__ import annotations

import logging
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import nn

from frontdesk.generation import attention, slots
from frontdesk.generation.attention import Span, Step
from frontdesk.generation.errors import GenerationError
from frontdesk.generation.packing import PackedLinear, can_pack, pack_linears
from frontdesk.generation.weights import LoadedModel

logger = logging.getLogger(__name__)

# Decoders with rotary positions and one kind of key-value memory in every layer.
LEAN = {"llama", "mistral", "qwen2", "qwen3"}
PLAIN = LEAN | {"gemma", "gemma3_text", "smollm3"}
_PROBE = "The customer may return an unused lamp within thirty days of delivery."
# Mean difference over the logits' mean deviation. The embedded model: float32 0,
# bfloat16 0.03 (and torch's own attention in bfloat16 against float32 the same);
# wrong positions or masks give more than 0.5.
_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.2}


class CannotBatchError(GenerationError):
    """The batching engine cannot run the model; the message says why."""


class Decoder(Protocol):
    def __call__(self, ids: list[int], step: Step, rows: list[int]) -> torch.Tensor:
        """Logits (rows, vocabulary) of the rows asked for; fills the step's slots."""


class PlainDecoder:
    """The library's own forward with our attention in it."""

    def __init__(self, loaded: LoadedModel) -> None:
        attention.register()
        self._model = loaded.model
        self._model.set_attn_implementation(attention.NAME)

    def pack(self) -> None:
        """Lay the weights out for the processor."""
        pack_linears(self._model)

    def __call__(self, ids: list[int], step: Step, rows: list[int]) -> torch.Tensor:
        device = step.positions.device
        logits: torch.Tensor = self._model(
            input_ids=torch.tensor([ids], device=device),
            position_ids=step.positions.unsqueeze(0),
            use_cache=False,
            logits_to_keep=torch.tensor(rows, device=device, dtype=torch.long),
            frontdesk_step=step,
        ).logits[0]
        return logits


class _Layer:
    """One layer's weights, those that read the same input joined."""

    def __init__(self, layer: Any, packs: bool) -> None:
        own, mlp = layer.self_attn, layer.mlp
        self.before_attention = layer.input_layernorm.weight
        self.before_mlp = layer.post_attention_layernorm.weight
        self.read = _join([own.q_proj, own.k_proj, own.v_proj], packs)
        self.write = _join([own.o_proj], packs)
        self.widen = _join([mlp.gate_proj, mlp.up_proj], packs)
        self.narrow = _join([mlp.down_proj], packs)
        self.query_norm = own.q_norm.weight if hasattr(own, "q_norm") else None
        self.key_norm = own.k_norm.weight if hasattr(own, "k_norm") else None
        self.activation = mlp.act_fn
        self.window: int | None = getattr(
            own, "sliding_window", getattr(own.config, "sliding_window", None)
        )


class LeanDecoder:
    """Llama, Mistral, Qwen2 and Qwen3 in fewer, larger operations."""

    def __init__(self, loaded: LoadedModel) -> None:
        model, config = loaded.model.model, loaded.model.config
        packs = can_pack(loaded.model)
        self._heads = config.num_attention_heads
        self._kv_heads = config.num_key_value_heads
        self._eps = config.rms_norm_eps
        self._scale = float(model.layers[0].self_attn.scaling)
        self._embed = model.embed_tokens
        self._rotary = model.rotary_emb
        self._norm = model.norm.weight
        self._layers = [_Layer(layer, packs) for layer in model.layers]
        self._head = _join([loaded.model.lm_head], packs)
        self._model = model

    def pack(self) -> None:
        """Drop the library's copies: the joined weights are all that is needed."""
        self._model.layers = nn.ModuleList()

    def __call__(self, ids: list[int], step: Step, rows: list[int]) -> torch.Tensor:
        hidden = self._embed(torch.tensor(ids, device=step.positions.device))
        cos, sin = self._rotary(hidden.unsqueeze(0), step.positions.unsqueeze(0))
        cos, sin = cos[0].unsqueeze(1), sin[0].unsqueeze(1)  # (tokens, 1, dim)
        half = sin.shape[-1] // 2
        turn = torch.cat((-sin[..., :half], sin[..., half:]), -1)
        for index, layer in enumerate(self._layers):
            found = self._attend(index, layer, hidden, cos, turn, step)
            hidden = hidden + layer.write(found)
            x = self._normed(hidden, layer.before_mlp)
            gate, up = layer.widen(x).chunk(2, -1)
            hidden = hidden + layer.narrow(layer.activation(gate) * up)
        kept = hidden[torch.tensor(rows, device=hidden.device, dtype=torch.long)]
        logits: torch.Tensor = self._head(self._normed(kept, self._norm))
        return logits

    def _attend(
        self,
        index: int,
        layer: _Layer,
        hidden: torch.Tensor,
        cos: torch.Tensor,
        turn: torch.Tensor,
        step: Step,
    ) -> torch.Tensor:
        x = self._normed(hidden, layer.before_attention)
        joined = layer.read(x).view(len(x), self._heads + 2 * self._kv_heads, -1)
        turned = joined[:, : self._heads + self._kv_heads]  # queries and keys
        if layer.query_norm is not None and layer.key_norm is not None:
            turned = torch.cat(
                (
                    self._normed(turned[:, : self._heads], layer.query_norm),
                    self._normed(turned[:, self._heads :], layer.key_norm),
                ),
                1,
            )
        # Rolling by half and a sine with its sign are the rotation of the pairs.
        half = turned.shape[-1] // 2
        turned = turned * cos + turned.roll(half, -1) * turn
        query, key = turned[:, : self._heads], turned[:, self._heads :]
        value = joined[:, self._heads + self._kv_heads :]
        found = attention.attend(
            step, index, query, key, value, self._scale, layer.window
        )
        return found.reshape(len(x), -1)

    def _normed(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self._eps)


def _join(linears: list[Any], packs: bool) -> nn.Module:
    """One linear layer whose output is that of all `linears`, side by side."""
    first = linears[0]
    if len(linears) == 1 and not packs:
        return first  # type: ignore[no-any-return]
    weight = torch.cat([linear.weight.detach() for linear in linears])
    biases = [linear.bias for linear in linears]
    bias = None if first.bias is None else torch.cat([b.detach() for b in biases])
    if packs:
        return PackedLinear(weight, bias)
    joined = nn.Linear(first.in_features, len(weight), bias is not None, device="meta")
    joined.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        joined.bias = nn.Parameter(bias, requires_grad=False)
    return joined


def open_decoder(loaded: LoadedModel) -> Decoder:
    """The fastest decoder that agrees with the model's own forward.

    The model is used up: afterwards only the decoder runs it.

    Raises:
        CannotBatchError: None does; the model is as it was.
    """
    config = loaded.model.config
    if config.model_type not in PLAIN:
        raise CannotBatchError(
            f"its architecture {config.model_type!r} is not one of the known ones"
        )
    if getattr(config, "attn_logit_softcapping", None):
        raise CannotBatchError("it caps its attention scores")
    before = config._attn_implementation
    kinds: list[type[LeanDecoder] | type[PlainDecoder]] = [PlainDecoder]
    if config.model_type in LEAN:
        kinds.insert(0, LeanDecoder)
    with torch.inference_mode():
        ids = loaded.tokenizer(_PROBE)["input_ids"]
        wanted = torch.tensor([ids], device=loaded.device)
        expected = loaded.model(wanted, use_cache=False).logits[0].float()
        for kind in kinds:
            try:
                decoder = kind(loaded)
                difference = _difference(_try(decoder, loaded, ids), expected)
            except (AttributeError, AssertionError, RuntimeError, TypeError) as error:
                reason = f"a trial of {kind.__name__} failed ({error})"
            else:
                if difference <= _TOLERANCE[loaded.dtype]:
                    decoder.pack()
                    return decoder
                reason = f"a trial of {kind.__name__} was {difference:.1%} off"
            logger.info("%s: %s", loaded.name, reason)
    loaded.model.set_attn_implementation(before)
    raise CannotBatchError(reason)


def _try(decoder: Decoder, loaded: LoadedModel, ids: list[int]) -> torch.Tensor:
    """Logits of a prompt read in two pieces, in a slot that is not the first."""
    config, dtype = loaded.model.config, getattr(torch, loaded.dtype)
    per_token = slots.plan_slots(config, dtype, 1).bytes_per_token
    plan = slots.SlotPlan(2, len(ids), per_token)
    kv = slots.SlotCache.allocate(config, plan, dtype, loaded.device).kv
    cut = len(ids) // 2
    pieces = []
    for first, last in ((0, cut), (cut, len(ids))):
        step = Step([Span(1, first, last - first)], kv)
        pieces.append(decoder(ids[first:last], step, list(range(last - first))))
    return torch.cat(pieces).float()


def _difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    spread = (expected - expected.mean()).abs().mean()
    return float((found - expected).abs().mean() / spread)
