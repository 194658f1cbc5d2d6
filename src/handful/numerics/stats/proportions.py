"""A share of rows, such as an accuracy or an error rate, with its interval.

`exact_share` and `wilson_share` read independent rows; `grouped_share` reads rows that come in
groups; `share_interval` chooses. `coverage_band` tells how far a correct 90 % promise may
land from 90 % by luck alone.
"""
# G groups, P grid of shares, R grid of likeness

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, expit, gammaln, logit, ndtri

from handful.foundation.errors import UsageError, require
from handful.numerics.stats.base import (
    Interval,
    Vector,
    check_level,
    group_codes,
    right_vector,
)
from handful.numerics.stats.means import group_mean, t_quantile

_SHARE_STEPS, _LIKENESS_STEPS = 61, 25
_SHARE_PRIOR = 0.75
_LIKENESS_PRIOR = 0.5
"""Both parameters of the beta priors; see `grouped_share` for how they were chosen."""
_ZOOMS = 12


def share_interval(
    right: ArrayLike, groups: ArrayLike | None = None, *, level: float = 0.95
) -> Interval:
    """The share of right rows: exact for independent rows, beta-binomial for grouped ones.

    Args:
        right: 1 or true where the answer was right, `[N]`.
        groups: One label per row, `[N]`; none means independent rows.
        level: Nominal coverage; 0.90 to 0.99 is common.

    Returns:
        The interval, inside 0 to 1; all of it when there are fewer than two groups.

    Raises:
        UsageError: When a row is neither 0 nor 1 or the lengths differ.
        ConfigError: When `level` is not between 0 and 1.
    """
    rows = right_vector(right)
    codes = group_codes(groups, rows.size)
    sizes = np.bincount(codes)
    if sizes.max() == 1:
        return exact_share(int(rows.sum()), rows.size, level=level)
    return grouped_share(np.bincount(codes, weights=rows), sizes, level=level)


def exact_share(right: int, n: int, *, level: float = 0.95) -> Interval:
    """Exact binomial interval; covers at least `level`, usually more.

    Args:
        right: Rows that were right, 0 to `n`.
        n: Independent rows, at least 1.
        level: Nominal coverage; 0.90 to 0.99 is common.

    Returns:
        The interval, inside 0 to 1.

    Raises:
        ConfigError: When a count or the level is out of range.

    Source: Clopper and Pearson, Biometrika 26 (1934).
    """
    _check_counts(right, n, level)
    low, high = _beta_ends(right, n, level)
    return Interval(
        estimate=right / n,
        low=low,
        high=high,
        n=n,
        groups=n,
        level=level,
        method="exact binomial",
    )


def wilson_share(right: int, n: int, *, level: float = 0.95) -> Interval:
    """Score interval; covers `level` on average over shares, sometimes slightly less.

    Args:
        right: Rows that were right, 0 to `n`.
        n: Independent rows, at least 1.
        level: Nominal coverage; 0.90 to 0.99 is common.

    Returns:
        The interval, inside 0 to 1.

    Raises:
        ConfigError: When a count or the level is out of range.

    Source: Wilson, Journal of the American Statistical Association 22 (1927).
    """
    _check_counts(right, n, level)
    low, high = _score_ends(right / n, n, float(ndtri((1 + level) / 2)))
    return Interval(
        estimate=right / n,
        low=low,
        high=high,
        n=n,
        groups=n,
        level=level,
        method="Wilson score",
    )


