import torch

from frontdesk.generation.slots import SlotCache, SlotPlan, common_prefix, plan_slots
from tests.fakes_generation import tiny_llama


def cache(slots=3):
    config = tiny_llama().model.config
    plan = SlotPlan(slots, 16, plan_slots(config, torch.float32, 1).bytes_per_token)
    return SlotCache.allocate(config, plan, torch.float32, "cpu")


def test_the_plan_keeps_to_its_limit():
    config = tiny_llama(max_position_embeddings=8192).model.config
    per_token = 2 * 2 * 2 * 8 * 4  # keys and values, layers, heads, dim, bytes
    plan = plan_slots(config, torch.float32, 16 * 1024 * per_token)
    assert (plan.slots, plan.context, plan.bytes_per_token) == (16, 1024, per_token)
    assert plan_slots(config, torch.float32, 3 * 1024 * per_token).slots == 3
    assert plan_slots(config, torch.float32, 1 << 40).context == 4096
    large = plan_slots(config, torch.float32, 64 * 2048 * per_token, most=64)
    assert (large.slots, large.context) == (64, 2048)


def test_common_prefix_counts_equal_items():
    assert common_prefix([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common_prefix([1, 2], [1, 2, 3]) == 2
    assert common_prefix([], [1]) == 0


def test_a_slot_is_chosen_so_that_the_least_is_lost():
    slots = cache()
    for number, tokens in enumerate(([1, 2, 3, 4], [1, 9], [7, 7, 7])):
        assert slots.acquire([0]) == number
        slots.note(number, tokens)
    for number in range(3):
        slots.release(number)
    assert slots.acquire([1, 2, 3, 4, 5]) == 0  # goes on where slot 0 ended
    assert slots.acquire([5]) == 1


def test_a_known_beginning_is_copied_into_another_slot():
    slots = cache()
    slots.kv[:, :, 0] = 5.0
    slots.note(0, [1, 2, 3])
    assert slots.find_prefix([1, 2, 3]) == (0, 2)  # the last token is read again
    slots.take_prefix(1, 0, [1, 2])
    assert (slots.kv[:, :, 1, :, :2] == 5.0).all()
    assert (slots.kv[:, :, 1, :, 2:] == 0.0).all()
    assert slots.find_prefix([1, 2, 4])[1] == 2
