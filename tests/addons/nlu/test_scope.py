import numpy as np

from addons.nlu.scope import FEATURES, best_threshold, features, fit_scope


def blob(centre, n, seed):
    return np.random.default_rng(seed).normal(centre, 0.1, (n, len(FEATURES)))


def test_features_of_a_message_are_what_they_say():
    found = features(
        scores=np.array([[0.9, 0.2]]),
        probabilities=np.array([[0.8, 0.2]]),
        cosines=np.array([[0.7, 0.5, 0.6]]),
        labels=np.array([0, 0, 1]),
    )
    assert dict(zip(FEATURES, found[0].round(3), strict=True)) == {
        "score": 0.9,
        "margin": 0.7,
        "log_probability": round(np.log(0.8), 3),
        "nearest": 0.7,
        "nearest_same": 0.7,
        "nearest_mean": 0.6,
        "agreement": round(2 / 3, 3),
    }


def test_what_fits_badly_is_out_of_scope():
    inside = [blob(0.8, 30, seed) for seed in range(4)]
    imagined = [blob(0.2, 30, seed) for seed in range(4, 8)]
    scope = fit_scope(inside, imagined, [])
    assert (scope.probabilities(blob(0.8, 50, 9)) < scope.threshold).all()
    assert (scope.probabilities(blob(0.2, 50, 9)) >= scope.threshold).all()


def test_no_feature_speaks_for_being_out_of_scope():
    inside = [blob(0.5, 30, seed) for seed in range(4)]
    imagined = [blob(0.6, 30, seed) for seed in range(4, 8)]
    assert (fit_scope(inside, imagined, []).weights <= 0).all()


def test_too_little_data_puts_nothing_out_of_scope():
    scope = fit_scope([blob(0.8, 3, 0)], [blob(0.2, 3, 1)], [])
    assert (scope.probabilities(blob(-9, 5, 2)) < scope.threshold).all()


def test_known_examples_move_the_threshold():
    inside = [blob(0.8, 30, seed) for seed in range(4)]
    imagined = [blob(0.6, 30, seed) for seed in range(4, 8)]
    without = fit_scope(inside, imagined, [])
    with_known = fit_scope(inside, imagined, [blob(0.0, 30, 9)])
    siblings = blob(0.6, 200, 10)
    assert (without.probabilities(siblings) >= without.threshold).mean() > 0.5
    assert (with_known.probabilities(siblings) >= with_known.threshold).mean() < 0.5


def test_the_threshold_has_the_highest_weighted_f1():
    probabilities = np.array([0.9, 0.8, 0.4, 0.3, 0.1])
    truth = np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    assert best_threshold(probabilities, truth, np.full(5, 0.2)) == 0.3
    assert best_threshold(probabilities, truth, np.array([1, 1, 9, 1, 1])) == 0.8