def grouped_share(right: ArrayLike, sizes: ArrayLike, *, level: float = 0.95) -> Interval:
    """The share in a population of groups, from the counts of the groups at hand.

    Each group has its own share, drawn from a beta distribution whose mean is wanted and whose
    spread is unknown; both get a prior, Beta(0.75, 0.75) for the mean and the arcsine law for the
    likeness of rows within a group, and the central part of the posterior is returned. The priors
    were chosen by simulation among 35 pairs: nominal 95 % covers 93 to 97 % in every row of
    `benchmarks/intervals.py` but one, 92.9 % where groups follow another law (normal log-odds);
    checked on other draws than they were chosen on. Jeffreys'
    prior with a uniform likeness falls to 85 % with 15 groups whose rows are nearly all alike
    (likeness 0.9), and t intervals of an accuracy of 0.9 to about 75 % with 8 groups.

    The model supposes that a group's size says nothing about its share. Where the share over
    all rows lies outside the result, the sizes do matter and the design-based interval of
    `share_from_error` is returned in its place.

    Args:
        right: Right rows of each group, `[G]`.
        sizes: Rows of each group, `[G]`, each at least 1.
        level: Nominal coverage; 0.90 to 0.99 is common.

    Returns:
        The interval, inside 0 to 1; all of it when there are fewer than two groups.

    Raises:
        UsageError: When the counts do not fit each other.
        ConfigError: When `level` is not between 0 and 1.

    Source: beta-binomial model, Williams, Biometrics 31 (1975).
    """
    check_level(level)
    hits, rows = _check_groups(right, sizes)
    n, groups = int(rows.sum()), rows.size
    share = float(hits.sum()) / n
    if groups < 2:
        return Interval(
            estimate=share,
            low=0.0,
            high=1.0,
            n=n,
            groups=groups,
            level=level,
            method="one group bounds nothing",
        )
    low, high = _posterior_ends(hits, rows, level)
    if not low <= share <= high:
        codes = np.repeat(np.arange(groups), rows)
        place = np.arange(n) - np.repeat(np.cumsum(rows) - rows, rows)
        scores = (place < hits[codes]).astype(np.float64)
        found = group_mean(scores, codes)
        return share_from_error(
            share, found.standard_error, found.degrees, n=n, groups=groups, level=level
        )
    return Interval(
        estimate=share,
        low=low,
        high=high,
        n=n,
        groups=groups,
        level=level,
        method="beta-binomial over groups",
    )


def share_from_error(
    share: float, standard_error: float, degrees: float, *, n: int, groups: int, level: float
) -> Interval:
    """An interval for any figure between 0 and 1 whose standard error is known.

    The error is turned into a number of independent rows that would have it, and that number
    is read with Wilson's interval at Student's t. Unlike figure plus or minus t errors, it
    stays inside 0 to 1 and has width where the figure is 0 or 1.

    Args:
        share: The figure, 0 to 1.
        standard_error: Its standard error, at least 0.
        degrees: Degrees of freedom of that error, above 0.
        n: Rows; the effective number is never larger.
        groups: Groups; the effective number where the error is 0.
        level: Nominal coverage.

    Returns:
        The interval, inside 0 to 1.

    Source: Kott and Carr, Journal of Official Statistics 13 (1997); Dean and Pagano, Journal
        of Survey Statistics and Methodology 3 (2015).
    """
    check_level(level)
    effective = float(groups)
    if standard_error > 0 and 0 < share < 1:
        effective = min(float(n), share * (1 - share) / standard_error**2)
    low, high = _score_ends(share, effective, t_quantile(level, degrees))
    return Interval(
        estimate=share,
        low=low,
        high=high,
        n=n,
        groups=groups,
        level=level,
        method="Wilson score on effective rows",
    )


def coverage_band(calibration_rows: int, target: float, *, level: float = 0.95) -> Interval:
    """Where the coverage of a correct split-conformal predictor lands by luck.

    Its coverage over many new rows is not `target` but a draw from a beta law that depends on
    the calibration rows; a measured coverage outside this band is a finding, one inside is not.

    Args:
        calibration_rows: Rows the threshold was set on; 100 to 1000 is common.
        target: Promised coverage, such as 0.9.
        level: Share of correct predictors that land inside; 0.95 is common.

    Returns:
        The band around the mean coverage.

    Raises:
        ConfigError: When there are too few rows for the target, or a value is out of range.

    Source: Vovk, arXiv 1209.2673; Angelopoulos and Bates, arXiv 2107.07511 section 3.2.
    """
    check_level(level)
    check_level(target, "target")
    # The slack keeps 9.000000000000002 from counting as 10.
    rank = math.ceil((calibration_rows + 1) * target - 1e-9)
    require(
        rank <= calibration_rows,
        "calibration_rows",
        calibration_rows,
        f"at least {math.ceil(target / (1 - target) - 1e-9)} for a target of {target}",
    )
    above = calibration_rows + 1 - rank
    return Interval(
        estimate=rank / (calibration_rows + 1),
        low=float(betaincinv(rank, above, (1 - level) / 2)),
        high=float(betaincinv(rank, above, (1 + level) / 2)),
        n=calibration_rows,
        groups=calibration_rows,
        level=level,
        method="beta law of split conformal coverage",
    )


