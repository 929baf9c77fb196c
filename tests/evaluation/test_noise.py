import pytest

from frontdesk.evaluation import noise


@pytest.mark.parametrize(
    ("measure", "before", "now", "n", "expected"),
    [
        ("right", 0.80, 0.75, 60, False),  # two errors of the difference are .15
        ("right", 0.80, 0.60, 60, True),
        ("right", 0.60, 0.80, 60, False),  # better
        ("wrong", 0.05, 0.30, 60, True),
        ("wrong", 0.30, 0.05, 60, False),
        ("ask", 1.0, 0.857, 7, False),  # one of seven
        ("mrr@10", 0.60, 0.57, 1000, False),
        ("mrr@10", 0.60, 0.54, 1000, True),
        ("canary_leaks", 0, 1, 388, True),
        ("canary_leaks", 1, 0, 388, False),
        ("ms_p50", 10.0, 19.0, 83, False),
        ("ms_p50", 10.0, 21.0, 83, True),
        ("ms_p50", 1.0, 5.0, 83, False),  # less than 5 ms more
        ("verbatim", 0.1, 0.9, 83, False),  # neither better nor worse
    ],
)
def test_only_losses_beyond_noise_are_worse(measure, before, now, n, expected):
    assert noise.is_worse(measure, before, now, n) is expected


def test_times_of_another_machine_are_not_compared():
    assert not noise.is_worse("ms_p50", 10.0, 100.0, 83, same_machine=False)


def test_a_regression_names_set_figure_and_both_values():
    [sentence] = noise.regressions(
        "answers demo",
        {"right": 0.8, "ask": None, "n": 200},
        {"right": 0.4, "ask": 0.5, "wrong": 0.3, "n": 200},
        {"right": 100},
        same_machine=True,
    )
    assert sentence.startswith(
        "answers demo: right was 0.800 and is 0.400 (n = 100), which is more than"
    )


def test_a_figure_counts_its_own_cases():
    before, now = {"ask": 0.9, "n": 1000}, {"ask": 0.7, "n": 1000}
    assert noise.regressions("a", before, now, {}, True)
    assert not noise.regressions("a", before, now, {"ask": 10}, True)
