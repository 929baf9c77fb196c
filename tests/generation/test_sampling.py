import pytest
import torch

from frontdesk.generation.requests import Sampling
from frontdesk.generation.sampling import Chooser, TokenTexts
from tests.fakes_generation import byte_tokenizer

texts = TokenTexts(byte_tokenizer())
LOGITS = torch.tensor([0.1, 2.0, 1.0, -1.0, 1.9])


def chooser(**sampling):
    return Chooser(Sampling(**sampling), texts, frozenset({2}))


def drawn(count=2000, **sampling):
    one = chooser(temperature=1.0, seed=0, **sampling)
    counts = torch.zeros(len(LOGITS))
    for _ in range(count):
        counts[one.choose(LOGITS.clone(), [])] += 1
    return counts / count


def test_no_temperature_takes_the_likeliest():
    assert chooser().is_plain
    assert chooser().choose(LOGITS.clone(), []) == 1


def test_draws_follow_the_probabilities():
    assert torch.allclose(drawn(), LOGITS.softmax(-1), atol=0.03)


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"top_k": 2}, [1, 4]),
        ({"top_p": 0.5}, [1, 4]),
        ({"top_p": 0.01}, [1]),
        ({"top_k": 3, "top_p": 0.99}, [1, 2, 4]),
    ],
)
def test_limits_leave_the_likeliest_in_their_proportion(limits, kept):
    found = drawn(**limits)
    assert found.nonzero().flatten().tolist() == kept
    expected = LOGITS[kept].softmax(-1)
    assert torch.allclose(found[kept], expected, atol=0.03)


def test_seeds_repeat_and_differ():
    def draw(seed):
        one = chooser(temperature=1.0, seed=seed)
        return [one.choose(LOGITS.clone(), []) for _ in range(20)]

    assert draw(1) == draw(1) != draw(2)


def test_a_repetition_penalty_lowers_what_was_said():
    one = chooser(repetition_penalty=1.5)
    assert one.choose(LOGITS.clone(), [1, 3]) == 4


def test_logprobs_name_the_choice_and_its_rivals():
    noted = chooser(logprobs=2).logprobs(LOGITS, 4)
    scores = LOGITS.log_softmax(-1).tolist()
    assert noted.logprob == pytest.approx(scores[4])
    assert [score for _, score in noted.top] == pytest.approx([scores[1], scores[4]])
