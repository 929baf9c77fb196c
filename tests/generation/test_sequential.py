import threading

import pytest
import torch

from frontdesk.generation.errors import PromptTooLongError, QueueFullError
from frontdesk.generation.requests import Request, Sampling
from frontdesk.generation.sequential import SequentialEngine
from tests.fakes_generation import Collected, tiny_llama

PROMPT = tuple(range(40, 60))


@pytest.fixture(scope="module")
def loaded():
    return tiny_llama()


@pytest.fixture
def engine(loaded):
    engine = SequentialEngine(loaded, queue_size=2)
    yield engine
    engine.close()


def ask(engine, **sampling):
    said = Collected()
    engine.submit(Request(PROMPT, Sampling(**sampling), said))
    return said.wait()


def test_greedy_text_is_what_generate_gives(engine, loaded):
    ids = loaded.model.generate(
        torch.tensor([PROMPT]), max_new_tokens=24, do_sample=False
    )[0, len(PROMPT) :]
    said = ask(engine, max_tokens=24)
    assert said.text == loaded.tokenizer.decode(ids, skip_special_tokens=True)
    assert said.pieces[-1].completion_tokens == len(ids)


def test_a_seed_repeats_a_sample_and_leaves_other_randomness_alone(engine):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = ask(engine, max_tokens=12, temperature=1.0, seed=5).text
    second = ask(engine, max_tokens=12, temperature=1.0, seed=5).text
    other = ask(engine, max_tokens=12, temperature=1.0, seed=6).text
    assert first == second != other
    assert torch.equal(torch.rand(3), expected)


def test_a_stop_string_ends_the_answer(engine):
    whole = ask(engine, max_tokens=24).text
    stop = whole[4:6]
    said = ask(engine, max_tokens=24, stop=(stop,))
    assert said.text == whole[: whole.index(stop)]
    assert said.reason == "stop"


def test_a_prompt_that_does_not_fit_is_refused(engine):
    with pytest.raises(PromptTooLongError, match="512"):
        engine.submit(Request(PROMPT, Sampling(max_tokens=500), Collected()))


class Blocking(Collected):
    """A listener that keeps the engine busy until it is released."""

    def __init__(self):
        super().__init__()
        self.busy = threading.Event()
        self.release = threading.Event()

    def __call__(self, piece):
        self.busy.set()
        self.release.wait(10)
        super().__call__(piece)


def test_a_full_queue_refuses_and_a_cancelled_request_ends(engine):
    blocking, waiting = Blocking(), [Collected(), Collected()]
    running = Request(PROMPT, Sampling(max_tokens=400), blocking)
    engine.submit(running)
    assert blocking.busy.wait(10)
    for said in waiting:
        engine.submit(Request(PROMPT, Sampling(max_tokens=3), said))
    with pytest.raises(QueueFullError):
        engine.submit(Request(PROMPT, Sampling(max_tokens=3), Collected()))
    running.cancel()
    blocking.release.set()
    assert blocking.wait().reason == "cancelled"
    assert blocking.pieces[-1].completion_tokens < 10
    assert [said.wait().reason for said in waiting] == ["length", "length"]


def test_a_request_that_fails_leaves_the_engine_running(engine):
    said = Collected()
    engine.submit(Request((999_999,), Sampling(max_tokens=3), said))
    assert said.wait().reason == "error"
    assert ask(engine, max_tokens=3).reason == "length"
    assert engine.is_healthy()


def test_a_past_deadline_ends_a_request(engine):
    said = Collected()
    engine.submit(Request(PROMPT, Sampling(), said, deadline=0.0))
    assert said.wait().reason == "timeout"
