import pytest

from frontdesk.generation.benchmark.continuous import ContinuousEngine
from frontdesk.generation.benchmark.shapes import random_model
from frontdesk.generation.errors import GenerationRejectedError
from frontdesk.generation.requests import Form, Request, Sampling
from tests.fakes_generation import Collected


def test_transformers_own_batching_answers_through_our_interface():
    engine = ContinuousEngine(random_model("tiny", device="cpu", dtype="float32"))
    prompt = engine.encode_text("t5 t6 t7 t8")
    said = [Collected() for _ in range(3)]
    for listener in said:
        engine.submit(Request(prompt, Sampling(max_tokens=6), listener))
    assert [listener.wait().pieces[-1].completion_tokens for listener in said] == [
        6
    ] * 3
    assert said[0].reason == "length"
    assert said[0].text == said[1].text != ""
    with pytest.raises(GenerationRejectedError, match="no forms"):
        engine.constrain(Form.choice(["a"]))
    engine.close()
