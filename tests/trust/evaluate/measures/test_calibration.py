"""Calibration against closed forms, a naive loop and simulation."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.predictor import Answer, Level
from handful.numerics.decide import calibrate
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.measures.calibration import (
    Calibration,
    Config,
    calibration_error,
    equal_mass_bins,
)
from handful.trust.evaluate.sitting import Sitting

Sit = Callable[..., Sitting]
Say = Callable[..., Answer]


def naive_square(excess: np.ndarray, bins: np.ndarray, groups: list[str]) -> float:
    total = weight = 0.0
    for place in range(bins.max() + 1):
        rows = np.flatnonzero(bins == place)
        products = [excess[i] * excess[j] for i in rows for j in rows if groups[i] != groups[j]]
        if products:
            total += len(rows) * float(np.mean(products))
            weight += len(rows)
    return total / weight if weight else np.nan


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(1, 6), st.integers(1, 5), st.integers(0, 999))
def test_the_square_is_the_mean_over_pairs_of_different_groups(
    n: int, group_count: int, bin_count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    excess = rng.uniform(0.5, 1, n) - (rng.random(n) < 0.6)
    groups = [str(each) for each in rng.integers(group_count, size=n)]
    bins = equal_mass_bins(rng.random(n), min(bin_count, n))
    found = calibration_error(excess, bins, groups)
    if len(set(groups)) < 2:
        assert np.isnan(found.estimate)
        assert (found.low, found.high) == (0.0, np.inf)
        return
    square = naive_square(excess, bins, groups)
    if np.isnan(square):
        assert np.isnan(found.estimate), "no bin holds two groups"
        return
    wanted = max(0.0, square) ** 0.5
    assert found.estimate == pytest.approx(wanted, abs=1e-9)
    assert found.low <= found.estimate + 1e-9
    assert found.high >= found.estimate - 1e-9


def test_bins_are_of_equal_size_and_in_order() -> None:
    confidence = np.random.default_rng(0).random(103)
    bins = equal_mass_bins(confidence, 10)
    assert set(np.bincount(bins)) == {10, 11}
    for place in range(9):
        assert confidence[bins == place].max() <= confidence[bins == place + 1].min()


def simulated(rng: np.random.Generator, n: int, lean: float, groups: int) -> float:
    confidence = rng.uniform(0.55, 0.95, n)
    codes = [str(each) for each in np.arange(n) % groups]
    shift = rng.normal(0, 0.1, groups)[np.arange(n) % groups] if groups < n else 0.0
    right = rng.random(n) < np.clip(confidence - lean + shift, 0, 1)
    bins = equal_mass_bins(confidence, 10)
    found = calibration_error(confidence - right, bins, codes if groups < n else None)
    covered = found.low <= lean <= found.high
    return float(covered)


@pytest.mark.parametrize(("lean", "groups"), [(0.0, 200), (0.15, 200), (0.15, 20), (0.0, 20)])
def test_the_interval_covers_the_true_error(lean: float, groups: int) -> None:
    rng = np.random.default_rng(7)
    covered = np.mean([simulated(rng, 200, lean, groups) for _ in range(120)])
    assert covered >= 0.9


def test_it_agrees_with_the_plain_formula_on_independent_cases() -> None:
    rng = np.random.default_rng(8)
    for lean in (0.1, 0.25):
        confidence = rng.uniform(0.55, 0.95, 3000)
        right = rng.random(3000) < confidence - lean
        found = calibration_error(confidence - right, equal_mass_bins(confidence, 15), None)
        plain = calibrate.calibration_error(confidence, right, 15)
        assert found.estimate == pytest.approx(plain, abs=0.002)


def test_a_perfect_model_is_not_blamed_for_luck() -> None:
    """The plain error of 200 cases in 10 bins is about 9 %; without its bias it is about 0."""
    rng = np.random.default_rng(3)
    squares, plain = [], []
    for _ in range(100):
        confidence = rng.uniform(0.55, 0.95, 200)
        excess = confidence - (rng.random(200) < confidence)
        bins = equal_mass_bins(confidence, 10)
        squares.append(naive_square(excess, bins, [str(row) for row in range(200)]))
        plain.append(np.abs(np.bincount(bins, weights=excess)).sum() / 200)
    assert abs(np.mean(squares)) < 0.002
    assert np.mean(plain) > 0.06


def by_level(answer: Say, level: Level, wrong: int, n: int, stated: float) -> list[Answer]:
    said = ["no"] * wrong + ["yes"] * (n - wrong)
    return [answer(one, 0.9, level=level, error_rate=stated) for one in said]


@pytest.mark.parametrize(
    ("wrong", "n", "verdict"),
    [(2, 400, Verdict.PASS), (60, 400, Verdict.FAIL), (0, 20, Verdict.CANNOT_TELL)],
)
def test_promises_are_kept_broken_or_open(
    sit: Sit, answer: Say, wrong: int, n: int, verdict: Verdict
) -> None:
    answers = by_level(answer, Level.SURE, wrong, n, 0.05)
    answers += [answer("yes", 0.5, level=Level.NOT_SURE)] * 20
    found = Calibration(Config()).measure(sit(["yes"] * (n + 20), answers))
    rows = {row["level"]: row for row in found.sheets[0].rows}
    assert rows["sure"]["promise"] == verdict
    assert rows["sure"]["share"] == pytest.approx(n / (n + 20))
    assert rows["sure"]["error"] == pytest.approx(wrong / n)
    assert rows["sure"]["stated"] == pytest.approx(0.05)
    assert rows["not sure"]["promise"] == ""
    assert rows["fairly sure"]["n"] == 0
    meaning = " ".join(found.meaning)
    assert ("it takes 72 such answers" in meaning) == (verdict == Verdict.CANNOT_TELL)


def test_figures_of_a_boaster(sit: Sit, answer: Say) -> None:
    """Always 90 % sure and right in 60 %: off by 30 points, all of it boasting."""
    answers = [answer("yes", 0.9)] * 300 + [answer("no", 0.9)] * 200
    found = Calibration(Config()).measure(sit(["yes"] * 500, answers))
    known = {each.name: each for each in found.figures}
    assert known["calibration_error"].value == pytest.approx(0.3, abs=0.02)
    assert known["ece_plain"].value == pytest.approx(0.3, abs=0.02)
    assert known["overconfidence"].value == pytest.approx(0.3)
    assert known["brier"].value == pytest.approx(0.6 * 2 * 0.01 + 0.4 * 2 * 0.81)
    assert any("too sure of itself" in sentence for sentence in found.meaning)


def test_cases_that_are_equally_sure_share_a_bin() -> None:
    bins = equal_mass_bins(np.array([0.9, 0.5, 0.9, 0.6, 0.9, 0.9]), 3)
    assert bins.tolist() == [1, 0, 1, 0, 1, 1]


@pytest.mark.parametrize(("groups", "error"), [(["a"], None), (["a", "b"], 0.4)])
def test_one_or_two_groups_bound_nothing(
    sit: Sit, answer: Say, groups: list[str], error: float | None
) -> None:
    answers = [answer("yes", 0.9)] * 100 + [answer("no", 0.9)] * 100
    every = [groups[row % len(groups)] for row in range(200)]
    found = Calibration(Config()).measure(sit(["yes"] * 200, answers, every))
    assert found.figures[0].value == (None if error is None else pytest.approx(error))
    assert found.figures[0].high is None
    assert "cannot be told from so few groups" in found.meaning[0]


def test_few_cases_make_few_bins(sit: Sit, answer: Say) -> None:
    answers = [answer("yes", 0.5 + row / 100) for row in range(45)]
    found = Calibration(Config()).measure(sit(["yes"] * 45, answers))
    assert len(found.sheets[1].rows) == 2
