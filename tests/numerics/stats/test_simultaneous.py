"""Many slices at once, against Sidak, Holm's own example and simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from handful.foundation.errors import UsageError
from handful.numerics.stats.base import group_codes
from handful.numerics.stats.proportions import exact_share
from handful.numerics.stats.simultaneous import (
    exact_shares,
    holm,
    joint_level,
    largest_gap,
    slice_masks,
    slice_means,
    slice_shares,
)


def test_slices_without_common_groups_take_sidaks_level() -> None:
    right = np.random.default_rng(0).random(300) < 0.8
    found = slice_shares(right, np.arange(300) % 12)
    assert len(found) == 12
    for one in found.values():
        assert one.level == pytest.approx(0.95 ** (1 / 12))
    direct = exact_shares([int(right[::12].sum())], [25], level=0.95 ** (1 / 12))[0]
    assert (found["0"].low, found["0"].high) == (direct.low, direct.high)


def test_exact_shares_are_exact_at_sidaks_level() -> None:
    found = exact_shares([9, 40, 3], [10, 50, 30])
    assert found[1] == exact_share(40, 50, level=0.95 ** (1 / 3))


def test_identical_slices_need_no_correction() -> None:
    values = np.random.default_rng(1).normal(size=400)
    everything = np.ones(400, dtype=bool)
    masks = {"a": everything, "b": everything.copy(), "c": everything.copy()}
    level = joint_level(values, masks, group_codes(None, 400), level=0.95, seed=0)
    assert level == pytest.approx(0.95, abs=0.005)


def test_correlated_slices_match_the_normal_integral() -> None:
    # Two halves of one slice overlap by half: their means correlate with 0.5.
    rng = np.random.default_rng(2)
    values = rng.normal(size=6_000)
    rows = np.arange(6_000)
    masks = {"a": rows < 4_000, "b": rows >= 2_000}
    level = joint_level(values, masks, rows, level=0.95, seed=0)
    reach = stats.norm.ppf((1 + level) / 2)
    box = stats.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]])
    corners = box.cdf([reach, reach]) - 2 * box.cdf([reach, -reach]) + box.cdf([-reach, -reach])
    assert corners == pytest.approx(0.95, abs=0.005)


def test_twelve_means_hold_together() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(20), 15)
    held = 0
    for _ in range(100):
        values = rng.normal(size=20)[labels] + rng.normal(size=300)
        found = slice_means(values, rng.integers(12, size=300), labels)
        held += all(one.low <= 0 <= one.high for one in found.values())
        # Slices that share groups err together and need less than Sidak asks for.
        assert 0.95 <= found["0"].level < 0.95 ** (1 / 12)
    assert held / 100 >= 0.92


def test_holm_steps_down_and_never_past_one() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]).tolist() == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_value_and_bonferroni(p_values: list[float]) -> None:
    p = np.array(p_values)
    adjusted = holm(p)
    assert (adjusted >= p - 1e-15).all()
    assert (adjusted <= np.minimum(1, p * p.size) + 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_holm_refuses_what_is_no_probability() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        holm([0.1, 1.2])


def test_a_spoiled_slice_shows_as_a_gap() -> None:
    rng = np.random.default_rng(4)
    right, slices = rng.random(1_200) < 0.9, np.arange(1_200) % 6
    spoiled = (slices == 2) & (rng.random(1_200) < 0.3)
    found = largest_gap(right ^ spoiled, slices)
    assert found.estimate == pytest.approx(0.25, abs=0.08)
    assert found.low > 0.1


def test_equal_slices_show_no_gap() -> None:
    rng = np.random.default_rng(5)
    alarms = [largest_gap(rng.random(400) < 0.85, np.arange(400) % 4).low > 0 for _ in range(200)]
    assert np.mean(alarms) <= 0.05


def test_the_gap_of_two_equal_scores_is_their_t_interval() -> None:
    rng = np.random.default_rng(6)
    values = np.concatenate([rng.normal(size=60), rng.normal(1, 1, size=60)])
    found = largest_gap(values, np.repeat([0, 1], 60))
    expected = stats.ttest_ind(values[60:], values[:60]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0.02)


def test_groups_across_slices_make_gaps_sharper() -> None:
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(20), 20)
    slices = np.tile([0, 1], 200)
    values = 3 * rng.normal(size=20)[labels] + rng.normal(size=400) + 0.5 * slices
    paired = largest_gap(values, slices, labels)
    assert paired.low > 0
    strangers = largest_gap(values, slices, labels + 100 * slices)
    assert strangers.low == 0


def test_small_slices_cannot_tell() -> None:
    found = largest_gap(np.arange(50) % 2, np.repeat([0, 1], [40, 10]))
    assert (found.low, found.high) == (0, math.inf)
    assert math.isnan(found.estimate)


def test_masks_come_from_labels_or_names() -> None:
    masks = slice_masks(["b", "a", "b"], 3)
    assert list(masks) == ["a", "b"]
    assert masks["b"].tolist() == [True, False, True]
    assert list(slice_masks({"z": [1, 0], "y": [1, 1]}, 2)) == ["z", "y"]


@pytest.mark.parametrize("slices", [{"a": [False, False]}, {"a": [True]}, ["a"]])
def test_empty_and_short_slices_are_refused(slices: dict[str, list[bool]] | list[str]) -> None:
    with pytest.raises(UsageError, match='Slice "a"'):
        slice_masks(slices, 2)
