import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError
from handful.numerics.linear.pca import Config, Projection


def decaying(items, width, seed=0):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0]
    return rng.normal(size=(items, width)) * 0.8 ** np.arange(width) @ turn + 5


@pytest.mark.parametrize(("items", "width"), [(60, 20), (20, 60)])
def test_exact_paths_equal_the_singular_value_decomposition(items, width):
    rows = decaying(items, width)
    found = Projection.fit(rows, Config(width=5), seed=0)
    left, values, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(found.deviations, values[:5] / items**0.5, rtol=1e-4)
    np.testing.assert_allclose(abs(found.project(rows)), abs(left[:, :5] * values[:5]), atol=1e-3)
    assert found.share == pytest.approx((values[:5] ** 2).sum() / (values**2).sum(), rel=1e-4)


def test_randomised_path_agrees_with_the_exact_one():
    rows = decaying(300, 120)
    exact = Projection.fit(rows, Config(width=10), seed=0)
    quick = Projection.fit(rows, Config(width=10, exact_below=50), seed=0)
    np.testing.assert_allclose(quick.deviations, exact.deviations, rtol=1e-3)
    np.testing.assert_allclose(quick.project(rows), exact.project(rows), atol=2e-2)
    again = Projection.fit(rows, Config(width=10, exact_below=50), seed=0)
    assert (again.directions == quick.directions).all()


@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
def test_whitening_divides_by_a_power_of_the_deviation(whiten):
    rows = decaying(200, 30)
    found = Projection.fit(rows, Config(width=6, whiten=whiten), seed=0)
    spread = found.project(rows).std(axis=0)
    np.testing.assert_allclose(spread, found.deviations ** (1 - whiten), rtol=1e-3)


def test_width_is_limited_by_items_and_rank():
    rows = np.outer(np.arange(6.0), np.ones(4))
    assert Projection.fit(rows, Config(width=3), seed=0).directions.shape == (4, 1)
    assert Projection.fit(decaying(4, 30), Config(width=10), seed=0).directions.shape[1] == 3


def test_more_rows_than_a_chunk_and_none_at_all(monkeypatch):
    rows = decaying(50, 8).astype(np.float16)
    whole = Projection.fit(rows, Config(width=4), seed=0)
    monkeypatch.setattr("handful.numerics.linear.pca._CHUNK", 7)
    parts = Projection.fit(rows, Config(width=4), seed=0)
    np.testing.assert_allclose(parts.project(rows), whole.project(rows), atol=1e-4)
    assert parts.project(rows[:0]).shape == (0, 4)


def test_arrays_bring_it_back():
    found = Projection.fit(decaying(30, 9), Config(width=4, whiten=0.5), seed=0)
    back = Projection.from_arrays(found.arrays())
    new = decaying(5, 9, seed=1)
    assert (back.project(new) == found.project(new)).all()
    assert back.share == found.share


def test_bad_input_is_named():
    with pytest.raises(InputError, match="two or more"):
        Projection.fit(np.ones((1, 3)), Config(), seed=0)
    with pytest.raises(InputError, match="no direction"):
        Projection.fit(np.ones((5, 3)), Config(), seed=0)
    with pytest.raises(InputError, match="NaN"):
        Projection.fit(np.full((5, 3), np.nan), Config(), seed=0)
    with pytest.raises(InputError, match=r"\[M, 9\]"):
        Projection.fit(decaying(30, 9), Config(width=2), seed=0).project(np.ones((2, 3)))
    with pytest.raises(ConfigError, match="whiten"):
        Config(whiten=2)
