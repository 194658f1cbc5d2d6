"""What answers got wrong, carried over to what is like them, as far as held-out groups bear it out.

Use when: a model has answered, some of its answers were put right, and learning anew takes too
long. Ridge on a kernel learns the difference between truth and answer; its penalty, and which of
several kernels, are the ones under which the differences of a whole group are best told from those
of the other groups. Where that is not clearly better than "no difference", over the groups, nothing
is carried over: the best of many penalties looks better than none on noise too.

Source: kernel ridge regression, Saunders et al., ICML 1998; leaving out by blocks without fitting
again, An, Liu & Venkatesh, Pattern Recognition 2007, eq. 16.
"""
# L answers known, N items, K classes

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError

PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Of a kernel whose diagonal is 1."""

_CLEARLY = 1.5
"""Standard errors over groups that the gain must be above zero. Of 200 draws of noise on 60 answers
0 carried 40 % over, 1 14 % and 1.5 6 %, each a few hundredths of what is to be explained."""

Floats = NDArray[np.float64]


class Carried(NamedTuple):
    """What was learned of the differences.

    Attributes:
        kernel: Name of the kernel that tells most; empty when none tells anything.
        penalty: Its penalty.
        weights: `[L, K]`; the difference of an item is its kernel row times these. Zeros when
            nothing is carried over.
        gain: Share of the squared differences of held-out groups that it explains; 0 to 1.
    """

    kernel: str
    penalty: float
    weights: Floats
    gain: float


def carry(kernels: Mapping[str, Floats], differences: Floats, groups: NDArray[Any]) -> Carried:
    """Learn what the differences of some answers tell of others.

    Args:
        kernels: Name to `[L, L]`, positive semi-definite, 1 on the diagonal.
        differences: `[L, K]` truth (1 for the right class) less what was said while held out.
        groups: `[L]` answers of one group are left out together.

    Returns:
        The kernel and penalty that tell held-out groups best.

    Raises:
        InputError: When shapes disagree or no kernel is given.
    """
    count = len(differences)
    if not kernels or any(kernel.shape != (count, count) for kernel in kernels.values()):
        shapes = {name: kernel.shape for name, kernel in kernels.items()}
        raise InputError(
            f"{count} differences were given with kernels {shapes}; at least one of [L, L] is "
            "needed.",
            "compare every answer with every other",
        )
    if len(groups) != count:
        raise InputError(
            f"{len(groups)} groups were given for {count} answers.", "give one group per answer"
        )
    best = Carried("", np.inf, np.zeros_like(differences, dtype=np.float64), 0.0)
    total = float((differences**2).sum())
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    if count == 0 or codes.max() == 0 or total == 0:
        return best
    members = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    own = np.array([(differences[rows] ** 2).sum() for rows in members])
    for name, kernel in kernels.items():
        values, vectors = np.linalg.eigh(kernel)
        rotated = vectors.T @ differences
        for penalty in PENALTIES:
            inverse = (vectors / (np.maximum(values, 0) + penalty)) @ vectors.T
            weights = (vectors / (np.maximum(values, 0) + penalty)) @ rotated
            better = own - _left_out(inverse, weights, members)
            gain = float(better.sum()) / total
            error = float(better.std()) * np.sqrt(len(better)) / total
            if gain > max(best.gain, _CLEARLY * error):
                best = Carried(name, penalty, weights, gain)
    return best


def _left_out(inverse: Floats, weights: Floats, members: list[NDArray[np.intp]]) -> Floats:
    """`[G]` squared differences that remain of each group when it is told from the others."""
    remaining = np.empty(len(members))
    for place, rows in enumerate(members):
        if len(rows) == 1:
            rest = weights[rows[0]] / inverse[rows[0], rows[0]]
        else:
            rest = np.linalg.solve(inverse[np.ix_(rows, rows)], weights[rows])
        remaining[place] = (rest**2).sum()
    return remaining
