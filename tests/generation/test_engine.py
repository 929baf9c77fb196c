import json
import random
import re
import threading
import time

import pytest
import torch

from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.errors import (
    GenerationRejectedError,
    GenerationUnavailableError,
    PromptTooLongError,
    QueueFullError,
)
from frontdesk.generation.requests import Form, Request, Sampling
from tests.fakes_generation import Collected, tiny_llama

PROMPT = tuple(range(40, 60))


@pytest.fixture(scope="module")
def reference():
    return tiny_llama()


@pytest.fixture
def engine():
    engine = BatchEngine(tiny_llama(), queue_size=500)
    yield engine
    engine.close()


def submit(engine, prompt=PROMPT, listener=None, evidence=(), **sampling):
    said = listener or Collected()
    request = Request(prompt, Sampling(**sampling), said, evidence=evidence)
    engine.submit(request)
    return request


def ask(engine, prompt=PROMPT, evidence=(), **sampling):
    return submit(engine, prompt, evidence=evidence, **sampling).listener.wait()


def generate(loaded, prompt, max_tokens, **settings):
    """Text and number of tokens that transformers' own loop gives, greedily."""
    ids = loaded.model.generate(
        torch.tensor([prompt]), max_new_tokens=max_tokens, do_sample=False, **settings
    )[0, len(prompt) :]
    return loaded.tokenizer.decode(ids, skip_special_tokens=True), len(ids)


def prompts(count, seed=0):
    """Prompts that share their beginning and repeat themselves, as grounded ones do."""
    chance = random.Random(seed)
    letters = [chance.randrange(3, 259) for _ in range(6)]
    shared = [chance.randrange(3, 259) for _ in range(40)]
    return [
        tuple(shared + chance.choices(letters, k=chance.randrange(1, 200)))
        for _ in range(count)
    ]


def test_alone_it_gives_what_generate_gives(engine, reference):
    for prompt in prompts(6):
        said = ask(engine, prompt, max_tokens=40)
        expected = generate(reference, prompt, 40)
        assert (said.text, said.pieces[-1].completion_tokens) == expected
    assert engine.metrics.retries == 0


def test_in_a_mixture_with_joins_leaves_and_cancels_too(engine, reference):
    chance = random.Random(3)
    requests = []
    for prompt in prompts(60, seed=1):
        requests.append(submit(engine, prompt, max_tokens=chance.randrange(1, 50)))
        if chance.random() < 0.2:
            chance.choice(requests).cancel()
        if chance.random() < 0.3:
            time.sleep(0.005)
    whole = 0
    for request in requests:
        said = request.listener.wait()
        text, count = generate(
            reference, request.prompt_ids, request.sampling.max_tokens
        )
        if said.reason == "cancelled":
            assert text.startswith(said.text.rstrip("\ufffd"))
        else:
            whole += 1
            assert (said.text, said.pieces[-1].completion_tokens) == (text, count)
    assert whole > 30
    metrics = engine.metrics
    assert metrics.retries == 0
    assert metrics.accepted > 0
    assert metrics.cached_tokens > 30 * len(requests)
    assert metrics.step_sequences / metrics.steps > 3


def test_speculation_changes_nothing_but_the_number_of_steps(reference):
    answers, steps = [], []
    for speculate in (True, False):
        engine = BatchEngine(tiny_llama(), speculate=speculate)
        # A model that repeats itself is what lookup guesses well.
        answers.append([ask(engine, p, max_tokens=120).text for p in prompts(8)])
        steps.append(engine.metrics.steps)
        engine.close()
    assert answers[0] == answers[1]
    assert steps[0] < steps[1]


def test_each_request_keeps_its_own_settings_in_one_batch(engine):
    settings = [
        {"temperature": 1.0, "seed": 1},
        {"temperature": 1.0, "seed": 2},
        {"temperature": 0.8, "top_p": 0.9, "top_k": 20, "seed": 3},
        {"repetition_penalty": 1.5},
        {},
    ]
    alone = [ask(engine, max_tokens=20, **given).text for given in settings]
    requests = [submit(engine, max_tokens=20, **given) for given in settings]
    assert [r.listener.wait().text for r in requests] == alone
    assert len(set(alone)) == len(alone)


def test_a_repetition_penalty_is_the_one_of_generate(engine, reference):
    said = ask(engine, max_tokens=30, repetition_penalty=1.3)
    assert said.text == generate(reference, PROMPT, 30, repetition_penalty=1.3)[0]


