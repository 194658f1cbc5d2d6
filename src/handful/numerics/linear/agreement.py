"""How alike two descriptions of the same items are: by their neighbours, and by their geometry.

Both are 1 for equal descriptions whatever their widths, rotation and scale, and about 0 for
unrelated ones. Neighbours say whether the same things are thought alike, which is what retrieval
and few labels live on; geometry says whether the large differences are the same.
Source: mutual k-NN, Huh et al., arXiv 2405.07987 (a share, here less what chance gives); linear
CKA, Kornblith et al., arXiv 1905.00414, with the unbiased HSIC of Song et al., JMLR 2012, because
the plain one is near 1 for any two wide descriptions of few items.
"""
# N items, D numbers, K neighbours

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError
from handful.numerics.linear.blocks import unit_rows

FEWEST = 8
"""Items that are needed at least."""


def neighbours(rows_ND: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """The nearest other items of each, by the angle between centred rows.

    Args:
        rows_ND: `[N, D]`, finite.
        count: Neighbours K; less than N.

    Returns:
        `[N, K]` places, in no order.

    Raises:
        InputError: When there are too few items.
    """
    _require(len(rows_ND), count)
    unit_ND = unit_rows(rows_ND - rows_ND.mean(axis=0))
    alike_NN = unit_ND @ unit_ND.T
    np.fill_diagonal(alike_NN, -np.inf)
    return np.argpartition(-alike_NN, count - 1, axis=1)[:, :count]


def mutual(first_NK: NDArray[np.intp], second_NK: NDArray[np.intp]) -> float:
    """Share of neighbours that two descriptions have in common, less what chance gives.

    Args:
        first_NK: Neighbours by one.
        second_NK: Neighbours of the same items by the other, as many.

    Returns:
        1 for the same neighbours, about 0 for unrelated ones.
    """
    items, count = first_NK.shape
    near = np.zeros((items, items), dtype=bool)
    np.put_along_axis(near, first_NK, True, axis=1)
    shared = float(np.take_along_axis(near, second_NK, axis=1).mean())
    chance = count / (items - 1)
    return (shared - chance) / (1 - chance)


def gram(rows_ND: NDArray[np.floating]) -> NDArray[np.float64]:
    """`[N, N]` products of centred rows, of unit scale, ready for `cka`.

    Args:
        rows_ND: `[N, D]`, finite.

    Raises:
        InputError: When there are too few items.
    """
    _require(len(rows_ND), 1)
    centred = np.asarray(rows_ND, np.float64) - rows_ND.mean(axis=0, dtype=np.float64)
    product = centred @ centred.T
    scale = np.trace(product) / len(product)
    np.fill_diagonal(product, 0.0)  # the unbiased estimate leaves an item's own product out
    return product / scale if scale > 0 else product


def cka(first_NN: NDArray[np.float64], second_NN: NDArray[np.float64]) -> float:
    """Linear CKA, unbiased.

    Args:
        first_NN: `gram` of one description.
        second_NN: `gram` of the other, of the same items.

    Returns:
        1 for the same geometry, about 0 for unrelated ones; chance may take it slightly below. 0
        where one does not tell items apart.
    """
    within = _hsic(first_NN, first_NN) * _hsic(second_NN, second_NN)
    return _hsic(first_NN, second_NN) / float(np.sqrt(within)) if within > 0 else 0.0


def _hsic(first_NN: NDArray[np.float64], second_NN: NDArray[np.float64]) -> float:
    """Eq. 5 of Song et al., times a constant that falls out of the ratio."""
    count = len(first_NN)
    rows, others = first_NN.sum(axis=1), second_NN.sum(axis=1)
    whole = rows.sum() * others.sum() / ((count - 1) * (count - 2))
    return float(np.vdot(first_NN, second_NN) + whole - 2 * rows @ others / (count - 2))


def _require(items: int, count: int) -> None:
    if items < max(FEWEST, count + 1):
        raise InputError(
            f"{items} items are too few to compare descriptions by {count} neighbours.",
            f"{max(FEWEST, count + 1)} or more are needed",
        )
