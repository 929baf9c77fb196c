"""Grounded prompts: a policy that all share, evidence and a question of each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from frontdesk.generation.text import encode_chat

SHARED_TOKENS = 400
EVIDENCE_TOKENS = 200
ANSWER_TOKENS = 64
_THINGS = "lamp kettle desk chair blender shelf toaster mirror rug speaker".split()
_POLICY = (
    "You answer customers of a shop for home goods from the passages below and from "
    "nothing else. Keep to two sentences. Name prices, dates and conditions exactly as "
    "they stand in the passages. If the passages do not answer the question, say so. "
)
_QUESTION = "\n\nHow much is it, how long may I keep it and when does it come?"


def chats(tokenizer: Any, seed: int = 7) -> Iterator[list[dict[str, str]]]:
    """Conversations of about 600 tokens; the first 400 are always the same."""
    policy = _POLICY + _passages(tokenizer, random.Random(7), SHARED_TOKENS - 80)
    chance = random.Random(seed)
    while True:
        evidence = _passages(tokenizer, chance, EVIDENCE_TOKENS - 50)
        yield [
            {"role": "system", "content": policy},
            {"role": "user", "content": evidence + _QUESTION},
        ]


def prompts(tokenizer: Any, count: int, seed: int = 7) -> list[tuple[int, ...]]:
    """The same as token ids."""
    asked = chats(tokenizer, seed)
    return [encode_chat(tokenizer, next(asked)) for _ in range(count)]


def random_prompts(vocabulary: int, count: int, seed: int = 7) -> list[tuple[int, ...]]:
    """Random tokens of the same lengths, for models without a language."""
    shared = random.Random(7).choices(range(3, vocabulary), k=SHARED_TOKENS)
    chance = random.Random(seed)
    return [
        (*shared, *chance.choices(range(3, vocabulary), k=EVIDENCE_TOKENS))
        for _ in range(count)
    ]


def _passages(tokenizer: Any, chance: random.Random, tokens: int) -> str:
    texts: list[str] = []
    while len(tokenizer("".join(texts))["input_ids"]) < tokens:
        thing, price = chance.choice(_THINGS), chance.randrange(9, 400)
        days, wait = chance.randrange(2, 60), chance.randrange(2, 9)
        texts.append(
            f"The {thing} costs {price} pounds and may be returned within {days} "
            f"days if it is unused. Delivery of a {thing} takes {wait} days. "
        )
    return "".join(texts)
