import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear import ridge
from handful.numerics.linear.affine import Affine
from handful.numerics.linear.ridge import DualRidge, Spectrum


def solve_by_hand(features, targets, damping):
    """Ridge with a free offset, from the normal equations with a column of ones."""
    wide = np.column_stack([features, np.ones(len(features))])
    bend = np.diag([damping] * features.shape[1] + [0.0])
    return np.linalg.solve(wide.T @ wide + bend, wide.T @ targets)


def problem(seed, items=30, width=6, outputs=3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(items, width)) + 2
    targets = features[:, :1] * rng.normal(size=(1, outputs)) + rng.normal(size=(items, outputs))
    return features, targets, rng


def mean_norm(features):
    return ((features - features.mean(axis=0)) ** 2).sum(axis=1).mean()


@pytest.mark.parametrize(("items", "width"), [(30, 6), (8, 20)])
def test_primal_and_dual_equal_the_normal_equations(items, width):
    features, targets, rng = problem(0, items, width)
    new = rng.normal(size=(5, width))
    damping = 0.1 * mean_norm(features)
    by_hand = solve_by_hand(features, targets, damping)
    wanted = np.column_stack([new, np.ones(5)]) @ by_hand
    primal = Spectrum.of_features(features).primal(targets, 0.1)
    dual = Spectrum.of_kernel(features @ features.T).dual(targets, 0.1)
    streamed = ridge.fit_features(features, targets, 0.1)
    np.testing.assert_allclose(primal.scores(new), wanted, atol=1e-8)
    np.testing.assert_allclose(dual.scores(new @ features.T), wanted, atol=1e-8)
    np.testing.assert_allclose(streamed.scores(new), wanted, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), folds=st.integers(2, 12))
def test_left_out_scores_equal_refitting_without_the_fold(seed, folds):
    features, targets, rng = problem(seed, 24)
    fold_of = rng.permutation(np.arange(24) % folds)
    wanted = np.empty_like(targets)
    damping = 0.03 * mean_norm(features)
    for fold in range(folds):
        out = fold_of == fold
        by_hand = solve_by_hand(features[~out], targets[~out], damping)
        wanted[out] = np.column_stack([features[out], np.ones(out.sum())]) @ by_hand
    path = [0.03, 1.0]
    for found in (
        Spectrum.of_features(features).out_of_fold(targets, fold_of, path),
        Spectrum.of_kernel(features @ features.T).out_of_fold(targets, fold_of, path),
        ridge.features_out_of_fold(features, targets, fold_of, path),
    ):
        np.testing.assert_allclose(found[0], wanted, atol=1e-7)


def test_leave_one_out_and_groups_of_unequal_size_agree_with_refitting():
    features, targets, _ = problem(1, 20)
    groups = np.array([0] * 7 + [1] * 3 + list(range(2, 12)))
    damping = 0.1 * mean_norm(features)
    found = Spectrum.of_features(features).out_of_fold(targets, groups, [0.1])[0]
    for group in np.unique(groups):
        out = groups == group
        by_hand = solve_by_hand(features[~out], targets[~out], damping)
        wanted = np.column_stack([features[out], np.ones(out.sum())]) @ by_hand
        np.testing.assert_allclose(found[out], wanted, atol=1e-8)


def test_weak_penalties_survive_kernels_that_are_not_quite_symmetric():
    # float32 sums left a constant direction with a tiny eigenvalue, which the penalty blew up:
    # out-of-fold quality looked fine while new items scored at random.
    features, targets, rng = problem(2, 60, 200)
    kernel = (features @ features.T).astype(np.float32)
    kernel += rng.normal(size=kernel.shape).astype(np.float32) * 1e-5 * kernel.mean()
    model = Spectrum.of_kernel(kernel).dual(targets, 1e-6)
    assert abs(model.dual.sum(axis=0)).max() < 1e-9 * abs(model.dual).max()
    new = rng.normal(size=(10, 200)) + 2
    exact = Spectrum.of_kernel(features @ features.T).dual(targets, 1e-6)
    spread = exact.scores(new @ features.T).std()
    gap = model.scores(new @ features.T) - exact.scores(new @ features.T)
    assert abs(gap).max() < 0.1 * spread


