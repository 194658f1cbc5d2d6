"""Percentiles of times and sizes: p50, p90, p99, and the ratio of two of them.

A percentile is read off as an order statistic, never interpolated, so that "90 % of calls
took at most this long" is true of the calls that were measured. How many calls a percentile
needs before it may be reported at all is `trials_needed` in `promises.py`.
"""
# N calls, B draws, W blocks

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

from handful.foundation.errors import UsageError, require
from handful.numerics.stats.base import (
    Codes,
    Interval,
    Vector,
    check_level,
    group_codes,
    score_vector,
)
from handful.numerics.stats.resampling import draw_groups, widened_tail

_CELLS = 2_000_000  # draws times calls that are held at once


def percentile(values: ArrayLike, share: float) -> float:
    """The smallest measured value that at least `share` of all values do not exceed.

    Args:
        values: Measurements, any unit, `[N]`.
        share: 0.5 for the median, 0.9 for p90, in (0, 1).

    Returns:
        One of the measured values.

    Raises:
        UsageError: When there is no value or one is not finite.
        ConfigError: When `share` is not between 0 and 1.
    """
    check_level(share, "share")
    ordered = np.sort(score_vector(values))
    # The slack keeps 0.9 * 10 = 9.000000000000002 from counting as 10.
    return float(ordered[max(0, math.ceil(share * ordered.size - 1e-9) - 1)])


def percentile_interval(values: ArrayLike, share: float, *, level: float = 0.95) -> Interval:
    """A percentile with an interval between two order statistics, whatever the distribution.

    Exact for independent calls: it covers at least `level`, usually more.

    Args:
        values: Measurements, any unit, `[N]`.
        share: 0.5 for the median, 0.9 for p90, 0.99 for p99.
        level: Nominal coverage; 0.90 to 0.99 is common.

    Returns:
        The interval. With too few calls no measured value bounds the percentile and the end is
        infinite: p99 needs 368 calls for a two-sided 95 % interval.

    Raises:
        UsageError: When there is no value or one is not finite.
        ConfigError: When `share` or `level` is not between 0 and 1.

    Source: David and Nagaraja, Order Statistics, section 7.1.
    """
    check_level(level)
    ordered = np.sort(score_vector(values))
    n, tail = ordered.size, (1 - level) / 2
    # The number of calls below the true percentile is binomial.
    below = np.asarray(bdtr(np.arange(n), n, share))
    under = int((below <= tail).sum())
    over = int(np.searchsorted(below, 1 - tail))
    return Interval(
        estimate=percentile(ordered, share),
        low=float(ordered[under - 1]) if under > 0 else -math.inf,
        high=float(ordered[over]) if over < n else math.inf,
        n=n,
        groups=n,
        level=level,
        method="order statistics",
    )


