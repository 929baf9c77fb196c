from pathlib import Path

import pytest

from frontdesk.generation.errors import ModelLoadError
from frontdesk.generation.weights import (
    EMBEDDED_FOLDER,
    convert_embedded,
    is_converted,
    load_model,
    served_name,
)
from tests.fakes_generation import tiny_llama


def test_a_saved_folder_loads_with_its_tokenizer(tmp_path):
    folder = tmp_path / "tiny-model"
    made = tiny_llama()
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    loaded = load_model(str(folder), device="cpu", dtype="float32")
    assert loaded.name == "tiny-model"
    assert loaded.end_ids() == {2}
    assert (loaded.model.lm_head.weight == made.model.lm_head.weight).all()


@pytest.mark.parametrize("name", ["/no/such/folder", "gone.gguf", "a/b/c"])
def test_a_missing_model_is_named(name):
    with pytest.raises(ModelLoadError, match=f"There is no model at '{name}'"):
        load_model(name)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelLoadError, match="cannot be loaded"):
        load_model(str(tmp_path))


def test_an_unprepared_embedded_model_says_what_to_run(tmp_path):
    with pytest.raises(ModelLoadError, match="make setup"):
        load_model("", embedded_folder=tmp_path)


def test_the_served_name_shows_no_path(tmp_path):
    assert served_name("") == "SmolLM2-135M-Instruct"
    assert served_name("Qwen/Qwen3-0.6B") == "Qwen/Qwen3-0.6B"
    assert served_name(str(tmp_path)) == tmp_path.name


@pytest.mark.models
def test_the_embedded_model_is_converted_once_and_loads():
    folder = Path(EMBEDDED_FOLDER)
    assert is_converted(folder)
    assert not convert_embedded(folder)
    loaded = load_model("", device="cpu", dtype="float32")
    assert loaded.model.config.num_hidden_layers == 30
