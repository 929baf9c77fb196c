"""The engine for a model: batching where its architecture allows, else one by one."""

from __future__ import annotations

import logging

import torch

from frontdesk.generation import attention, slots
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.requests import Engine
from frontdesk.generation.sequential import SequentialEngine
from frontdesk.generation.weights import LoadedModel

logger = logging.getLogger(__name__)

# Decoders with rotary positions and one kind of key-value memory in every layer.
ARCHITECTURES = {
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma3_text", "smollm3",
}  # fmt: skip
_PROBE = "The customer may return an unused lamp within thirty days of delivery."
# Mean difference over the logits' mean deviation. The embedded model: float32 0,
# bfloat16 0.03 (and torch's own attention in bfloat16 against float32 the same);
# wrong positions or masks give more than 0.5.
_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.2}


def open_engine(loaded: LoadedModel, queue_size: int = 16) -> Engine:
    """A BatchEngine if the model runs in one, else a SequentialEngine and a warning."""
    reason = why_not_batched(loaded)
    if not reason:
        return BatchEngine(loaded, queue_size)
    logger.warning(
        "The model %s is served one request at a time by model.generate: %s.",
        loaded.name,
        reason,
    )
    return SequentialEngine(loaded, queue_size)


def why_not_batched(loaded: LoadedModel) -> str:
    """Why the batching engine cannot run the model; empty if it can."""
    config = loaded.model.config
    if config.model_type not in ARCHITECTURES:
        return f"its architecture {config.model_type!r} is not one of the known ones"
    if getattr(config, "attn_logit_softcapping", None):
        return "it caps its attention scores"
    before = config._attn_implementation
    ids = loaded.tokenizer(_PROBE, return_tensors="pt")["input_ids"].to(loaded.device)
    length = ids.shape[1]
    dtype = getattr(torch, loaded.dtype)
    with torch.inference_mode():
        expected = loaded.model(ids, use_cache=False).logits[0].float()
        per_token = slots.plan_slots(config, dtype, 1).bytes_per_token
        plan = slots.SlotPlan(2, length, per_token)
        cache = slots.SlotCache.allocate(config, plan, dtype, loaded.device)
        attention.register()
        loaded.model.set_attn_implementation(attention.NAME)
        step = attention.Step([attention.Span(1, 0, length)], cache.kv)
        try:
            found = loaded.model(
                ids,
                position_ids=step.positions.unsqueeze(0),
                use_cache=False,
                frontdesk_step=step,
            ).logits[0]
        except (AssertionError, RuntimeError, TypeError) as error:
            return f"a trial failed ({error})"
        finally:
            loaded.model.set_attn_implementation(before)
    spread = (expected - expected.mean()).abs().mean()
    difference = float((found.float() - expected).abs().mean() / spread)
    if difference > _TOLERANCE[loaded.dtype]:
        return f"a trial differed from the model's own result by {difference:.1%}"
    return ""
