from frontdesk.generation.breaker import CircuitBreaker


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def broken(clock):
    breaker = CircuitBreaker(limit=3, reset_s=3.0, clock=clock)
    for _ in range(3):
        breaker.failed()
    return breaker


def test_three_failures_in_a_row_open_it():
    breaker = CircuitBreaker(limit=3)
    breaker.failed()
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()


def test_a_success_between_failures_keeps_it_closed():
    breaker = CircuitBreaker(limit=2)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()


def test_one_caller_probes_after_the_pause():
    clock = Clock()
    breaker = broken(clock)
    clock.now += 3.0
    assert [breaker.allows(), breaker.allows()] == [True, False]


def test_a_failed_probe_waits_again_and_a_good_one_closes():
    clock = Clock()
    breaker = broken(clock)
    clock.now += 3.0
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.now += 3.0
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert not breaker.is_open