def percentile_ratio(
    old: ArrayLike,
    new: ArrayLike,
    share: float,
    *,
    old_blocks: ArrayLike | None = None,
    new_blocks: ArrayLike | None = None,
    level: float = 0.90,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """How many times longer the new model's percentile is than the old one's.

    Measure in turns, old-new-old-new, and number the turns: block 3 of the old and block 3 of
    the new share the machine's mood and are drawn together. Blocks of one side only are refused.

    Args:
        old: Times of the old model, above 0, any unit, `[N]`.
        new: Times of the new model in the same unit, `[M]`.
        share: 0.5 for the median, 0.9 for p90.
        old_blocks: Turn of each old time, `[N]`; 20 turns or more are advised, 8 the least
            that is useful. None draws single calls, as if they were independent.
        new_blocks: Turn of each new time, `[M]`, with the same labels.
        level: Nominal coverage; 0.90 makes each end wrong in 5 %.
        draws: Bootstrap draws.
        seed: Seed of the draws.

    Returns:
        The ratio new / old; 1.10 means a tenth slower. Unbounded with fewer than two blocks.

    Raises:
        UsageError: When a time is not positive or the blocks do not pair.
        ConfigError: When a setting is out of range.

    Source: block bootstrap, Kunsch, Annals of Statistics 17 (1989); widened for few blocks as
        in Hesterberg (2015).
    """
    check_level(share, "share")
    check_level(level)
    require(draws >= 100, "draws", draws, "at least 100")
    before, after = _times(old, "old"), _times(new, "new")
    ratio = percentile(after, share) / percentile(before, share)
    rng = np.random.default_rng(seed)
    if old_blocks is None and new_blocks is None:
        one = _Drawn(before, np.arange(before.size), share)
        two = _Drawn(after, np.arange(after.size), share)
        blocks = min(before.size, after.size)
        drawn = two.percentiles(after.size, draws, rng) / one.percentiles(before.size, draws, rng)
    else:
        old_codes, new_codes = _paired_blocks(old_blocks, new_blocks, before.size, after.size)
        blocks = int(old_codes.max()) + 1
        drawn = _paired_draws(
            _Drawn(before, old_codes, share), _Drawn(after, new_codes, share), blocks, draws, rng
        )
    if blocks < 2:
        low, high = 0.0, math.inf
    else:
        tail = widened_tail(level, np.ones(blocks))
        low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(
        estimate=ratio,
        low=float(low),
        high=float(high),
        n=before.size + after.size,
        groups=blocks,
        level=level,
        method="block bootstrap of the ratio" if old_blocks is not None else "bootstrap",
    )


class _Drawn(NamedTuple):
    """Times whose blocks can be drawn again."""

    times: Vector
    codes: Codes
    share: float

    def percentiles(self, blocks: int, draws: int, rng: np.random.Generator) -> Vector:
        """The percentile in each draw, blocks drawn here, `[B]`."""
        found = [self.of_counts(counts) for counts in draw_groups(blocks, draws, rng)]
        return np.concatenate(found)

    def of_counts(self, counts: NDArray[np.float64]) -> Vector:
        """The percentile when each block occurs so often, `[B, W]` to `[B]`."""
        order = np.argsort(self.times, kind="stable")
        ordered, codes = self.times[order], self.codes[order]
        found = np.empty(len(counts))
        step = max(1, _CELLS // ordered.size)
        for start in range(0, len(counts), step):
            reached = np.cumsum(counts[start : start + step, codes].astype(np.int32), axis=1)
            wanted = np.ceil(self.share * reached[:, -1] - 1e-9)
            place = (reached < wanted[:, None]).sum(axis=1)
            found[start : start + step] = ordered[place]
        return found


def _paired_draws(
    old: _Drawn, new: _Drawn, blocks: int, draws: int, rng: np.random.Generator
) -> Vector:
    """Ratios with the same blocks drawn on both sides, `[B]`."""
    ratios = [
        new.of_counts(counts) / old.of_counts(counts) for counts in draw_groups(blocks, draws, rng)
    ]
    return np.concatenate(ratios)


def _paired_blocks(
    old_blocks: ArrayLike | None, new_blocks: ArrayLike | None, old_n: int, new_n: int
) -> tuple[Codes, Codes]:
    """Number the blocks alike on both sides."""
    if old_blocks is None or new_blocks is None:
        raise UsageError(
            "`old_blocks` and `new_blocks` must both be given, and one of them is missing.",
            "number the turns of both models, or leave both out",
        )
    group_codes(old_blocks, old_n)
    group_codes(new_blocks, new_n)
    old_names, old_codes = np.unique(np.asarray(old_blocks), return_inverse=True)
    new_names, new_codes = np.unique(np.asarray(new_blocks), return_inverse=True)
    if not np.array_equal(old_names, new_names):
        raise UsageError(
            f"Each block must hold calls of both models; the old has {old_names.tolist()[:8]}"
            f" and the new {new_names.tolist()[:8]}.",
            "measure in turns and give turn k of both models the label k",
        )
    return old_codes, new_codes


def _times(values: ArrayLike, name: str) -> Vector:
    times = score_vector(values, name)
    if (times <= 0).any():
        raise UsageError(
            f"`{name}` must hold times above 0, and the smallest is {times.min()}.",
            "use a monotonic clock with enough resolution",
        )
    return times