def test_constant_features_predict_the_mean():
    targets = np.array([[1.0], [2.0], [6.0]])
    for spectrum in (Spectrum.of_features(np.ones((3, 2))), Spectrum.of_kernel(np.ones((3, 3)))):
        left_out = spectrum.out_of_fold(targets, np.arange(3), [0.1])[0]
        np.testing.assert_allclose(left_out.ravel(), [4, 3.5, 1.5])
    model = Spectrum.of_features(np.ones((3, 2))).primal(targets, 0.1)
    np.testing.assert_allclose(model.scores(np.ones((1, 2))), [[3.0]])


def test_choose_takes_the_best_and_the_strongest_among_equals():
    targets = ridge.indicator(np.array([0, 1]), 2)
    good, bad = targets, 1 - targets
    chosen = ridge.choose(np.stack([bad, good, good]), targets, [0.1, 1.0, 3.0])
    assert chosen.penalty == 3.0
    assert chosen.quality.tolist() == [0, 1, 1]
    assert (chosen.scores == good).all()
    halfway = np.stack([bad, targets * 0.9 + 0.05, good])
    closest = ridge.choose(halfway, targets, [0.1, 1.0, 3.0], ridge.closeness)
    assert closest.penalty == 3.0
    assert closest.quality[2] == pytest.approx(1)


def test_leave_one_out_promises_on_bursts_what_group_folds_deny():
    # Ten near-copies of 20 things: leaving one copy out is no test at all.
    rng = np.random.default_rng(3)
    things = rng.normal(size=(20, 60))
    labels = np.repeat(rng.integers(0, 2, 20), 10)
    rows = np.repeat(things, 10, axis=0) + 0.01 * rng.normal(size=(200, 60))
    targets = ridge.indicator(labels, 2)
    spectrum = Spectrum.of_features(rows)
    alone = ridge.choose(spectrum.out_of_fold(targets, np.arange(200)), targets)
    apart = ridge.choose(spectrum.out_of_fold(targets, np.repeat(np.arange(20), 10)), targets)
    assert max(alone.quality) == 1.0
    assert max(apart.quality) < 0.8


def centred_by_hand(kernel: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    """`kernel [M, N]` after the mean of the N items, as `among [N, N]` has it, is the origin."""
    result = np.empty_like(kernel)
    for i, row in enumerate(kernel):
        for j, value in enumerate(row):
            result[i, j] = value - row.mean() - among[:, j].mean() + among.mean()
    return result


def test_arrays_bring_models_back():
    model = DualRidge(np.ones((3, 2)), np.array([1.0, 2.0]))
    assert (
        DualRidge.from_arrays(model.arrays()).scores(np.eye(3)) == model.scores(np.eye(3))
    ).all()
    affine = Affine(np.ones((3, 2)), np.zeros(2))
    assert (Affine.from_arrays(affine.arrays()).scores(np.eye(3)) == affine.scores(np.eye(3))).all()


def test_bad_input_is_named():
    features, targets, _ = problem(4, 10)
    spectrum = Spectrum.of_features(features)
    with pytest.raises(InputError, match="one fold"):
        spectrum.out_of_fold(targets, np.zeros(10, dtype=int), [0.1])
    with pytest.raises(InputError, match="Folds have shape"):
        spectrum.out_of_fold(targets, np.arange(9), [0.1])
    with pytest.raises(InputError, match="Targets have shape"):
        spectrum.primal(targets[:5], 0.1)
    with pytest.raises(UsageError, match="above 0"):
        spectrum.primal(targets, 0)
    with pytest.raises(UsageError, match="These are features"):
        spectrum.dual(targets, 1)
    with pytest.raises(UsageError, match="kernel"):
        Spectrum.of_kernel(np.eye(10)).primal(targets, 1)
    with pytest.raises(InputError, match="NaN"):
        Spectrum.of_features(np.full((3, 2), np.nan))
    with pytest.raises(InputError, match="NaN"):
        ridge.fit_features(np.full((10, 2), np.nan), targets, 1)
    with pytest.raises(InputError, match=r"\[N, N\]"):
        Spectrum.of_kernel(np.ones((3, 2)))
    with pytest.raises(InputError, match=r"\[N, D\]"):
        Spectrum.of_features(np.ones(3))
    with pytest.raises(InputError, match="0 to 1"):
        ridge.indicator(np.array([0, 2]), 2)
    with pytest.raises(InputError, match=r"\[M, 6\]"):
        spectrum.primal(targets, 1).scores(np.ones((1, 5)))
    with pytest.raises(InputError, match=r"\[M, 10\]"):
        Spectrum.of_kernel(np.eye(10)).dual(targets, 1).scores(np.ones((1, 5)))
