import asyncio

import pytest

from frontdesk.generation import EmbeddedGenerator, GenerationUnavailableError
from frontdesk.generation.errors import QueueFullError
from frontdesk.generation.sequential import SequentialEngine
from tests.fakes_generation import FakeEngine, tiny_llama

CHAT = [{"role": "user", "content": "Hi"}]


def test_the_engine_is_loaded_once_and_streams():
    loads = []

    def load():
        loads.append(1)
        return FakeEngine()

    async def run():
        generator = EmbeddedGenerator(load=load)
        pieces = [piece async for piece in generator.stream(CHAT)]
        whole = await generator.complete(CHAT, max_tokens=9, stop=["x"])
        await generator.aclose()
        return pieces, whole

    assert asyncio.run(run()) == (["Hello", " there"], "Hello there")
    assert loads == [1]


def test_a_full_engine_is_unavailable():
    generator = EmbeddedGenerator(load=lambda: FakeEngine(error=QueueFullError("no")))
    with pytest.raises(GenerationUnavailableError):
        asyncio.run(generator.complete(CHAT))


def test_a_real_model_answers_in_this_process():
    async def run():
        generator = EmbeddedGenerator(load=lambda: SequentialEngine(tiny_llama()))
        text = await generator.complete(CHAT, max_tokens=8)
        await generator.aclose()
        return text

    assert asyncio.run(run())
