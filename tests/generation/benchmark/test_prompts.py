import itertools

from frontdesk.generation.benchmark.prompts import (
    SHARED_TOKENS,
    chats,
    prompts,
    random_prompts,
)
from frontdesk.generation.slots import common_prefix
from tests.fakes_generation import byte_tokenizer


def test_prompts_share_their_policy_and_differ_in_their_evidence():
    first, second, third = itertools.islice(chats(byte_tokenizer()), 3)
    assert first[0] == second[0] == third[0]
    assert len({chat[1]["content"] for chat in (first, second, third)}) == 3


def test_the_same_seed_gives_the_same_prompts():
    tokenizer = byte_tokenizer()
    assert prompts(tokenizer, 2, seed=1) == prompts(tokenizer, 2, seed=1)
    assert prompts(tokenizer, 2, seed=1) != prompts(tokenizer, 2, seed=2)


def test_random_prompts_share_their_beginning_whatever_the_seed():
    first, second = random_prompts(512, 1, seed=1) + random_prompts(512, 1, seed=2)
    assert len(first) == len(second) == 600
    assert common_prefix(first, second) == SHARED_TOKENS
