import pytest

from frontdesk.generation.benchmark.rows import Row, medians, ratios, row


def made(peer, clients, rate, first):
    return Row(peer, clients, rate, first, first * 2, 1.0, 0.5)


def test_a_row_counts_tokens_over_time_and_orders_first_tokens():
    found = row("ours", 4, 128, [0.4, 0.1, 0.2, 0.3], 2.0)
    assert found.tokens_per_s == 64.0
    assert found.first_token_p50 == pytest.approx(0.25)
    assert found.first_token_p95 == 0.4


def test_rounds_become_their_median_for_each_peer_and_load():
    rows = [made("a", 1, rate, rate / 10) for rate in (10.0, 30.0, 20.0)]
    rows.append(made("a", 4, 7.0, 1.0))
    assert [(r.clients, r.tokens_per_s) for r in medians(rows)] == [(1, 20.0), (4, 7.0)]


def test_the_first_peer_is_compared_under_each_load():
    rows = [
        made("ours", 1, 40.0, 0.5),
        made("ours", 16, 80.0, 2.0),
        made("theirs", 1, 20.0, 1.0),
        made("theirs", 16, 10.0, 20.0),
    ]
    assert ratios(rows) == [
        "ours against theirs, 1 clients: 2.0 x the tokens/s, "
        "0.50 x the median time to first token",
        "ours against theirs, 16 clients: 8.0 x the tokens/s, "
        "0.10 x the median time to first token",
    ]