def test_logprobs_are_those_of_the_model(engine, reference):
    said = ask(engine, max_tokens=4, logprobs=2)
    noted = [token for piece in said.pieces for token in piece.logprobs]
    logits = reference.model(torch.tensor([PROMPT])).logits[0, -1]
    expected = logits.log_softmax(-1).topk(2).values.tolist()
    assert len(noted) == 4
    assert noted[0].logprob == pytest.approx(expected[0], abs=1e-4)
    assert [score for _, score in noted[0].top] == pytest.approx(expected, abs=1e-4)


def test_a_stop_string_ends_an_answer_at_once(engine):
    whole = ask(engine, max_tokens=40).text
    stop = whole[6:8]
    said = ask(engine, max_tokens=40, stop=(stop,))
    assert said.text == whole[: whole.index(stop)]
    assert said.reason == "stop"


def test_evidence_locks_the_figures(engine):
    free = ask(engine, max_tokens=100, temperature=1.5, seed=1).text
    locked = ask(
        engine,
        max_tokens=100,
        temperature=1.5,
        seed=1,
        evidence=("The lamp costs 77 pounds.",),
    ).text
    assert any(letter in "012345689" for letter in free)
    assert not any(letter in "012345689" for letter in locked)


SCHEMA = {
    "type": "object",
    "properties": {"late": {"type": "boolean"}, "days": {"enum": [3, 14, 30]}},
    "required": ["late", "days"],
    "additionalProperties": False,
}
FORMS = [
    Form.json(SCHEMA),
    Form.choice(["yes, at once", "no", "I do not know"]),
    Form("regex", "LO-[0-9]{5}"),
]


def hold(engine, form, evidence=(), **sampling):
    """A submitted request whose answer is held to `form`."""
    constraint = engine.constrain(form)
    request = Request(PROMPT, Sampling(**sampling), Collected(), evidence=evidence)
    request.constraint = constraint
    engine.submit(request)
    return request


def is_of(form, text):
    if form.kind == "json":
        found = json.loads(text)
        return type(found["late"]) is bool and found["days"] in (3, 14, 30)
    if form.kind == "choice":
        return text in json.loads(form.content)
    return re.fullmatch(form.content, text) is not None


def test_forms_hold_in_one_batch_with_each_other_and_with_free_answers(reference):
    found = []
    for speculate in (True, False):
        engine = BatchEngine(tiny_llama(), queue_size=100, speculate=speculate)
        free = submit(engine, max_tokens=60)
        held = [
            (form, hold(engine, form, max_tokens=80, temperature=heat, seed=n))
            for n, heat in enumerate((0.0, 0.7, 1.5))
            for form in FORMS
        ]
        answers = [request.listener.wait() for _, request in held]
        for (form, _), said in zip(held, answers, strict=True):
            assert is_of(form, said.text)
            assert said.reason == "stop"
        assert free.listener.wait().text == generate(reference, PROMPT, 60)[0]
        found.append([said.text for said in answers])
        engine.close()
    assert found[0] == found[1]


def test_one_requests_form_and_evidence_touch_no_other(engine):
    settings = [
        {"max_tokens": 30},
        {"max_tokens": 30, "evidence": ("77",), "temperature": 1.5, "seed": 1},
        {"max_tokens": 30, "temperature": 1.5, "seed": 1},
    ]
    alone = [ask(engine, **given).text for given in settings]
    held = [hold(engine, form, max_tokens=60) for form in FORMS]
    mixed = [submit(engine, **given) for given in settings]
    held += [hold(engine, form, max_tokens=60) for form in FORMS]
    assert [request.listener.wait().text for request in mixed] == alone
    texts = [request.listener.wait().text for request in held]
    assert texts[:3] == texts[3:]


def test_a_form_that_the_evidence_forbids_ends_in_a_clear_error(engine):
    request = hold(engine, Form("regex", "[0-9]{4}"), ("No figure at all.",))
    said = request.listener.wait()
    assert said.reason == "error"
    assert said.pieces[-1].error == (
        "No token is left that the answer's form and evidence allow."
    )
    assert ask(engine, max_tokens=3).reason == "length"


def test_a_form_and_evidence_hold_together(engine):
    request = hold(engine, Form("regex", "[0-9]{4}"), ("In 1987.",), max_tokens=9)
    assert request.listener.wait().text == "1987"


class Slow(Collected):
    """A listener that takes its time, so that a request is met while it runs."""

    def __init__(self):
        super().__init__()
        self.began = threading.Event()

    def __call__(self, piece):
        self.began.set()
        time.sleep(0.01)
        super().__call__(piece)


def test_a_cancelled_request_ends_within_a_step_and_frees_its_slot(engine):
    request = submit(engine, listener=Slow(), max_tokens=400)
    assert request.listener.began.wait(10)
    seen = len(request.listener.pieces)
    request.cancel()
    said = request.listener.wait()
    assert said.reason == "cancelled"
    assert len(said.pieces) <= seen + 3
    assert engine._cache.free == engine.plan.slots


