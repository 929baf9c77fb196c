import pytest

from frontdesk.generation.benchmark.machine import Machine, measure_machine
from tests.fakes_generation import tiny_llama

# 10 GB/s and 1 TFLOP/s; 1 GB of weights, 0.1 GB a request, 2 GFLOP a token.
MACHINE = Machine("cpu", "bfloat16", 2, 10.0, 1.0, 1.0, 0.1, 2.0)


def test_one_request_is_bound_by_reading_and_many_by_multiplying():
    assert MACHINE.bound(1) == pytest.approx(1 / 0.11)
    assert MACHINE.bound(10_000) == pytest.approx(100, rel=0.01)  # keys and values
    lean = Machine("cpu", "bfloat16", 2, 10.0, 1.0, 1.0, 0.0, 2.0)
    assert lean.bound(10_000) == pytest.approx(500.0)


def test_with_prompts_every_new_token_has_to_be_multiplied():
    assert MACHINE.bound_with_prompts() == pytest.approx(64 / (264 * 0.002))


def test_the_rates_of_this_machine_are_measured_and_printed():
    loaded = tiny_llama()
    machine = measure_machine(loaded)
    assert machine.read_gb_per_s > 0.1
    assert machine.tflop_per_s > 0.0001
    weights = sum(p.numel() for p in loaded.model.parameters())
    assert machine.gflop_per_token == pytest.approx(2 * weights / 1e9)
    assert "bound while writing" in machine.lines()[2]
