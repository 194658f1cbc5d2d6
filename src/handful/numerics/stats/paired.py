"""Is the new model worse than the old one on the same rows? PASS, FAIL or CANNOT TELL.

With margin m, the loss one is willing to accept, and d = new - old:

    PASS         the low end of d lies above -m: a loss of m or more is ruled out
    FAIL         not PASS, and a loss is proven: p for "no worse" is at most alpha, or the
                 high end of d lies below -m
    CANNOT TELL  neither; the rows are too few for this margin, and `smallest_detectable`
                 says which drop they would have shown

Each one-sided error is held at alpha: a model as good as the old one fails at most that often,
and one that loses m or more passes at most that often. With groups the second is approximate:
at 5 % asked, 0.5 to 5 % in simulation, and 6 to 7 % where few changed answers crowd in few of
50 groups.

PASS is asked first, so a loss that is proven but also proven to be smaller than m passes. A loss
that is proven while m is not ruled out fails, even though it may be smaller than m: the burden
lies with the new model. A model that flips nothing still gets CANNOT TELL on few rows: 100
unchanged answers leave room for 3 changed ones in the next hundred.
"""
# N rows, G groups

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from handful.foundation.errors import UsageError, require
from handful.numerics.stats.base import (
    Codes,
    Interval,
    Vector,
    Verdict,
    check_level,
    group_codes,
    score_vector,
)
from handful.numerics.stats.means import GroupMean, group_mean, t_quantile
from handful.numerics.stats.paired_tests import mcnemar, score_ends, sign_flip
from handful.numerics.stats.power import smallest_change, smallest_drop
from handful.numerics.stats.simultaneous import Slices, holm, slice_masks


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two models on the same rows: the difference, what is proven, and the verdict."""

    verdict: Verdict
    """PASS, FAIL or CANNOT TELL, as the file's head defines them."""
    reason: str
    """The verdict in one sentence with its figures."""
    old: float
    """Mean score of the old model."""
    new: float
    """Mean score of the new model."""
    difference: Interval
    """New minus old; each end is wrong at most alpha of the time (level 1 - 2 alpha)."""
    gains: int
    """Rows where the new model scores higher."""
    losses: int
    """Rows where the new model scores lower, such as old right and new wrong."""
    p_worse: float
    """Chance of a loss like this from a model that is no worse; Holm-adjusted over slices."""
    p_different: float
    """Two-sided, for "the models differ at all"; never adjusted."""
    margin: float
    """The loss that would be accepted, in the unit of the score."""
    alpha: float
    """One-sided error rate of the verdict."""
    smallest_detectable: float
    """The smallest drop these rows would show at the wanted power (0.8 unless asked)."""

    @property
    def flip_rate(self) -> float:
        """Share of rows that were better before: the regressions a user will meet."""
        return self.losses / self.difference.n


