"""Many slices at once: intervals that hold together, and p-values that may be read together.

Twelve intervals of 95 % each all hold in only 54 % of cases. Here the level of each is
raised just far enough for all to hold together: by Sidak's rule where slices share no group,
by less where they share rows or groups, as far as the data show.
"""
# N rows, S slices, G groups, B draws

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from handful.foundation.errors import UsageError, require
from handful.numerics.stats.base import (
    Codes,
    Interval,
    Vector,
    check_level,
    group_codes,
    right_vector,
    score_vector,
)
from handful.numerics.stats.means import GroupMean, group_mean, mean_interval, t_quantile
from handful.numerics.stats.proportions import exact_share, share_from_error, share_interval

Slices = ArrayLike | Mapping[str, ArrayLike]


def slice_shares(
    right: ArrayLike,
    slices: Slices,
    groups: ArrayLike | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """The share of right rows in each slice, with intervals that hold together.

    Args:
        right: 1 or true where the answer was right, `[N]`.
        slices: One label per row, `[N]`, or a mask `[N]` for each slice by name.
        groups: One label per row, `[N]`; a group may lie in several slices.
        level: How often all intervals hold; 0.90 to 0.99 is common.
        seed: Seed of the draws.

    Returns:
        One interval for each slice, by name; its `level` is that of the slice alone.

    Raises:
        UsageError: When a slice is empty or lengths differ.
        ConfigError: When `level` is not between 0 and 1.

    Source: Chernozhukov, Chetverikov and Kato, arXiv 1212.6906 (multiplier draws).
    """
    rows = right_vector(right)
    masks = slice_masks(slices, rows.size)
    codes = group_codes(groups, rows.size)
    each = joint_level(rows, masks, codes, level=level, seed=seed)
    labels = None if groups is None else codes
    return {
        name: share_interval(rows[mask], None if labels is None else labels[mask], level=each)
        for name, mask in masks.items()
    }


def slice_means(
    values: ArrayLike,
    slices: Slices,
    groups: ArrayLike | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """The mean score in each slice, with intervals that hold together.

    Args:
        values: One score per row, any unit, `[N]`.
        slices: One label per row, `[N]`, or a mask `[N]` for each slice by name.
        groups: One label per row, `[N]`; a group may lie in several slices.
        level: How often all intervals hold; 0.90 to 0.99 is common.
        seed: Seed of the draws.

    Returns:
        One interval for each slice, by name; its `level` is that of the slice alone.

    Raises:
        UsageError: When a slice is empty or lengths differ.
        ConfigError: When `level` is not between 0 and 1.

    Source: as `slice_shares`.
    """
    scores = score_vector(values)
    masks = slice_masks(slices, scores.size)
    codes = group_codes(groups, scores.size)
    each = joint_level(scores, masks, codes, level=level, seed=seed)
    labels = None if groups is None else codes
    return {
        name: mean_interval(scores[mask], None if labels is None else labels[mask], level=each)
        for name, mask in masks.items()
    }


def exact_shares(right: ArrayLike, totals: ArrayLike, *, level: float = 0.95) -> list[Interval]:
    """Exact binomial intervals for independent slices that hold together (Sidak).

    Args:
        right: Right rows of each slice, `[S]`.
        totals: Rows of each slice, `[S]`, each at least 1; no row lies in two slices.
        level: How often all intervals hold; 0.90 to 0.99 is common.

    Returns:
        One interval for each slice, in order.

    Raises:
        ConfigError: When a count or the level is out of range.

    Source: Sidak, JASA 62 (1967).
    """
    check_level(level)
    pairs = list(zip(np.asarray(right).tolist(), np.asarray(totals).tolist(), strict=True))
    each = level ** (1 / max(1, len(pairs)))
    return [exact_share(int(hits), int(n), level=each) for hits, n in pairs]


def largest_gap(
    values: ArrayLike,
    slices: Slices,
    groups: ArrayLike | None = None,
    *,
    level: float = 0.95,
    least_rows: int = 30,
    seed: int = 0,
) -> Interval:
    """How far the best slice lies above the worst, corrected for having looked for them.

    The interval holds for the largest difference between any two slices: its low end is a
    difference that is there even though the extremes were picked after the fact.

    Args:
        values: One score per row, such as right/wrong, `[N]`.
        slices: One label per row, `[N]`, or a mask `[N]` for each slice by name.
        groups: One label per row, `[N]`; a group may lie in several slices.
        level: Nominal coverage; 0.90 to 0.99 is common.
        least_rows: Slices with fewer rows are left out; they could not be told apart.
        seed: Seed of the draws.

    Returns:
        The gap between largest and smallest mean; unbounded above when fewer than two slices
        have enough rows and two groups.

    Raises:
        UsageError: When a slice is empty or lengths differ.
        ConfigError: When `level` is not between 0 and 1.

    Source: Newcombe, Statistics in Medicine 17 (1998), and Zou and Donner, Statistics in
        Medicine 27 (2008), for one difference; all of them together as in `slice_shares`.
    """
    check_level(level)
    scores = score_vector(values)
    masks = slice_masks(slices, scores.size)
    codes = group_codes(groups, scores.size)
    found = [(_spread(scores, mask, codes), int(mask.sum())) for mask in masks.values()]
    enough = [(one, n) for one, n in found if n >= least_rows and one.degrees > 0]
    kept, rows = [one for one, _ in enough], [n for _, n in enough]
    if len(kept) < 2:
        low, high, gap = 0.0, math.inf, math.nan
    else:
        gap = max(one.mean for one in kept) - min(one.mean for one in kept)
        are_shares = bool(((scores == 0) | (scores == 1)).all())
        low, high = _gap_ends(kept, rows, level, seed, are_shares=are_shares)
    return Interval(
        estimate=gap,
        low=max(0.0, low),
        high=high,
        n=scores.size,
        groups=int(codes.max()) + 1,
        level=level,
        method=f"largest of all differences between {len(kept)} slices",
    )


def joint_level(
    scores: Vector, masks: Mapping[str, NDArray[np.bool_]], codes: Codes, *, level: float, seed: int
) -> float:
    """The level each slice needs for all slices to hold together.

    Args:
        scores: `[N]`.
        masks: The rows of each slice, `[N]` by name.
        codes: Group number of each row, `[N]`.
        level: How often all shall hold.
        seed: Seed of the draws.

    Returns:
        Between `level` and Sidak's `level ** (1 / S)`.
    """
    check_level(level)
    influence_SG = np.stack([_spread(scores, mask, codes).influence for mask in masks.values()])
    return _level_for(influence_SG, level, seed)


def holm(p_values: ArrayLike) -> Vector:
    """Adjust p-values so that all of them may be read at one level.

    Args:
        p_values: One p-value for each hypothesis, `[S]`.

    Returns:
        `[S]`, each at least the p-value it came from; rejecting those at or below alpha makes
        any false rejection at most alpha likely, whatever the dependence.

    Raises:
        UsageError: When a value is not between 0 and 1.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    p = score_vector(p_values, "p_values")
    if (p < 0).any() or (p > 1).any():
        raise UsageError(f"`p_values` must lie between 0 and 1, and they are {p.tolist()[:8]}.")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def slice_masks(slices: Slices, n: int) -> dict[str, NDArray[np.bool_]]:
    """The rows of each slice.

    Args:
        slices: One label per row, `[N]`, or a mask `[N]` for each slice by name.
        n: Rows there must be.

    Returns:
        A mask `[N]` for each slice, by name; sorted by label, or in the order given.

    Raises:
        UsageError: When a length differs from `n` or a slice has no row.
    """
    if isinstance(slices, Mapping):
        masks = {str(name): np.asarray(mask, dtype=bool) for name, mask in slices.items()}
    else:
        labels = np.asarray(slices)
        masks = {str(label): np.asarray(labels == label) for label in np.unique(labels)}
    require(len(masks) > 0, "slices", slices, "at least one slice")
    for name, mask in masks.items():
        if mask.shape != (n,) or not mask.any():
            raise UsageError(
                f'Slice "{name}" must mark at least one of {n} rows; its shape is {mask.shape}'
                f" and it marks {int(mask.sum())}.",
                "leave empty slices out",
            )
    return masks


def _spread(scores: Vector, mask: NDArray[np.bool_], codes: Codes) -> GroupMean:
    """The mean of a slice, its influence spread out over all groups."""
    present, local = np.unique(codes[mask], return_inverse=True)
    found = group_mean(scores[mask], local)
    influence = np.zeros(int(codes.max()) + 1)
    influence[present] = found.influence
    return found._replace(influence=influence)


def _gap_ends(
    kept: list[GroupMean], rows: list[int], level: float, seed: int, *, are_shares: bool
) -> tuple[float, float]:
    """The largest lower and upper end over all differences of two slices."""
    first, second = np.triu_indices(len(kept), k=1)
    influence_SG = np.stack([one.influence for one in kept])
    each = _level_for(influence_SG[first] - influence_SG[second], level, seed)
    ends_S2 = np.array(
        [_slice_ends(one, n, each, is_share=are_shares) for one, n in zip(kept, rows, strict=True)]
    )
    mean_S = np.array([one.mean for one in kept])
    down_S, up_S = mean_S - ends_S2[:, 0], ends_S2[:, 1] - mean_S
    length_S = np.maximum(np.linalg.norm(influence_SG, axis=1), 1e-300)
    unit_SG = influence_SG / length_S[:, None]
    # Ends of a difference from the ends of its parts (MOVER: Zou and Donner, 2008).
    ends = []
    for i, j in zip(first, second, strict=True):
        top, low = (i, j) if mean_S[i] >= mean_S[j] else (j, i)
        alike = float(unit_SG[top] @ unit_SG[low])
        apart = mean_S[top] - mean_S[low]
        ends.append(
            (
                apart - _together(down_S[top], up_S[low], alike),
                apart + _together(up_S[top], down_S[low], alike),
            )
        )
    low, high = np.array(ends).max(axis=0)
    return float(low), float(high)


def _slice_ends(found: GroupMean, n: int, level: float, *, is_share: bool) -> tuple[float, float]:
    if is_share:
        groups = int(np.count_nonzero(found.influence)) or 1
        one = share_from_error(
            found.mean, found.standard_error, found.degrees, n=n, groups=groups, level=level
        )
        return one.low, one.high
    reach = t_quantile(level, found.degrees) * found.standard_error
    return found.mean - reach, found.mean + reach


def _together(a: float, b: float, alike: float) -> float:
    """Reach of a difference whose parts reach `a` and `b` and err alike to this degree."""
    return math.sqrt(max(0.0, a * a + b * b - 2 * alike * a * b))


def _level_for(influence_SG: NDArray[np.float64], level: float, seed: int) -> float:
    """Level per row so that all rows hold together, from how their errors move together."""
    length_S = np.linalg.norm(influence_SG, axis=1)
    unit_SG = influence_SG[length_S > 0] / length_S[length_S > 0, None]
    count = len(influence_SG)
    alike_SS = unit_SG @ unit_SG.T
    off_SS = alike_SS - np.diag(np.diag(alike_SS))
    if len(unit_SG) < count or not off_SS.any():
        return level ** (1 / count)
    # Chance correlations of few groups would make the slices look fewer than they are.
    # Drawing them towards independence is the safe side (Sidak's inequality).
    groups = influence_SG.shape[1]
    noise = float(((1 - off_SS**2) ** 2 * (off_SS != 0)).sum()) / max(1, groups - 1)
    shrink = min(1.0, noise / float((off_SS**2).sum()))
    mixed_SS = (1 - shrink) * off_SS + np.eye(count)
    worth_S, axes_SS = np.linalg.eigh(mixed_SS)
    root_SS = axes_SS * np.sqrt(np.clip(worth_S, 0, None))
    rng = np.random.default_rng(seed)
    furthest_B = np.abs(rng.standard_normal((20_000, count)) @ root_SS.T).max(axis=1)
    reach = float(np.quantile(furthest_B, level))
    each = float(ndtr(reach) - ndtr(-reach))
    return min(max(each, level), level ** (1 / count))
