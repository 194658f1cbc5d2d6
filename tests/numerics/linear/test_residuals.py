import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.numerics.linear.residuals import PENALTIES, carry


def kernel(count, seed=0, width=0.5):
    rows = np.random.default_rng(seed).normal(size=(count, 2))
    return np.exp(-((rows[:, None] - rows[None]) ** 2).sum(axis=2) / width), rows


def naive(kernel, differences, groups, penalty):
    """Fit again without each group, and add up what remains of its squared differences."""
    remaining = 0.0
    for group in np.unique(groups):
        out = groups == group
        inner = kernel[np.ix_(~out, ~out)] + penalty * np.eye((~out).sum())
        weights = np.linalg.solve(inner, differences[~out])
        told = kernel[np.ix_(out, ~out)] @ weights
        remaining += ((differences[out] - told) ** 2).sum()
    return remaining


def test_the_gain_is_that_of_fitting_again_without_each_group():
    table, rows = kernel(40)
    differences = np.stack([np.sin(rows[:, 0]), -np.sin(rows[:, 0])], axis=1)
    groups = np.arange(40) // 3
    found = carry({"near": table}, differences, groups)
    gains = [1 - naive(table, differences, groups, p) / (differences**2).sum() for p in PENALTIES]
    assert found.gain == pytest.approx(max(gains), abs=1e-9)
    assert found.penalty == PENALTIES[int(np.argmax(gains))]
    assert found.gain > 0.5


def test_what_is_fitted_is_ridge():
    table, rows = kernel(25)
    differences = np.tanh(rows)
    found = carry({"near": table}, differences, np.arange(25))
    closed = np.linalg.solve(table + found.penalty * np.eye(25), differences)
    np.testing.assert_allclose(found.weights, closed, atol=1e-9)


def test_the_kernel_that_tells_more_is_taken():
    table, rows = kernel(60)
    other, _ = kernel(60, seed=9)
    differences = np.sin(2 * rows[:, :1])
    assert carry({"other": other, "near": table}, differences, np.arange(60)).kernel == "near"


def test_noise_is_hardly_carried_over():
    gains = []
    for seed in range(40):
        table, _ = kernel(60, seed)
        noise = np.random.default_rng(100 + seed).normal(size=(60, 3))
        gains.append(carry({"near": table}, noise, np.arange(60)).gain)
    assert np.mean(np.array(gains) > 0) <= 0.15
    assert max(gains) < 0.15


def test_one_group_teaches_nothing_because_nothing_can_be_left_out():
    table, rows = kernel(10)
    found = carry({"near": table}, rows, np.zeros(10))
    assert found.kernel == ""
    assert not found.weights.any()


def test_no_difference_is_nothing_to_carry():
    table, _ = kernel(10)
    assert carry({"near": table}, np.zeros((10, 2)), np.arange(10)).gain == 0


@pytest.mark.parametrize("kernels", [{}, {"near": np.eye(4)}])
def test_kernels_of_another_size_are_refused(kernels):
    with pytest.raises(InputError, match="differences"):
        carry(kernels, np.zeros((5, 2)), np.arange(5))
