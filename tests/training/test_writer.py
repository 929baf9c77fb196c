"""What the writer is shown, what it should write, and that it learns it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch

from frontdesk.answering import prompt
from frontdesk.generation.errors import ModelLoadError
from frontdesk.generation.weights import load_model, with_adapter
from frontdesk.training.corpus import Organisation, Question, Turn
from frontdesk.training.writer import Config, Written, read_written, surprise, train
from tests.fakes_answering import FakeRetriever, encode, passage
from tests.fakes_generation import tiny_llama

KAYAK = passage("kayak", "Kayaks", "A kayak costs £12 an hour. Wear a vest.")
SAUNA = passage("sauna", "Sauna", "The sauna is open on Sunday. Bring a towel.")


def question(kind: str, text: str, support: tuple[str, ...], answer: str) -> Question:
    relevant = ("kayak",) if support else ()
    turns = (Turn("user", text),)
    return Question("1", kind, turns, relevant, support, answer, (), (), ())


def read(*questions: Question) -> list[Written]:
    organisation = Organisation("boats", (), tuple(questions))
    retriever = FakeRetriever([KAYAK, SAUNA])
    return list(read_written(organisation, retriever, encode, random.Random(5)))


def test_the_answer_is_wanted_where_its_sentence_would_be_quoted() -> None:
    asked = question(
        "answerable",
        "what does a kayak cost an hour",
        ("A kayak costs £12 an hour.",),
        "It costs £12 an hour.",
    )
    (example,) = read(asked)
    assert example.answer == "It costs £12 an hour."
    assert "# Kayaks\nA kayak costs £12 an hour." in example.messages[1]["content"]


def test_silence_is_wanted_where_no_sentence_answers() -> None:
    (example,) = read(question("unanswerable", "can a kayak carry a dog", (), ""))
    assert example.answer == prompt.NOT_IN_PASSAGES


def test_a_question_to_ask_back_is_left_to_the_gate() -> None:
    asked = question(
        "underspecified", "what does it cost", ("A kayak costs £12 an hour.",), "Which?"
    )
    assert read(asked) == []


@pytest.fixture
def base(tmp_path: Path) -> Path:
    made = tiny_llama()
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def some(count: int) -> list[Written]:
    asked = ({"role": "user", "content": "cost?"},)
    return [Written(asked, "It costs £12.")] * count


def test_what_is_taught_becomes_less_surprising_and_is_merged_at_loading(
    base: Path, tmp_path: Path
) -> None:
    config = Config(epochs=4, rate=1e-2, questions=2, threads=1)
    train(some(8), config, base, tmp_path / "writer")
    assert surprise(tmp_path / "writer", base, some(1)) < surprise(None, base, some(1))
    told = json.loads((tmp_path / "writer" / "manifest.json").read_text())
    assert (told["examples"], told["config"]["epochs"]) == (8, 4)
    plain = load_model(str(base), device="cpu", dtype="float32").model
    before = plain.model.layers[0].mlp.up_proj.weight.clone()
    merged = with_adapter(plain, tmp_path / "writer")
    assert type(merged).__name__ == "LlamaForCausalLM"
    assert not torch.equal(merged.model.layers[0].mlp.up_proj.weight, before)


def test_a_run_that_was_cut_off_goes_on(base: Path, tmp_path: Path) -> None:
    config = Config(epochs=1, questions=1, threads=1)
    partial = tmp_path / "writer.partial"

    def cut_off(line: str) -> None:
        if line.startswith("step 100"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(some(150), config, base, tmp_path / "a", None, partial, cut_off)
    told: list[str] = []
    train(some(150), config, base, tmp_path / "a", None, partial, told.append)
    assert [line.split(",")[0] for line in told] == [
        "step 100 of 150",
        "step 150 of 150",
    ]
    assert not partial.exists()


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    config = Config(questions=2, threads=1)
    other = tiny_llama(hidden_size=64)
    other.model.save_pretrained(tmp_path / "other")
    other.tokenizer.save_pretrained(tmp_path / "other")
    train(some(2), config, tmp_path / "other", tmp_path / "writer")
    with pytest.raises(ModelLoadError, match="frontdesk train writer"):
        with_adapter(tiny_llama().model, tmp_path / "writer")
