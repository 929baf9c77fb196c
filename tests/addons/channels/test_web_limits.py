from addons.channels.web_limits import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_burst_is_allowed_then_the_rate_holds() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert [rates.wait_s("messages", "a", 3) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert rates.wait_s("messages", "a", 3) == 20.0
    clock.now = 15.0
    assert rates.wait_s("messages", "a", 3) == 5.0
    clock.now = 20.0
    assert rates.wait_s("messages", "a", 3) == 0.0
    assert rates.wait_s("messages", "a", 3) > 0


def test_names_and_kinds_do_not_share() -> None:
    rates = Rates(Clock())
    assert rates.wait_s("messages", "a", 1) == 0.0
    assert rates.wait_s("messages", "b", 1) == 0.0
    assert rates.wait_s("sessions", "a", 1) == 0.0
    assert rates.wait_s("messages", "a", 1) > 0


def test_unused_buckets_are_forgotten() -> None:
    clock = Clock()
    rates = Rates(clock)
    for number in range(1000):
        rates.wait_s("messages", str(number), 5)
    clock.now = 61.0
    rates.wait_s("messages", "new", 5)
    assert len(rates._buckets) == 1
