import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from frontdesk.generation.decoders import LeanDecoder, PlainDecoder
from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.opening import open_engine
from frontdesk.generation.requests import Request, Sampling
from frontdesk.generation.sequential import SequentialEngine
from frontdesk.generation.weights import LoadedModel, load_model
from tests.fakes_generation import Collected, byte_tokenizer

SHAPE = {
    "vocab_size": 259,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
}
FAMILIES = [
    (MistralForCausalLM, MistralConfig, {"sliding_window": 12}),
    (Qwen2ForCausalLM, Qwen2Config, {}),
    (Qwen3ForCausalLM, Qwen3Config, {}),
    (GemmaForCausalLM, GemmaConfig, {}),
    (Gemma3ForCausalLM, Gemma3TextConfig, {"sliding_window": 12}),
]


def load(model_class, config_class, extra):
    torch.manual_seed(0)
    config = config_class(**SHAPE | extra)
    model = model_class(config).eval().requires_grad_(False)
    return LoadedModel("tiny", model, byte_tokenizer(), "cpu", "float32")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f[1].model_type)
def test_common_architectures_are_batched_and_agree_with_generate(family):
    reference, loaded = load(*family), load(*family)
    engine = open_engine(loaded)
    assert isinstance(engine, BatchEngine)
    prompts = [tuple(range(3 + n, 30 + 2 * n)) for n in range(4)]
    said = [Collected() for _ in prompts]
    for prompt, listener in zip(prompts, said, strict=True):
        engine.submit(Request(prompt, Sampling(max_tokens=25), listener))
    for prompt, listener in zip(prompts, said, strict=True):
        ids = reference.model.generate(
            torch.tensor([prompt]), max_new_tokens=25, do_sample=False
        )[0, len(prompt) :]
        expected = reference.tokenizer.decode(ids, skip_special_tokens=True)
        assert listener.wait().text == expected
    engine.close()


@pytest.mark.parametrize(
    ("family", "decoder"),
    [
        (FAMILIES[0], LeanDecoder),
        (FAMILIES[1], LeanDecoder),
        (FAMILIES[2], LeanDecoder),
        (FAMILIES[4], PlainDecoder),
    ],
)
def test_llamas_family_runs_lean_and_others_as_the_library_has_them(family, decoder):
    engine = open_engine(load(*family))
    assert isinstance(engine._decoder, decoder)
    engine.close()


def test_other_architectures_are_served_one_by_one_with_a_warning(caplog):
    config = GPT2Config(vocab_size=259, n_embd=16, n_layer=1, n_head=2, n_positions=64)
    model = GPT2LMHeadModel(config).eval()
    loaded = LoadedModel("old", model, byte_tokenizer(), "cpu", "float32")
    engine = open_engine(loaded)
    assert isinstance(engine, SequentialEngine)
    assert "one request at a time" in caplog.text
    assert "'gpt2'" in caplog.text
    engine.close()


@pytest.mark.models
@pytest.mark.slow
def test_the_embedded_model_gives_in_a_batch_what_generate_gives():
    reference = load_model("", device="cpu", dtype="float32")
    engine = open_engine(load_model("", device="cpu", dtype="float32"))
    questions = ["How do I return a lamp?", "Name three colours.", "What is a kettle?"]
    chats = [
        engine.encode_chat([{"role": "user", "content": text}]) for text in questions
    ]
    said = [Collected() for _ in chats]
    for ids, listener in zip(chats, said, strict=True):
        engine.submit(Request(ids, Sampling(max_tokens=20), listener))
    for ids, listener in zip(chats, said, strict=True):
        expected = reference.model.generate(
            torch.tensor([ids]), max_new_tokens=20, do_sample=False
        )[0, len(ids) :]
        text = reference.tokenizer.decode(expected, skip_special_tokens=True)
        assert listener.wait(120).text == text
    engine.close()
