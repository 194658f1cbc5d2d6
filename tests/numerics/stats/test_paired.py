"""PASS, FAIL or CANNOT TELL: planted faults are found, equal models are left in peace."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.foundation.errors import ConfigError, UsageError
from handful.numerics.stats.base import Verdict
from handful.numerics.stats.paired import compare, compare_slices
from handful.numerics.stats.paired_tests import mcnemar

Array = NDArray[np.float64]


def answers(n: int, rng: np.random.Generator) -> Array:
    return (rng.random(n) < 0.9).astype(np.float64)


def retrained(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Two models of equal accuracy that differ on 4 % of the rows."""
    change = rng.choice([1.0, -1.0, 0.0], size=n, p=[0.02, 0.02, 0.96])
    old = np.where(change == 0, answers(n, rng), change < 0).astype(np.float64)
    return old, old + change


def test_three_percent_flipped_at_a_thousand_rows_fails() -> None:
    rng = np.random.default_rng(0)
    old = answers(1_000, rng)
    new = old.copy()
    flipped = rng.choice(1_000, 30, replace=False)
    new[flipped] = 1 - new[flipped]
    found = compare(old, new)
    assert found.verdict is Verdict.FAIL
    assert found.losses == int(old[flipped].sum())
    assert found.flip_rate == found.losses / 1_000
    assert (found.p_worse, found.p_different) == mcnemar(found.gains, found.losses)
    assert "FAIL" in found.reason


def test_equal_models_fail_in_at_most_five_percent() -> None:
    rng = np.random.default_rng(1)
    verdicts = [compare(*retrained(500, rng)).verdict for _ in range(200)]
    assert verdicts.count(Verdict.FAIL) <= 10


def test_a_hundred_rows_cannot_tell_one_point() -> None:
    old = answers(100, np.random.default_rng(2))
    found = compare(old, old)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.smallest_detectable > 0.05
    assert "80% power" in found.reason


def test_an_unchanged_model_passes_with_enough_rows() -> None:
    old = answers(1_000, np.random.default_rng(3))
    assert compare(old, old).verdict is Verdict.PASS
    assert compare(old, old, margin=0.0).verdict is Verdict.CANNOT_TELL


def test_a_better_model_passes_even_without_margin() -> None:
    old = answers(1_000, np.random.default_rng(4))
    new = old.copy()
    new[np.flatnonzero(old == 0)[:30]] = 1
    found = compare(old, new, margin=0.0)
    assert found.verdict is Verdict.PASS
    assert found.difference.low > 0


def test_a_small_proven_loss_inside_the_margin_passes() -> None:
    old = np.ones(100_000)
    new = old.copy()
    new[:200] = 0  # 0.2 points
    found = compare(old, new, margin=0.01)
    assert found.p_worse < 1e-6
    assert found.verdict is Verdict.PASS


def test_a_loss_of_the_margin_passes_in_at_most_five_percent() -> None:
    rng = np.random.default_rng(5)
    passes = 0
    for _ in range(300):
        change = rng.choice([1.0, -1.0, 0.0], size=800, p=[0.01, 0.03, 0.96])
        passes += compare(np.where(change > 0, 0.0, 1.0), np.where(change < 0, 0.0, 1.0),
                          margin=0.02).verdict is Verdict.PASS  # fmt: skip
    assert passes / 300 <= 0.05


def test_rows_that_change_together_count_less() -> None:
    old = np.ones(400)
    new = old.copy()
    new[:20] = 0  # one whole group of 20
    groups = np.repeat(np.arange(20), 20)
    alone, together = compare(old, new), compare(old, new, groups)
    assert alone.verdict is Verdict.FAIL
    assert together.verdict is Verdict.CANNOT_TELL
    assert together.difference.low < alone.difference.low
    assert together.smallest_detectable > alone.smallest_detectable
    assert together.difference.groups == 20


def test_a_loss_in_every_group_fails() -> None:
    old = np.ones(400)
    new = np.tile([0.0] + [1.0] * 19, 20)
    assert compare(old, new, np.repeat(np.arange(20), 20)).verdict is Verdict.FAIL


