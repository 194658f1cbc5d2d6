"""Which of many to ask about next: those in doubt, typical of many, and unlike what was asked.

Use when: a person answers a few questions, and each should count. Doubt alone asks about oddities,
and about one thing twenty times over; what is typical teaches about its many neighbours, and what
lies near an answered item teaches little more. One after the other is chosen, greedily, by the
product of the three.
Source: information density, Settles & Craven, EMNLP 2008; typical and diverse first, Hacohen et
al., ICML 2022 (TypiClust); the margin as doubt, Scheffer et al., IDA 2001.
"""
# N items, C of them as a crowd, K answers

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEIGHBOURS = 10
_CROWD = 4_000
"""Items that density is measured against, at most."""
_CHUNK = 2_048


def doubt(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """`[N]` from 0 to 1: how close the second answer comes to the first.

    Args:
        probabilities: `[N, K]`.
    """
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    ranked = np.sort(np.asarray(probabilities, np.float64), axis=1)
    return 1 - (ranked[:, -1] - ranked[:, -2])


def typical(rows: NDArray[np.floating], *, seed: int = 0) -> NDArray[np.float64]:
    """`[N]` how near each item's nearest neighbours are: their mean cosine, 0 where opposite.

    Args:
        rows: `[N, D]` of length one, or shorter where less is known.
        seed: Draws the crowd where there are very many.
    """
    crowd = np.arange(len(rows))
    if len(rows) > _CROWD:
        crowd = np.sort(np.random.default_rng(seed).choice(len(rows), _CROWD, replace=False))
    count = min(_NEIGHBOURS, len(crowd) - 1)
    if count < 1:
        return np.ones(len(rows))
    found = np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK):
        near = rows[start : start + _CHUNK] @ rows[crowd].T
        at, own = np.nonzero(np.arange(start, start + len(near))[:, None] == crowd)
        near[at, own] = -np.inf
        nearest = -np.partition(-near, count - 1, axis=1)[:, :count]
        found[start : start + _CHUNK] = nearest.mean(axis=1)
    return np.maximum(found, 0.0)


def choose(
    worth: NDArray[np.floating],
    rows: NDArray[np.floating],
    count: int,
    *,
    answered: NDArray[np.intp] | None = None,
    open_: NDArray[np.bool_] | None = None,
) -> list[int]:
    """Choose items one after the other, each away from those before it.

    Args:
        worth: `[N]` 0 or more, such as doubt times typical.
        rows: `[N, D]` of length one, or shorter where less is known.
        count: How many; fewer when there are no more.
        answered: Items that need not be asked, and whose neighbours are known as well.
        open_: `[N]` which may be chosen; all that are not answered when left out.

    Returns:
        Their places, the best first.
    """
    is_open = np.ones(len(rows), bool) if open_ is None else open_.copy()
    nearest = np.zeros(len(rows))
    known = np.zeros(0, np.intp) if answered is None else answered
    is_open[known] = False
    for start in range(0, len(known), _CHUNK):
        part = rows[known[start : start + _CHUNK]]
        nearest = np.maximum(nearest, (rows @ part.T).max(axis=1))
    chosen: list[int] = []
    while len(chosen) < count and is_open.any():
        score = np.where(is_open, (worth + 1e-9) * (1 - np.clip(nearest, 0, 1) + 1e-9), -1.0)
        best = int(score.argmax())
        chosen.append(best)
        is_open[best] = False
        nearest = np.maximum(nearest, rows @ rows[best])
    return chosen
