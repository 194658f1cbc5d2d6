"""Who deserves the answer: exact Shapley shares of up to three modalities.

Use when: "I heard it, I did not see it" must be more than a phrase. The value of a subset is what
the model says from these modalities alone, best as log-odds of the chosen class; the shares of the
modalities add up to the difference between all of them and none.
Source: Shapley, A value for n-person games, 1953.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError

MOST = 3
"""More modalities than this would need too many evaluations per answer."""


def shares(value: Callable[[frozenset[str]], float], modalities: Sequence[str]) -> dict[str, float]:
    """Each present modality's share of the answer.

    Args:
        value: From a subset of the modalities (the empty one included: the prior) to what the
            model says from it. Called once per subset, 8 times for three modalities.
        modalities: The present ones, one to three, in the order of the result.

    Returns:
        Modality to its share; they sum to `value(all) - value(none)`.

    Raises:
        UsageError: For no or more than three modalities, or one named twice.
        InputError: When a value is not finite.
    """
    count = len(modalities)
    if not 1 <= count <= MOST or len(set(modalities)) != count:
        raise UsageError(
            f"{list(modalities)} were given; one to {MOST} different modalities can share.",
            "join some of them first",
        )
    values = {}
    for size in range(count + 1):
        for chosen in combinations(modalities, size):
            values[frozenset(chosen)] = float(value(frozenset(chosen)))
    for subset, found in values.items():
        if not np.isfinite(found):
            raise InputError(
                f"The value of {sorted(subset)} is {found}; finite numbers are needed.",
                "use log-odds of probabilities kept away from 0 and 1",
            )
    result = {}
    for name in modalities:
        total = 0.0
        for subset in values:
            if name not in subset:
                weight = factorial(len(subset)) * factorial(count - len(subset) - 1)
                total += weight * (values[subset | {name}] - values[subset])
        result[name] = total / factorial(count)
    return result


def log_odds(probability: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """Log-odds of a probability, kept within 1e-6 of 0 and 1 so that shares stay finite."""
    inside = np.clip(np.asarray(probability, dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.log(inside) - np.log1p(-inside)