def test_more_requests_than_slots_and_queue_are_refused():
    engine = BatchEngine(tiny_llama(), queue_size=2)
    slow = [submit(engine, listener=Slow(), max_tokens=300) for _ in range(16)]
    while engine.metrics.running < 16:
        time.sleep(0.01)
    waiting = [submit(engine, max_tokens=2) for _ in range(2)]
    with pytest.raises(QueueFullError, match="2 requests wait"):
        submit(engine, max_tokens=2)
    for request in slow:
        request.cancel()
    assert [request.listener.wait().reason for request in waiting] == ["length"] * 2
    engine.close()


def test_a_prompt_that_cannot_be_served_is_refused_at_once(engine):
    with pytest.raises(PromptTooLongError, match="holds 512"):
        submit(engine, max_tokens=500)
    with pytest.raises(GenerationRejectedError, match="empty"):
        submit(engine, ())
    with pytest.raises(GenerationRejectedError, match="outside 0 to 258"):
        submit(engine, (1, 259))


def test_a_past_deadline_ends_a_waiting_request(engine):
    said = Collected()
    engine.submit(Request(PROMPT, Sampling(), said, deadline=0.0))
    assert said.wait().reason == "timeout"


class Poisoned:
    """A decoder that fails whenever a certain token is read."""

    def __init__(self, decoder, token, error):
        self._decoder = decoder
        self._token = token
        self._error = error

    def __call__(self, ids, step, rows):
        if self._token in ids:
            raise self._error
        return self._decoder(ids, step, rows)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("out of memory"),
        MemoryError("out of memory"),
        torch.OutOfMemoryError("out of memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_poisoned_request_fails_alone(error, caplog):
    engine = BatchEngine(tiny_llama())
    engine._decoder = Poisoned(engine._decoder, 200, error)
    slow = submit(engine, listener=Slow(), max_tokens=30)
    assert slow.listener.began.wait(10)
    bad = submit(engine, (*PROMPT, 200), max_tokens=5)
    assert bad.listener.wait().reason == "error"
    assert "out of memory" in bad.listener.pieces[-1].error
    assert slow.listener.wait().reason == "length"
    assert engine.is_healthy()
    engine.close()


def test_a_dead_worker_is_restarted_once(monkeypatch, caplog):
    engine = BatchEngine(tiny_llama())

    def broken():
        raise RuntimeError("a bug")

    for expected in (True, False):
        monkeypatch.setattr(engine, "_plan", broken)
        assert ask(engine, max_tokens=3).reason == "error"
        monkeypatch.undo()
        if expected:
            assert ask(engine, max_tokens=3).reason == "length"
            assert engine.metrics.restarts == 1
            assert "was restarted" in caplog.text
    engine._thread.join(10)
    assert not engine.is_healthy()
    with pytest.raises(GenerationUnavailableError, match="dead"):
        submit(engine)
    engine.close()


class Hanging:
    """A decoder whose steps do not end before they are let go."""

    def __init__(self):
        self.entered, self.let_go = threading.Event(), threading.Event()

    def __call__(self, ids, step, rows):
        self.entered.set()
        self.let_go.wait(30)
        raise RuntimeError("let go")


def test_a_worker_that_hangs_takes_nothing_new_and_holds_up_no_stop(
    monkeypatch, caplog
):
    monkeypatch.setattr("frontdesk.generation.engine.STUCK_S", 0.05)
    monkeypatch.setattr("frontdesk.generation.engine.DRAIN_S", 0.05)
    monkeypatch.setattr("frontdesk.generation.engine.GIVE_UP_S", 0.05)
    engine = BatchEngine(tiny_llama())
    engine._decoder = hanging = Hanging()
    request = submit(engine)
    assert hanging.entered.wait(10)
    time.sleep(0.06)
    assert not engine.is_healthy()
    with pytest.raises(GenerationUnavailableError, match="stuck"):
        submit(engine)
    engine.close()
    assert request.listener.wait(1).pieces[-1].error == "The engine is stuck."
    hanging.let_go.set()
    engine._thread.join(10)


def test_closing_finishes_what_is_under_way_and_takes_nothing_new():
    engine = BatchEngine(tiny_llama())
    request = submit(engine, listener=Slow(), max_tokens=40)
    assert request.listener.began.wait(10)
    engine.close()
    assert request.listener.reason == "length"
    with pytest.raises(GenerationUnavailableError):
        submit(engine)


def test_a_step_that_hangs_makes_the_engine_unhealthy(engine):
    assert engine.is_healthy()
    engine._step_began = time.monotonic() - 61
    assert not engine.is_healthy()
    engine._step_began = 0.0
