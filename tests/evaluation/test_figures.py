import pytest

from frontdesk.evaluation import figures


def test_no_cases_have_no_share():
    assert figures.share([]) is None
    assert figures.share([True, False, False]) == pytest.approx(1 / 3)


def test_percentiles_are_interpolated():
    assert figures.percentile([1, 2, 3, 4], 50) == 2.5
    assert figures.percentile([], 50) is None


def test_auc_equals_counting_all_pairs():
    scores = [0.1, 0.4, 0.4, 0.8, 0.9, 0.4]
    positive = [False, True, False, True, False, True]
    wins = [
        1.0 if p > q else 0.5 if p == q else 0.0
        for p, is_p in zip(scores, positive, strict=True)
        if is_p
        for q, is_q in zip(scores, positive, strict=True)
        if not is_q
    ]
    assert figures.auc(scores, positive) == pytest.approx(sum(wins) / len(wins))


def test_auc_of_one_class_is_unknown():
    assert figures.auc([0.1, 0.2], [True, True]) is None


def test_f1_counts_misses_and_false_alarms():
    assert figures.f1([True, True, False], [True, False, True]) == 0.5
    assert figures.f1([False], [True]) == 0.0


def test_certainty_on_few_cases_still_has_an_error():
    assert figures.standard_error(1.0, 12) == pytest.approx(0.0576, abs=1e-4)
    assert figures.standard_error(0.5, 100) == 0.05


def test_reliability_groups_by_probability():
    bins = figures.reliability([0.05, 0.92, 0.98, 1.0], [False, True, True, False])
    assert bins == [(0.05, 0.0, 1), (pytest.approx(2.9 / 3), pytest.approx(2 / 3), 3)]