def test_graded_scores_use_t_and_sign_flips() -> None:
    rng = np.random.default_rng(6)
    old = rng.normal(size=300)
    groups = np.repeat(np.arange(30), 10)
    worse = compare(old, old - 0.5 + rng.normal(0, 0.3, size=300), groups, margin=0.1)
    assert worse.verdict is Verdict.FAIL
    assert worse.difference.estimate == pytest.approx(-0.5, abs=0.06)
    same = compare(old, old + rng.normal(0, 0.05, size=300), groups, margin=0.1)
    assert same.verdict is Verdict.PASS


def test_graded_scores_that_agree_on_few_rows_cannot_tell() -> None:
    old = np.linspace(0, 1, 20)
    found = compare(old, old, margin=0.01)
    assert found.verdict is Verdict.CANNOT_TELL
    z2 = 1.6449**2
    assert found.difference.high == pytest.approx(z2 / (20 + z2), abs=1e-4)


def test_one_group_can_never_pass() -> None:
    old = np.ones(1_000)
    found = compare(old, old, np.zeros(1_000, dtype=int))
    assert found.verdict is Verdict.CANNOT_TELL
    assert (found.difference.low, found.difference.high) == (-1, 1)
    graded = compare(old * 0.5, old * 0.5, np.zeros(1_000, dtype=int))
    assert graded.difference.low == -math.inf


def test_mid_p_is_more_sensitive() -> None:
    old, new = np.ones(200), np.ones(200)
    new[:4] = 0
    exact, mid = compare(old, new), compare(old, new, mid_p=True)
    assert mid.p_worse == pytest.approx(exact.p_worse / 2)
    assert mid.smallest_detectable <= exact.smallest_detectable
    assert mid.difference.low > exact.difference.low


def test_a_loss_in_one_slice_does_not_hide_in_the_mean() -> None:
    rng = np.random.default_rng(7)
    old = answers(1_200, rng)
    slices = np.arange(1_200) % 6
    new = old.copy()
    lost = np.flatnonzero((slices == 3) & (old == 1))[:40]  # 20 points of its 200 rows
    new[lost] = 0
    won = np.flatnonzero((slices != 3) & (old == 0))[:40]
    new[won] = 1
    assert compare(old, new, margin=0.02).verdict is not Verdict.FAIL
    found = compare_slices(old, new, slices, margin=0.02)
    assert found["3"].verdict is Verdict.FAIL
    assert [name for name, one in found.items() if one.verdict is Verdict.FAIL] == ["3"]


def test_slices_are_adjusted_together() -> None:
    old, new = np.ones(400), np.ones(400)
    new[:5] = 0
    alone = compare(old[:100], new[:100], margin=0.0)
    found = compare_slices(old, new, np.repeat(list("abcd"), 100), margin=0.0)
    assert alone.p_worse == pytest.approx(1 / 32)
    assert alone.verdict is Verdict.FAIL
    assert found["a"].p_worse == pytest.approx(4 / 32)
    assert found["a"].verdict is Verdict.CANNOT_TELL
    assert found["a"].difference.level == pytest.approx(1 - 2 * 0.05 / 4)


def test_same_seed_same_answer() -> None:
    rng = np.random.default_rng(8)
    old, new = retrained(600, rng)
    groups = np.repeat(np.arange(30), 20)
    assert compare(old, new, groups, seed=3) == compare(old, new, groups, seed=3)


def test_unusable_input_is_refused() -> None:
    with pytest.raises(UsageError, match="same rows"):
        compare([1, 0], [1])
    with pytest.raises(UsageError, match="row 1 holds nan"):
        compare([1, 0], [1, math.nan])
    with pytest.raises(ConfigError, match="margin"):
        compare([1, 0], [1, 0], margin=-0.1)
    with pytest.raises(ConfigError, match="alpha"):
        compare([1, 0], [1, 0], alpha=5)
