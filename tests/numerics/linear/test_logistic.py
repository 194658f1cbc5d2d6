from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from handful.foundation.errors import ConfigError, InputError
from handful.numerics.linear import folds, logistic


def problem(seed, per_class=15, width=8, classes=3):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    centres = rng.normal(size=(classes, width))
    return centres[labels] + 1.5 * rng.normal(size=(len(labels), width)), labels


@pytest.mark.parametrize(("per_class", "width"), [(15, 8), (4, 40)])
def test_probabilities_equal_scikit_learn(per_class, width):
    features, labels = problem(0, per_class, width)
    tight = logistic.Config(tolerance=1e-9, steps=5000)
    path = logistic.fit(features, labels, 3, [1.0, 0.1], tight)
    for model, penalty in zip(path, [1.0, 0.1], strict=True):
        oracle: Any = LogisticRegression(C=1 / penalty, tol=1e-9, max_iter=5000)
        oracle.fit(features, labels)
        ours = logistic.softmax(model.scores(features))
        np.testing.assert_allclose(ours, oracle.predict_proba(features), atol=1e-4)


def test_the_slope_is_zero_at_the_solution():
    features, labels = problem(1)
    model = logistic.fit(features, labels, 3, [0.5], logistic.Config(tolerance=1e-8))[0]
    residual = logistic.softmax(model.scores(features)) - np.eye(3)[labels]
    slope = features.T @ residual + 0.5 * model.weights
    assert abs(slope).max() < 1e-4
    assert abs(residual.sum(axis=0)).max() < 1e-4


def test_choose_scores_are_out_of_fold_and_the_best_penalty_wins():
    features, labels = problem(2, per_class=10)
    dealt = folds.split(labels, None, items=30, count=3)
    chosen = logistic.choose(features, labels, 3, dealt)
    place = logistic.PENALTIES.index(chosen.penalty)
    assert chosen.quality[place] == max(chosen.quality)
    train, test = next(iter(dealt))
    refit = logistic.fit(features[train], labels[train], 3, logistic.PENALTIES)[place]
    np.testing.assert_allclose(chosen.scores[test], refit.scores(features[test]))


def test_pure_noise_gets_the_strongest_penalty():
    rng = np.random.default_rng(3)
    labels = np.arange(40) % 2
    dealt = folds.split(labels, None, items=40)
    chosen = logistic.choose(rng.normal(size=(40, 30)), labels, 2, dealt)
    assert chosen.penalty == max(logistic.PENALTIES)


def test_a_class_without_rows_is_never_preferred():
    features, labels = problem(4)
    model = logistic.fit(features, labels, 4, [1.0])[0]
    assert model.weights.shape == (8, 4)
    assert (model.scores(features).argmax(axis=1) < 3).all()


def test_softmax_rows_sum_to_one_and_survive_large_scores():
    found = logistic.softmax(np.array([[1e4, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [[1, 0], [0.5, 0.5]])


def test_bad_input_is_named():
    with pytest.raises(InputError, match="two classes"):
        logistic.fit(np.ones((3, 2)), np.zeros(3, dtype=int), 2)
    with pytest.raises(InputError, match="one label per row"):
        logistic.fit(np.ones((3, 2)), np.array([0, 1]), 2)
    with pytest.raises(ConfigError, match="penalty"):
        logistic.fit(np.ones((2, 2)), np.array([0, 1]), 2, [0.0])
    with pytest.raises(ConfigError, match="tolerance"):
        logistic.Config(tolerance=0)
