"""Agreement of descriptions: 1 for the same, 0 for chance, whatever width, rotation and scale."""

import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.numerics.linear.agreement import cka, gram, mutual, neighbours

RANDOM = np.random.default_rng(0)


def alike(first: np.ndarray, second: np.ndarray, count: int = 10) -> tuple[float, float]:
    near = mutual(neighbours(first, count), neighbours(second, count))
    return near, cka(gram(first), gram(second))


def test_the_same_description_turned_scaled_and_shifted_agrees_wholly() -> None:
    rows = RANDOM.normal(size=(120, 30))
    turn, _ = np.linalg.qr(RANDOM.normal(size=(30, 30)))
    near, geometry = alike(rows, rows @ turn * 7 + 3)
    assert near == pytest.approx(1)
    assert geometry == pytest.approx(1)


def test_unrelated_descriptions_agree_by_chance_alone_however_wide_they_are() -> None:
    """The plain CKA of two such descriptions is .9 and more."""
    found = [
        alike(RANDOM.normal(size=(60, 2000)), RANDOM.normal(size=(60, 1500))) for _ in range(20)
    ]
    near, geometry = np.mean(found, axis=0)
    assert abs(near) < 0.03
    assert abs(geometry) < 0.03


def test_neighbours_are_those_of_a_naive_loop() -> None:
    rows = RANDOM.normal(size=(25, 4))
    centred = rows - rows.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    for place, found in enumerate(neighbours(rows, 3)):
        others = sorted((-float(unit[place] @ unit[o]), o) for o in range(25) if o != place)
        assert set(found) == {other for _, other in others[:3]}


def test_cka_is_the_unbiased_estimate_of_its_paper() -> None:
    """Song et al., eq. 5, written out."""
    first, second = RANDOM.normal(size=(12, 5)), RANDOM.normal(size=(12, 3))

    def hsic(one: np.ndarray, other: np.ndarray) -> float:
        n = len(one)
        k, l = one @ one.T, other @ other.T  # noqa: E741
        np.fill_diagonal(k, 0)
        np.fill_diagonal(l, 0)
        ones = np.ones(n)
        whole = (ones @ k @ ones) * (ones @ l @ ones) / ((n - 1) * (n - 2))
        return float((np.trace(k @ l) + whole - 2 * ones @ k @ l @ ones / (n - 2)) / (n * (n - 3)))

    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    expected = hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b))
    assert cka(gram(first), gram(second)) == pytest.approx(expected)


def test_shared_structure_shows_in_between() -> None:
    shared = RANDOM.normal(size=(300, 5))
    first = np.hstack([shared, RANDOM.normal(size=(300, 5))])
    second = np.hstack([shared, RANDOM.normal(size=(300, 5))])
    near, geometry = alike(first, second)
    assert 0.1 < near < 0.9
    assert 0.3 < geometry < 0.7


def test_a_description_that_tells_nothing_apart_agrees_with_nothing() -> None:
    flat = np.ones((20, 4))
    assert cka(gram(flat), gram(RANDOM.normal(size=(20, 4)))) == 0.0


def test_too_few_items_are_refused() -> None:
    with pytest.raises(InputError, match="7 items are too few"):
        neighbours(np.ones((7, 2)), 2)
    with pytest.raises(InputError, match="11 or more are needed"):
        neighbours(np.ones((10, 2)), 10)