def compare(
    old: ArrayLike,
    new: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    margin: float = 0.01,
    alpha: float = 0.05,
    power: float = 0.8,
    mid_p: bool = False,
    draws: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare two models row by row and say whether the new one may replace the old one.

    Right/wrong rows are read with McNemar's exact test and Tango's score interval (with half
    a row of continuity correction, so that its ends err at most alpha); graded scores with a t
    interval. With groups the test flips the sign of whole groups, and the interval is widened
    by how much rows of a group fail together.

    Args:
        old: Score of the old model per row, 1 or true for right, or any graded score where
            more is better, `[N]`.
        new: Score of the new model on the same rows, `[N]`.
        groups: One label per row, `[N]`; none means independent rows.
        margin: Loss that would be accepted, in the unit of the score; 0.01 is one point.
        alpha: One-sided error rate; 0.05 is common.
        power: Power for `smallest_detectable`; 0.8 is common.
        mid_p: Whether independent right/wrong rows get mid-p and no continuity correction:
            about one part in ten more sensitive, at most about 0.09 instead of 0.05 wrong when
            fewer than ten rows differ.
        draws: Sign patterns drawn when there are too many to count.
        seed: Seed of the draws.

    Returns:
        The comparison.

    Raises:
        UsageError: When rows are missing, not finite, or the lengths differ.
        ConfigError: When a setting is out of range.

    Source: McNemar, Psychometrika 12 (1947); Tango, Statistics in Medicine 17 (1998);
        Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13 (2013) for mid-p.
    """
    before, after = _score_pair(old, new)
    codes = group_codes(groups, before.size)
    asked = _asked(margin, alpha, power, mid_p, draws, seed)
    return _judged(_compared(before, after, codes, asked), power)


def compare_slices(
    old: ArrayLike,
    new: ArrayLike,
    slices: Slices,
    groups: ArrayLike | None = None,
    *,
    margin: float = 0.01,
    alpha: float = 0.05,
    power: float = 0.8,
    draws: int = 10_000,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Compare two models in each slice, so that a loss in one slice cannot hide in the mean.

    Over all slices together a model that is nowhere worse fails at most alpha of the time:
    p-values are Holm-adjusted, intervals take alpha / S on each side.

    Args:
        old: Score of the old model per row, `[N]`.
        new: Score of the new model on the same rows, `[N]`.
        slices: One label per row, `[N]`, or a mask `[N]` for each slice by name.
        groups: One label per row, `[N]`; none means independent rows.
        margin: Loss that would be accepted in a slice, in the unit of the score.
        alpha: One-sided error rate over all slices together.
        power: Power for `smallest_detectable`.
        draws: Sign patterns drawn when there are too many to count.
        seed: Seed of the draws.

    Returns:
        One comparison for each slice, by name.

    Raises:
        UsageError: When rows are missing, not finite, lengths differ or a slice is empty.
        ConfigError: When a setting is out of range.

    Source: Holm (1979), with the tests of `compare`.
    """
    before, after = _score_pair(old, new)
    codes = group_codes(groups, before.size)
    asked = _asked(margin, alpha, power, False, draws, seed)
    masks = slice_masks(slices, before.size)
    alone = {}
    for name, mask in masks.items():
        local = np.unique(codes[mask], return_inverse=True)[1]
        each = asked._replace(alpha_each=alpha / len(masks))
        alone[name] = _compared(before[mask], after[mask], local, each)
    adjusted = holm([one.p_worse for one in alone.values()])
    return {
        name: _judged(replace(one, p_worse=float(p)), power)
        for (name, one), p in zip(alone.items(), adjusted, strict=True)
    }


class _Asked(NamedTuple):
    margin: float
    alpha: float
    alpha_each: float
    power: float
    mid_p: bool
    draws: int
    seed: int


def _compared(before: Vector, after: Vector, codes: Codes, asked: _Asked) -> Comparison:
    """Everything but the verdict, which waits for the p-values of the other slices."""
    change = after - before
    gains, losses = int((change > 0).sum()), int((change < 0).sum())
    found = group_mean(change, codes)
    stands_alone = found.influence.size == change.size
    level = 1 - 2 * asked.alpha_each
    if _is_right_wrong(before) and _is_right_wrong(after):
        correction = 0.0 if asked.mid_p and stands_alone else 0.5
        ends, worth = _right_wrong_ends(change, found, level, correction)
        smallest = smallest_drop(
            worth,
            discordance=(gains + losses) / change.size,
            alpha=asked.alpha_each,
            power=asked.power,
            mid_p=asked.mid_p and stands_alone,
        )
        method = "Tango score" if stands_alone else "Tango score on effective rows"
    else:
        ends = _graded_ends(before, after, found, level)
        smallest = smallest_change(
            found.standard_error, found.degrees, alpha=asked.alpha_each, power=asked.power
        )
        method = "t" if stands_alone else "t on the error between groups"
    if stands_alone and np.isin(change, (-1, 0, 1)).all():
        p_worse, p_different = mcnemar(gains, losses, mid_p=asked.mid_p)
    else:
        p_worse, p_different = sign_flip(change, codes, draws=asked.draws, seed=asked.seed)
    return Comparison(
        verdict=Verdict.CANNOT_TELL,
        reason="",
        old=float(before.mean()),
        new=float(after.mean()),
        difference=Interval(
            estimate=found.mean,
            low=ends[0],
            high=ends[1],
            n=change.size,
            groups=found.influence.size,
            level=level,
            method=method,
        ),
        gains=gains,
        losses=losses,
        p_worse=p_worse,
        p_different=p_different,
        margin=asked.margin,
        alpha=asked.alpha,
        smallest_detectable=smallest,
    )


def _judged(one: Comparison, power: float) -> Comparison:
    """The same comparison with verdict and reason."""
    low, high = one.difference.low, one.difference.high
    if low > -one.margin:
        verdict = Verdict.PASS
        why = f"even the low end, {low:+.4f}, lies above the allowed {-one.margin:+.4f}"
    elif one.p_worse <= one.alpha or high < -one.margin:
        verdict = Verdict.FAIL
        why = (
            f"a loss is proven (p = {one.p_worse:.2g}, high end {high:+.4f}) and may be as large"
            f" as {low:+.4f}, where {-one.margin:+.4f} is allowed"
        )
    else:
        verdict = Verdict.CANNOT_TELL
        why = (
            f"the low end, {low:+.4f}, lies beyond the allowed {-one.margin:+.4f}, and no loss is"
            f" proven (p = {one.p_worse:.2g}); {one.difference.n} rows in"
            f" {one.difference.groups} groups show a drop from {one.smallest_detectable:.4f} with"
            f" {power:.0%} power"
        )
    reason = f"{verdict}: new - old = {one.difference.estimate:+.4f}; {why}."
    return replace(one, verdict=verdict, reason=reason)


def _right_wrong_ends(
    change: Vector, found: GroupMean, level: float, correction: float
) -> tuple[tuple[float, float], int]:
    """Ends of the difference, and how many independent rows the rows are worth."""
    n = change.size
    gains, losses = float((change > 0).sum()), float((change < 0).sum())
    if found.degrees == 0:
        return (-1.0, 1.0), 1
    z = float(ndtri((1 + level) / 2))
    if found.influence.size == n:
        return score_ends(gains, losses, n, z, z, correction), n
    by_rows = float(change.var()) / n
    crowding = max(1.0, found.standard_error**2 / by_rows) if by_rows else 1.0
    ends = score_ends(
        gains / crowding, losses / crowding, n / crowding, *_reaches(found, level), correction
    )
    worth = n / crowding * (z / t_quantile(level, found.degrees)) ** 2
    return ends, max(1, round(worth))


def _graded_ends(
    before: Vector, after: Vector, found: GroupMean, level: float
) -> tuple[float, float]:
    if found.degrees == 0:
        return -math.inf, math.inf
    z2 = float(ndtri((1 + level) / 2)) ** 2
    span = float(max(before.max(), after.max()) - min(before.min(), after.min()))
    # Where no row differs the error is 0, yet the next rows may differ: never reach less far
    # than the score interval does for rows that all agree.
    least = span * z2 / (before.size + z2)
    down, up = (max(reach * found.standard_error, least) for reach in _reaches(found, level))
    return found.mean - down, found.mean + up


def _reaches(found: GroupMean, level: float) -> tuple[float, float]:
    """Standard errors down and up: those of t, and more on the side of the longer tail.

    Where losses sit in few groups, a sample that missed those groups shows both a better mean
    and a smaller error. The widening is Johnson's and Hall's correction for skewness, used only
    where it widens (Hall, JRSS B 54, 1992); it took false PASSes from 8 to 6 % at worst.
    """
    reach = t_quantile(level, found.degrees)
    length = found.standard_error
    lean = float((found.influence**3).sum()) / length**3 if length > 0 else 0.0
    shift = lean / 6 * (1 + 2 * reach**2)
    return reach + max(0.0, -shift), reach + max(0.0, shift)


def _is_right_wrong(scores: Vector) -> bool:
    return bool(((scores == 0) | (scores == 1)).all())


def _score_pair(old: ArrayLike, new: ArrayLike) -> tuple[Vector, Vector]:
    before, after = score_vector(old, "old"), score_vector(new, "new")
    if before.shape != after.shape:
        raise UsageError(
            f"`old` and `new` must score the same rows, and they hold {before.size} and"
            f" {after.size}.",
            "join the two results by row before comparing",
        )
    return before, after


def _asked(margin: float, alpha: float, power: float, mid_p: bool, draws: int, seed: int) -> _Asked:
    require(margin >= 0, "margin", margin, "0 or more, in the unit of the score")
    require(0 < alpha < 0.5, "alpha", alpha, "between 0 and 0.5, such as 0.05")
    check_level(power, "power")
    require(draws >= 100, "draws", draws, "at least 100")
    return _Asked(margin, alpha, alpha, power, mid_p, draws, seed)
