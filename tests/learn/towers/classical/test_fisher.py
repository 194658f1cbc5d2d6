"""Codebooks against naive formulas, planted mixtures, and the zero of the score."""

import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.learn.towers.classical.fisher import Codebook, Windows


def planted(count=6000, seed=0):
    """Three well separated clusters in five dimensions, with shares 1/2, 1/3 and 1/6."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((3, 5))
    centres[1, 0], centres[2, 1] = 8, 12
    spreads = np.array([1.0, 0.5, 1.5])
    kinds = rng.choice(3, count, p=[1 / 2, 1 / 3, 1 / 6])
    rows = centres[kinds] + rng.standard_normal((count, 5)) * spreads[kinds][:, None]
    places = rng.uniform(-0.5, 0.5, (count, 2))
    return rows.astype(np.float32), places.astype(np.float32)


def learn(rows, places, words=3, width=3, whiten=False, seed=0):
    return Codebook.fit(rows, places, width=width, words=words, whiten=whiten, seed=seed)


def naive_vector(book, descriptors, places):
    """Fisher vector of one item, equations 5 to 9, one window and word at a time."""
    centres = np.zeros(book.means.shape)
    spreads = np.zeros(book.means.shape)
    means, variances = book.means.astype(np.float64), book.variances.astype(np.float64)
    for descriptor, place in zip(descriptors, places, strict=True):
        point = np.concatenate([(descriptor - book.origin) @ book.axes, place * book.reach])
        away = (point - means) / np.sqrt(variances)
        density = np.log(book.shares) - 0.5 * (away**2 + np.log(variances)).sum(axis=1)
        posterior = np.exp(density - density.max())
        posterior /= posterior.sum()
        centres += posterior[:, None] * away
        spreads += posterior[:, None] * (away**2 - 1)
    shares = book.shares[:, None]
    parts = [centres / np.sqrt(shares), spreads / np.sqrt(2 * shares)]
    vector = np.concatenate(parts, axis=1).ravel() / len(places)
    vector = np.sign(vector) * np.sqrt(np.abs(vector))
    return vector / np.linalg.norm(vector)


def test_vectors_equal_the_naive_formula():
    rows, places = planted()
    book = learn(rows, places)
    rng = np.random.default_rng(1)
    some = rng.standard_normal((4, 7, 5)).astype(np.float32) * 3
    where = rng.uniform(-0.5, 0.5, (7, 2)).astype(np.float32)
    vectors = book.encode(Windows(some, where))
    assert vectors.shape == (4, 2 * 5 * 3)
    assert vectors.dtype == np.float32
    for index in range(4):
        np.testing.assert_allclose(
            vectors[index], naive_vector(book, some[index], where), atol=2e-3
        )


def test_planted_words_are_found():
    rows, places = planted()
    book = learn(rows, places)
    order = np.argsort(-book.shares)
    np.testing.assert_allclose(book.shares[order], [1 / 2, 1 / 3, 1 / 6], atol=0.03)
    variances = book.variances[order, :3].mean(axis=1)
    np.testing.assert_allclose(variances, [1, 0.25, 2.25], rtol=0.12)


@pytest.mark.parametrize("whiten", [False, True])
def test_axes_are_the_principal_directions(whiten):
    rows, places = planted()
    book = learn(rows, places, width=2, whiten=whiten)
    projected = (rows - book.origin) @ book.axes
    spreads = np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1][:2]
    np.testing.assert_allclose(
        np.cov(projected.T, bias=True),
        np.eye(2) if whiten else np.diag(spreads),
        atol=1e-3 * spreads[0],
    )


def test_the_library_itself_lies_at_zero():
    """The score is the gradient of the likelihood, which the fit has brought to its top."""
    rows, places = planted()
    book = learn(rows, places)
    points = np.concatenate([(rows - book.origin) @ book.axes, places * book.reach], axis=1)
    density = np.log(book.shares) - 0.5 * (
        ((points[:, None] - book.means) ** 2 / book.variances) + np.log(book.variances)
    ).sum(axis=2)
    posterior = np.exp(density - density.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    away = (points[:, None] - book.means) / np.sqrt(book.variances)
    assert np.abs((posterior[:, :, None] * away).mean(axis=0)).max() < 0.01
    assert np.abs((posterior[:, :, None] * (away**2 - 1)).mean(axis=0)).max() < 0.02


def test_the_seed_decides_everything():
    rows, places = planted(800)
    once, again, other = (learn(rows, places, words=8, seed=seed) for seed in (3, 3, 4))
    for name, array in once.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])
    assert not np.array_equal(once.means, other.means)


def test_arrays_make_the_same_codebook():
    rows, places = planted(500)
    book = learn(rows, places)
    assert {name: array.shape for name, array in book.arrays().items()} == Codebook.shapes(5, 3, 3)
    windows = Windows(rows[None, :20], places[:20])
    np.testing.assert_array_equal(
        Codebook.from_arrays(book.arrays()).encode(windows), book.encode(windows)
    )


def test_windows_that_are_all_the_same_give_finite_vectors():
    rows = np.ones((50, 5), dtype=np.float32)
    places = np.zeros((50, 2), dtype=np.float32)
    book = learn(rows, places, words=4, whiten=True)
    for level in (1.0, 5.0, 1e4):
        vectors = book.encode(Windows(np.full((1, 9, 5), level, np.float32), places[:9]))
        assert np.isfinite(vectors).all()


def test_too_few_windows_is_an_error():
    rows, places = planted(10)
    with pytest.raises(InputError, match="10 windows are too few for 11 words"):
        learn(rows, places, words=11)
