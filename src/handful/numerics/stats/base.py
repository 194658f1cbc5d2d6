"""What every statistic here returns, and how rows find their groups.

Rows that share a speaker, author, session or near-duplicate cluster are not independent
witnesses. Functions of this room therefore take `groups`, one label per row, and treat a
whole group as the unit that was drawn; without groups every row is its own group.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handful.foundation.errors import UsageError, require

Vector = NDArray[np.float64]
Codes = NDArray[np.intp]


class Verdict(StrEnum):
    """The three answers a gate may give."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    CANNOT_TELL = "CANNOT TELL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate with the range that holds the truth in `level` of all repetitions.

    A one-sided bound of level c is an end of the two-sided interval of level 2 c - 1: for
    "at most, 95 % sure" ask for level 0.90 and read `high`.
    """

    estimate: float
    """The figure itself, on all rows."""
    low: float
    """Lower end; minus infinity where the rows cannot bound it."""
    high: float
    """Upper end; infinity where the rows cannot bound it."""
    n: int
    """Rows that were used."""
    groups: int
    """Groups those rows came from; equal to `n` for independent rows."""
    level: float
    """Nominal coverage, such as 0.95."""
    method: str
    """How the ends were found, in words for a report."""


def check_level(level: float, name: str = "level") -> None:
    """Refuse a confidence level outside (0, 1).

    Args:
        level: Nominal coverage; 0.90 to 0.99 is common.
        name: The argument, as the caller wrote it.

    Raises:
        ConfigError: When it is not strictly between 0 and 1.
    """
    require(0 < level < 1, name, level, "between 0 and 1, such as 0.95")


def score_vector(values: ArrayLike, name: str = "values") -> Vector:
    """Numbers of one column as `[N] float64`, all finite.

    Args:
        values: One number or true/false per row, `[N]`.
        name: What to call them in a message.

    Returns:
        `[N] float64`.

    Raises:
        UsageError: When empty, not one column, not numbers, or not finite.
    """
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"`{name}` must hold one number per row, and it holds something else: {error}.",
            "pass a list or array of numbers or of true/false",
        ) from error
    if vector.ndim != 1 or vector.size == 0:
        raise UsageError(
            f"`{name}` must be one column with at least one row, and its shape is {vector.shape}.",
            "pass one number per row",
        )
    wrong = np.flatnonzero(~np.isfinite(vector))
    if wrong.size:
        raise UsageError(
            f"`{name}` must be finite, and row {wrong[0]} holds {vector[wrong[0]]}"
            f" ({wrong.size} of {vector.size} rows are not finite).",
            "leave rows without a score out, and say how many were left out",
        )
    return vector


def right_vector(values: ArrayLike, name: str = "right") -> Vector:
    """True/false per row as `[N] float64` of zeros and ones.

    Args:
        values: 1 or true where the answer was right, `[N]`.
        name: What to call them in a message.

    Returns:
        `[N] float64`, only 0.0 and 1.0.

    Raises:
        UsageError: When a row is neither 0 nor 1, or as in `score_vector`.
    """
    vector = score_vector(values, name)
    wrong = np.flatnonzero((vector != 0) & (vector != 1))
    if wrong.size:
        raise UsageError(
            f"`{name}` must hold 0 or 1 in each row, and row {wrong[0]} holds {vector[wrong[0]]}.",
            "for graded scores use `mean_interval`",
        )
    return vector


def group_codes(groups: ArrayLike | None, n: int) -> Codes:
    """Number the groups 0 to G - 1 and give each row its number.

    Args:
        groups: One label per row (text or integers), `[N]`; none means independent rows.
        n: Rows there must be.

    Returns:
        `[N] intp`; each number from 0 to G - 1 occurs.

    Raises:
        UsageError: When the length differs from `n` or a row has no group.
    """
    if groups is None:
        return np.arange(n)
    labels = np.asarray(groups)
    if labels.shape != (n,):
        raise UsageError(
            f"`groups` must hold one label for each of {n} rows, and its shape is {labels.shape}.",
            "pass one label per row, in the order of the rows",
        )
    if labels.dtype == object:
        missing = np.flatnonzero([label is None or label != label for label in labels])
    else:
        missing = np.flatnonzero(labels != labels)  # only NaN differs from itself
    if missing.size:
        raise UsageError(
            f"Row {missing[0]} has no group ({missing.size} of {n} rows have none).",
            "give a row that stands alone a label of its own",
        )
    if labels.dtype == object:
        labels = labels.astype(str)
    return np.unique(labels, return_inverse=True)[1].astype(np.intp, copy=False)
