import pytest
import torch

from frontdesk.generation.benchmark.shapes import NAMES, random_model


def test_a_random_model_never_ends_by_itself_and_every_token_has_a_text():
    loaded = random_model("tiny", device="cpu", dtype="float32")
    assert loaded.end_ids() == frozenset()
    assert loaded.tokenizer.decode([7]) == "t7"
    assert loaded.tokenizer("t7 t511")["input_ids"] == [7, 511]
    with torch.inference_mode():
        assert loaded.model(torch.tensor([[1, 2]])).logits.shape == (1, 2, 512)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("qwen3-0.6b", 596_049_920), ("llama-3.1-8b", 8_030_261_248)],
)
def test_the_shapes_have_the_size_of_the_models_they_stand_for(name, parameters):
    assert name in NAMES
    loaded = random_model(name, device="meta", dtype="bfloat16")
    assert sum(p.numel() for p in loaded.model.parameters()) == parameters
