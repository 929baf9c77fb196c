from frontdesk.generation.benchmark.identity import compare
from frontdesk.generation.benchmark.prompts import random_prompts
from frontdesk.generation.benchmark.shapes import random_model
from tests.fakes_generation import tiny_llama


def test_greedy_answers_are_found_identical_in_every_way():
    found = compare(
        lambda: random_model("tiny", device="cpu", dtype="float32"),
        random_prompts(512, 24),
    )
    assert [c.way for c in found] == ["alone", "mixed", "mixed, no guesses"]
    assert [(c.answers, c.same, c.unexplained) for c in found] == [(24, 24, 0)] * 3
    assert found[1].cancelled > 0
    assert found[1].batch > 2
    assert found[1].guessed > 0 == found[2].guessed


def test_another_model_is_found_out():
    seeds = iter([0, 1, 1, 1])  # generate's weights, then the engine's
    prompts = [tuple(range(40, 60 + n)) for n in range(6)]
    found = compare(lambda: tiny_llama(seed=next(seeds)), prompts)
    assert found[0].same < found[0].answers
    assert found[0].unexplained > 0
    assert max(found[0].gaps) > 0.01


def test_bfloat16_differs_only_where_it_cannot_tell_logits_apart():
    found = compare(
        lambda: random_model("tiny", device="cpu", dtype="bfloat16"),
        random_prompts(512, 12),
    )
    for comparison in found:
        assert comparison.answers == 12
        assert comparison.same + len(comparison.gaps) == 12
        assert comparison.unexplained == 0
