"""What every training of a small network shares: torch with a seed, batches, a rising pace.

Needs: torch (`[train]`); only files that train import this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_info


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch with this seed, and no more threads than the other libraries may use.

    Args:
        seed: Everything random inside follows from it; what is outside is left as it was.
    """
    allowed = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(min([before, *allowed]))
        try:
            yield
        finally:
            torch.set_num_threads(before)


def batches(rows: NDArray[np.intp], size: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Batches of equal size without end, every row about as often as every other.

    Args:
        rows: What to draw from.
        size: Of a batch; all rows when there are fewer.
        seed: Shuffles.
    """
    dice = np.random.default_rng(seed)
    size = min(size, len(rows))
    waiting = np.zeros(0, dtype=np.intp)
    while True:
        while len(waiting) < size:
            fresh = dice.permutation(rows)
            waiting = np.concatenate([waiting, fresh[~np.isin(fresh, waiting)]])
        yield waiting[:size]
        waiting = waiting[size:]
