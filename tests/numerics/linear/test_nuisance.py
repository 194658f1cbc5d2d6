"""Directions along which groups differ: found against chance, turned down, never more."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear.nuisance import Config, Nuisance

Floats = NDArray[np.float64]


def world(
    groups: int, each: int, strength: float, seed: int = 0
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Rows with a class in one direction and the group's own shift in three others."""
    dice = np.random.default_rng(seed)
    number = np.repeat(np.arange(groups), each)
    classes = dice.integers(0, 2, len(number))
    axes = np.linalg.qr(dice.normal(size=(40, 4)))[0].T
    rows = dice.normal(size=(len(number), 40))
    rows += 3 * (classes[:, None] - 0.5) * axes[0]
    rows += strength * dice.normal(size=(groups, 3))[number] @ axes[1:]
    return rows, number, classes


def test_what_tells_groups_apart_is_brought_down_to_chance() -> None:
    rows, groups, _ = world(20, 25, 6.0)
    found = Nuisance.fit(rows, groups, Config(), 0)
    assert len(found.left) == 3
    assert (found.left < 0.5).all()
    quiet = found.quieten(rows)

    def apart(values: NDArray[np.floating], number: NDArray[np.intp]) -> float:
        """How far means of groups lie apart, along the directions that were found."""
        means = np.array([values[number == each].mean(axis=0) for each in range(20)])
        return float((means @ found.directions).var(axis=0).sum())

    dice = np.random.default_rng(1)
    by_chance = np.mean([apart(rows, dice.permutation(groups)) for _ in range(20)])
    assert apart(rows, groups) > 10 * by_chance
    assert apart(quiet, groups) == pytest.approx(by_chance, rel=0.4)


def test_classes_of_new_groups_are_told_better_from_few_labels() -> None:
    right = {"loud": 0, "quiet": 0}
    for seed in range(10):
        rows, groups, classes = world(20, 25, 6.0, seed)
        known = groups < 15
        found = Nuisance.fit(rows[known], groups[known], Config(), 0)
        for name, values in {"loud": rows, "quiet": found.quieten(rows)}.items():
            dice = np.random.default_rng(seed)
            taught = [dice.choice(np.flatnonzero(known & (classes == k)), 5) for k in (0, 1)]
            means = [values[picked].mean(axis=0) for picked in taught]
            nearer = ((values[~known] - means[1]) ** 2).sum(axis=1)
            nearer -= ((values[~known] - means[0]) ** 2).sum(axis=1)
            right[name] += int(((nearer < 0) == classes[~known]).sum())
    assert right["quiet"] > 1.05 * right["loud"]


def test_groups_that_do_not_differ_lose_nothing() -> None:
    wrong = 0
    for seed in range(20):
        rows, groups, _ = world(20, 10, 0.0, seed)
        found = Nuisance.fit(rows, groups, Config(), seed)
        wrong += len(found.left) > 0
        if not len(found.left):
            np.testing.assert_allclose(found.quieten(rows), rows, rtol=1e-6)
    assert wrong <= 4


def test_the_rest_of_a_row_stays_as_it_is() -> None:
    rows, groups, _ = world(20, 25, 6.0)
    found = Nuisance.fit(rows, groups, Config(), 0)
    axes = found.directions.astype(np.float64)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-4)
    outside = np.eye(40) - axes @ axes.T
    np.testing.assert_allclose(found.quieten(rows) @ outside, rows @ outside, atol=1e-4)
    np.testing.assert_allclose(
        found.quieten(rows) @ axes, (rows @ axes) * found.left, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize(
    "groups",
    [np.arange(30), np.zeros(30, dtype=int), np.array([0, 0, *range(1, 29)])],
    ids=["all alone", "one group", "one pair"],
)
def test_fewer_than_two_groups_of_two_tell_nothing(groups: NDArray[np.intp]) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 5))
    assert not len(Nuisance.fit(rows, groups, Config(), 0).left)


def test_groups_may_have_any_names_and_a_sample_is_enough() -> None:
    rows, groups, _ = world(20, 25, 6.0)
    names = np.array([f"firing {each}" for each in groups])
    whole, named = (Nuisance.fit(rows, each, Config(), 0) for each in (groups, names))
    part = Nuisance.fit(rows, groups, Config(sample=200), 0)
    assert len(part.left) == len(named.left) == 3
    overlap = np.linalg.svd(part.directions.T @ whole.directions, compute_uv=False)
    assert overlap.min() > 0.9


def test_arrays_bring_it_back() -> None:
    rows, groups, _ = world(20, 25, 6.0)
    found = Nuisance.fit(rows, groups, Config(), 0)
    again = Nuisance.from_arrays(found.arrays())
    np.testing.assert_array_equal(again.quieten(rows), found.quieten(rows))


def test_sizes_that_disagree_are_refused() -> None:
    rows, groups, _ = world(4, 5, 6.0)
    with pytest.raises(InputError, match="groups"):
        Nuisance.fit(rows, groups[:-1], Config(), 0)
    found = Nuisance.fit(rows, groups, Config(), 0)
    with pytest.raises(InputError, match=r"\[M, 40\]"):
        found.quieten(rows[:, :-1])
    with pytest.raises(UsageError, match="shuffles"):
        Config(shuffles=1)
