"""What a ridge classifier says of each item while its whole group is held out, as probabilities.

In closed form, so that asking again with other labels costs a fraction of a second.
"""
# N items, C classes

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import UsageError
from handful.numerics.linear.logistic import softmax
from handful.numerics.linear.ridge import Spectrum, choose, indicator

_SHARPNESS = np.geomspace(1, 64, 25)


def held_out(
    spectrum: Spectrum, labels: NDArray[np.integer], groups: NDArray[Any]
) -> NDArray[np.float64]:
    """Ask about every group while it is left out, with the penalty that does best so.

    Args:
        spectrum: Of N items.
        labels: `[N]` class numbers from 0.
        groups: `[N]` what is left out together; all different leaves out one item at a time.

    Returns:
        `[N, C]` probabilities.

    Raises:
        UsageError: When all items are one group.
    """
    number = np.unique(groups, return_inverse=True)[1]
    if number.max() < 1:
        raise UsageError(f"All {len(number)} items are one group, so none can be held out.")
    targets = indicator(labels, int(labels.max()) + 1)
    return sharpened(choose(spectrum.out_of_fold(targets, number), targets).scores, labels)


def sharpened(scores: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Held-out scores as probabilities, as sharp as fits the labels best.

    Args:
        scores: `[N, C]`.
        labels: `[N]` class numbers.
    """
    rows = np.arange(len(labels))
    loss = [-np.log(softmax(each * scores)[rows, labels] + 1e-12).mean() for each in _SHARPNESS]
    return softmax(float(_SHARPNESS[int(np.argmin(loss))]) * scores)
