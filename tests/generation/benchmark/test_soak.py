import pytest

from frontdesk.generation.benchmark.prompts import random_prompts
from frontdesk.generation.benchmark.shapes import random_model
from frontdesk.generation.benchmark.soak import soak
from frontdesk.generation.engine import BatchEngine


@pytest.fixture
def engine():
    engine = BatchEngine(random_model("tiny", device="cpu", dtype="float32"))
    yield engine
    engine.close()


def test_some_leave_the_others_finish_and_every_slot_comes_back(engine):
    found = soak(engine, random_prompts(512, 40), seconds=4.0, leaving=0.3)
    assert found.finished > 0
    assert found.left > 0
    assert found.failed == found.leaked_slots == 0
    assert found.asked == found.finished + found.left + found.refused
    assert len(found.memory) >= 2
    assert "failed survivors 0, leaked slots 0" in found.lines()


def test_failures_and_kept_slots_are_counted(engine, caplog):
    def broken(ids, step, rows):
        raise RuntimeError("broken")

    engine._decoder = broken
    engine._cache.acquire(())
    found = soak(engine, random_prompts(512, 4), seconds=0.3)
    assert found.failed == found.asked - found.refused > 0
    assert found.leaked_slots == 1
