"""The two fusion rules that win: sum the kernels, or multiply calibrated probabilities.

Use when: the kernel sum where the label depends on *which thing* is described and rows are few
(3 to 6 points better on unseen families); the product where modalities are independent given the
class (0.7 points better on audio-visual digits). Offer both and choose by inner *group*
cross-validation; the default is the sum. Both are unweighted on purpose: weights tuned on a
split that is easier than use lost 3 points, and stacking collapses with few rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, did_you_mean
from handful.numerics.linear.kernels import Parts, share_norm

_SMALLEST = 1e-12


def sum_kernels(parts: Parts, only: Collection[str] | None = None) -> NDArray[np.float32]:
    """The sum of the modalities' kernels, each of unit mean norm, over what the items share.

    A modality that either item lacks adds nothing, and what an item has is scaled back to unit
    norm; see `kernels.py` for why that is exact and what it gained.

    Args:
        parts: From `KernelSum.train` or `KernelSum.cross`.
        only: The modalities to use; all when None. One name gives the single-modality kernel.

    Returns:
        `[M, N]` float32.

    Raises:
        UsageError: When nothing is left to add, or `only` names an unknown modality.
    """
    names = list(parts.columns) if only is None else list(only)
    for name in names:
        if name not in parts.columns:
            raise UsageError(f"There is no kernel of `{name}`.", did_you_mean(name, parts.columns))
    given = [name for name in names if name in parts.kernels]
    if not given:
        raise UsageError(
            f"No item has any of {', '.join(names) or 'no modality at all'}.",
            f"known: {', '.join(parts.kernels)}",
        )
    total = parts.kernels[given[0]].copy()
    for name in given[1:]:
        total += parts.kernels[name]
    # The columns count every modality they were trained with, so that an item scored from two
    # of three meets the same training items as one scored from all three.
    rows = np.sum([parts.rows[name] for name in given], axis=0)
    columns = np.sum([parts.columns[name] for name in names], axis=0)
    return share_norm(total, rows, columns)


def multiply_probabilities(
    probabilities: Mapping[str, NDArray[np.floating]],
    present: Mapping[str, NDArray[np.bool_]],
    prior: NDArray[np.floating],
) -> NDArray[np.float64]:
    """The calibrated product: what the present modalities say together.

    With modalities independent given the class, the posterior is the product of the single
    posteriors divided by the prior once for each modality beyond the first; an absent modality
    is a missing factor, and an item with none keeps the prior.

    Args:
        probabilities: Modality to `[N, C]`; rows of absent items are never read.
        present: Modality to `[N]` true where the item has it.
        prior: `[C]` how common each class is, all above 0.

    Returns:
        `[N, C]` float64, rows sum to one.

    Raises:
        InputError: When shapes disagree or the prior is not a distribution.

    Source: the product rule of Kittler et al., On combining classifiers, TPAMI 1998, eq. 7.
    """
    prior = np.asarray(prior, dtype=np.float64)
    if prior.ndim != 1 or not (prior > 0).all() or abs(prior.sum() - 1) > 1e-6:
        raise InputError(
            f"The prior {prior.tolist()} is not a distribution with every class above 0.",
            "count the labels per class, add one to each, and divide by the sum",
        )
    if not probabilities:
        raise UsageError("No modality was given to multiply.", "name at least one")
    rows = len(next(iter(probabilities.values())))
    total = np.tile(np.log(prior), (rows, 1))
    for name, values in probabilities.items():
        if values.shape != total.shape or present[name].shape != (rows,):
            raise InputError(
                f"Probabilities of {name} have shape {values.shape} and presence "
                f"{present[name].shape}; {total.shape} and ({rows},) are needed.",
                "give one row per item and one column per class, in every modality",
            )
        seen = present[name]
        total[seen] += np.log(np.maximum(values[seen], _SMALLEST)) - np.log(prior)
    total -= total.max(axis=1, keepdims=True)
    total = np.exp(total)
    return total / total.sum(axis=1, keepdims=True)