def _beta_ends(right: float, n: float, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = float(betaincinv(right, n - right + 1, tail)) if right > 0 else 0.0
    high = float(betaincinv(right + 1, n - right, 1 - tail)) if right < n else 1.0
    return low, high


def _score_ends(share: float, n: float, reach: float) -> tuple[float, float]:
    centre = (share + reach**2 / (2 * n)) / (1 + reach**2 / n)
    spread = math.sqrt(share * (1 - share) / n + (reach / (2 * n)) ** 2)
    half = reach / (1 + reach**2 / n) * spread
    # At 0 and at 1 the ends are exactly 0 and 1; rounding must not say otherwise.
    low = 0.0 if share == 0 else max(0.0, centre - half)
    return low, 1.0 if share == 1 else min(1.0, centre + half)


def _posterior_ends(hits: Vector, rows: NDArray[np.int64], level: float) -> tuple[float, float]:
    """Zoom a grid onto the posterior, then read the quantiles of the share."""
    centre = float(logit((hits.sum() + 0.5) / (rows.sum() + 1)))
    share_box, likeness_box = (centre - 12.0, centre + 12.0), (-9.0, 9.0)
    for _ in range(_ZOOMS):
        share_P = np.linspace(*share_box, _SHARE_STEPS)
        likeness_R = np.linspace(*likeness_box, _LIKENESS_STEPS)
        mass_PR = _posterior(hits, rows, share_P, likeness_R)
        by_share_P = mass_PR.sum(axis=1)
        share_next = _narrowed(share_P, by_share_P)
        likeness_next = _narrowed(likeness_R, mass_PR.sum(axis=0))
        kept = (share_next[1] - share_next[0]) / (share_box[1] - share_box[0])
        share_box, likeness_box = share_next, likeness_next
        if kept > 0.6:
            break
    # Straight lines between logarithms are close to the posterior's tails; between masses not.
    fine = np.linspace(share_P[0], share_P[-1], 20 * _SHARE_STEPS)
    mass = np.exp(np.interp(fine, share_P, np.log(by_share_P + 1e-300)))
    below = np.cumsum(mass) - mass / 2
    tails = np.array([(1 - level) / 2, (1 + level) / 2]) * mass.sum()
    low, high = expit(np.interp(tails, below, fine))
    # With no right row, or no wrong one, nothing speaks against the end itself.
    low = 0.0 if hits.sum() == 0 else float(low)
    return low, 1.0 if hits.sum() == rows.sum() else float(high)


def _posterior(
    hits: Vector, rows: NDArray[np.int64], share_P: Vector, likeness_R: Vector
) -> NDArray[np.float64]:
    """Posterior mass on a grid of logit share and logit likeness, up to a factor."""
    strength_R = np.exp(-likeness_R)  # likeness = 1 / (1 + strength)
    a_PR = expit(share_P)[:, None] * strength_R
    b_PR = expit(-share_P)[:, None] * strength_R
    log_PR = _rising(hits, a_PR) + _rising(rows - hits, b_PR)
    log_PR = log_PR - _rising(rows, strength_R)
    # The two priors, each times the logit's slope.
    log_PR = log_PR + _SHARE_PRIOR * np.log(expit(share_P) * expit(-share_P))[:, None]
    log_PR = log_PR + _LIKENESS_PRIOR * np.log(expit(likeness_R) * expit(-likeness_R))
    return np.exp(log_PR - log_PR.max())


def _rising(counts: NDArray[np.float64] | NDArray[np.int64], start: Vector) -> Vector:
    """Sum over groups of log(start (start + 1) ... (start + count - 1))."""
    values, times = np.unique(counts[counts > 0], return_counts=True)
    total = gammaln(start[..., None] + values) - gammaln(start)[..., None]
    return np.asarray(total @ times.astype(np.float64))


def _narrowed(grid: Vector, mass: Vector) -> tuple[float, float]:
    """The stretch of a grid with mass above 1e-5 of the peak, and a step around."""
    inside = np.flatnonzero(mass > mass.max() * 1e-5)
    step = grid[1] - grid[0]
    return float(grid[inside[0]] - step), float(grid[inside[-1]] + step)


def _check_counts(right: int, n: int, level: float) -> None:
    check_level(level)
    require(n >= 1, "n", n, "at least 1 row")
    require(0 <= right <= n, "right", right, f"from 0 to n = {n}")


def _check_groups(right: ArrayLike, sizes: ArrayLike) -> tuple[Vector, NDArray[np.int64]]:
    hits, rows = np.asarray(right, dtype=np.float64), np.asarray(sizes).astype(np.int64)
    fits = hits.ndim == 1 and hits.shape == rows.shape and hits.size > 0
    if not fits or (rows < 1).any() or (hits < 0).any() or (hits > rows).any():
        raise UsageError(
            "`right` and `sizes` must hold, for each group, a count from 0 to its number of rows"
            f" and that number (at least 1); they hold {hits.tolist()[:8]} and"
            f" {rows.tolist()[:8]}.",
            "leave empty groups out",
        )
    return hits, rows
