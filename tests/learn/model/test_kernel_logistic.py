"""On a linear kernel it is the logistic regression of the features behind that kernel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from handful.learn.model import kernel_logistic
from handful.learn.model.kernel_logistic import PENALTIES, fit_kernel_logistic
from handful.learn.model.kernel_ridge import KernelModel
from handful.numerics.decide.calibrate import Temperature, log_loss
from handful.numerics.linear import logistic
from handful.numerics.linear.folds import Folds, split
from handful.numerics.linear.logistic import softmax

Table = NDArray[np.float64]


class World(NamedTuple):
    """Items of three classes as features whose products are a kernel of unit mean norm."""

    features: Table
    labels: NDArray[np.intp]
    new: Table
    folds: Folds

    @property
    def kernel(self) -> Table:
        return self.features @ self.features.T

    @property
    def cross(self) -> Table:
        return self.new @ self.features.T


def world(seed: int = 0, spread: float = 1.5) -> World:
    dice = np.random.default_rng(seed)
    centres = dice.normal(size=(3, 6))
    labels = np.arange(48) % 3
    rows = centres[labels] + spread * dice.normal(size=(48, 6))
    scale = np.sqrt(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean())
    new = centres[np.arange(9) % 3] + spread * dice.normal(size=(9, 6))
    folds = split(labels, np.arange(48) // 2, items=48, count=3)
    return World(rows / scale, labels, new / scale, folds)


def prior_of(labels: NDArray[np.intp], classes: int = 3) -> Table:
    counts = np.bincount(labels, minlength=classes) + 1.0
    return counts / counts.sum()


def oracle(features: Table, labels: NDArray[np.intp], penalty: float) -> Any:
    found: Any = LogisticRegression(C=1 / penalty, tol=1e-8, max_iter=5000)
    return found.fit(features, labels)


@pytest.fixture
def _to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits go on until they are as exact as those they are compared with."""
    tight = logistic.Config(tolerance=1e-8, steps=5000)
    monkeypatch.setattr(kernel_logistic, "_WHEN_TO_STOP", tight)


@pytest.mark.usefixtures("_to_the_end")
def test_without_folds_it_is_logistic_regression_at_the_usual_penalty() -> None:
    made = world()
    fit = fit_kernel_logistic(made.kernel, made.labels, None, prior_of(made.labels))
    assert fit.held_out is None
    assert fit.model.temperature == 1.0
    wanted = oracle(made.features, made.labels, fit.penalty)
    for kernel, rows in ((made.kernel, made.features), (made.cross, made.new)):
        said = fit.model.probabilities(kernel)
        np.testing.assert_allclose(said, wanted.predict_proba(rows), atol=1e-4)


def test_stopping_early_moves_no_answer_by_a_percent() -> None:
    made = world()
    fit = fit_kernel_logistic(made.kernel, made.labels, None, prior_of(made.labels))
    wanted = oracle(made.features, made.labels, fit.penalty).predict_proba(made.new)
    np.testing.assert_allclose(fit.model.probabilities(made.cross), wanted, atol=0.01)


@pytest.mark.usefixtures("_to_the_end")
@pytest.mark.parametrize(("seed", "spread"), [(0, 1.5), (1, 0.4), (2, 6.0)])
def test_held_out_answers_are_those_of_refitting_without_the_fold(seed: int, spread: float) -> None:
    made = world(seed, spread)
    prior = prior_of(made.labels)
    naive = {}
    for penalty in PENALTIES:
        scores = np.empty((48, 3))
        for train, test in made.folds:
            fitted = oracle(made.features[train], made.labels[train], penalty)
            scores[test] = fitted.decision_function(made.features[test])
        temperature = Temperature.fit(scores, made.labels).common
        naive[penalty] = softmax(scores / temperature), temperature
    fit = fit_kernel_logistic(made.kernel, made.labels, made.folds, prior)
    assert fit.held_out is not None
    held_out, temperature = naive[fit.penalty]
    np.testing.assert_allclose(fit.held_out, held_out, atol=1e-3)
    assert fit.model.temperature == pytest.approx(temperature, rel=1e-2)
    best = min(log_loss(said, made.labels) for said, _ in naive.values())
    assert log_loss(fit.held_out, made.labels) == pytest.approx(best, abs=1e-3)
    whole = oracle(made.features, made.labels, fit.penalty).decision_function(made.new)
    said = fit.model.probabilities(made.cross)
    np.testing.assert_allclose(said, softmax(whole / fit.model.temperature), atol=1e-3)


@pytest.mark.usefixtures("_to_the_end")
def test_classes_that_nobody_showed_keep_their_prior() -> None:
    made = world()
    prior = prior_of(made.labels, classes=5)
    fit = fit_kernel_logistic(made.kernel, made.labels, None, prior)
    said = fit.model.probabilities(made.cross)
    np.testing.assert_allclose(said.sum(axis=1), 1)
    np.testing.assert_allclose(said[:, 3:], np.tile(prior[3:], (9, 1)))
    rest = said[:, :3] / said[:, :3].sum(axis=1, keepdims=True)
    wanted = oracle(made.features, made.labels, fit.penalty).predict_proba(made.new)
    np.testing.assert_allclose(rest, wanted, atol=1e-4)


def test_a_class_that_lives_in_one_fold_keeps_its_prior_while_that_is_held_out() -> None:
    made = world()
    gone = made.folds.assignment == 0
    labels = np.where(gone & (made.labels == 2), 3, made.labels)
    prior = prior_of(labels, classes=4)
    held_out = fit_kernel_logistic(made.kernel, labels, made.folds, prior).held_out
    assert held_out is not None
    np.testing.assert_allclose(held_out.sum(axis=1), 1)
    np.testing.assert_allclose(held_out[gone, 3], prior[3])
    assert np.ptp(held_out[~gone, 3]) > 0


def test_a_kernel_that_says_nothing_gives_the_shares_of_the_classes() -> None:
    labels = np.array([0, 0, 0, 1])
    fit = fit_kernel_logistic(np.zeros((4, 4)), labels, None, prior_of(labels, 2))
    said = fit.model.probabilities(np.zeros((2, 4)))
    np.testing.assert_allclose(said, np.tile([0.75, 0.25], (2, 1)), atol=1e-3)


def test_only_the_given_penalties_are_tried() -> None:
    made = world()
    prior = prior_of(made.labels)
    fit = fit_kernel_logistic(made.kernel, made.labels, made.folds, prior, [7.0])
    assert fit.penalty == 7.0


def test_arrays_bring_the_same_answers_back() -> None:
    made = world()
    prior = prior_of(made.labels, classes=4)
    model = fit_kernel_logistic(made.kernel, made.labels, made.folds, prior).model
    arrays = model.arrays()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    back = KernelModel.from_arrays(arrays)
    assert (back.probabilities(made.cross) == model.probabilities(made.cross)).all()
