"""How telling a likeness is: measured on the library's own pairs, never taken at face value.

A cosine of 0.4 may be much or nothing. So it is compared with two crowds from the same library.
Within one modality: an item and its nearest neighbour, against two strangers. Across modalities:
the photo and the words of one item, left out while what they share was learned, against those of
two strangers. Each crowd is taken for a bell of the same width, so the evidence is a straight line
in the cosine: zero where both crowds are equally likely, and zero everywhere when the link between
two modalities tells nothing.
"""
# N items, K shared dimensions

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import HandfulError
from handful.numerics.linear import cca
from handful.numerics.linear.blocks import Block, unit_rows
from handful.numerics.linear.cca import SharedSpace

Latents = Mapping[str, Mapping[str, Block]]
"""Modality to `plain` and `shared` numbers of `N` items."""

_CROWD = 1500
"""Items that a crowd is drawn from: its mean is then known to two digits."""
_FEWEST = 16
"""Pairs that a link needs before it is believed."""


class Scale(NamedTuple):
    """What turns a cosine into evidence.

    Attributes:
        middle: The cosine at which belonging together and being strangers are equally likely.
        slope: Log of the likelihood ratio per unit of cosine; 0 when nothing can be told.
        apart: How far the crowds lie apart, in squared widths: which of two scales tells more.
    """

    middle: float
    slope: float
    apart: float = 0.0

    @classmethod
    def between(cls, together: NDArray[np.floating], apart: NDArray[np.floating]) -> Scale:
        """The scale that two crowds of cosines give.

        Args:
            together: Cosines of what belongs together.
            apart: Cosines of strangers.
        """
        if min(len(together), len(apart)) < _FEWEST:
            return Scale(0.0, 0.0)
        high, low = float(np.mean(together)), float(np.mean(apart))
        width = float((np.var(together) + np.var(apart)) / 2)
        if high <= low or width <= 0:
            return Scale(0.0, 0.0)
        return Scale((high + low) / 2, (high - low) / width, (high - low) ** 2 / width)

    def evidence(self, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log of how much likelier belonging together is than being strangers."""
        return self.slope * (np.asarray(cosines, dtype=np.float64) - self.middle)


def strength(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evidence on the scale from 0 (no more likely than not) to 1 (certain).

    Args:
        evidence: Log likelihood ratios.

    Returns:
        How far the probability that they give lies above one half, doubled.
    """
    return np.maximum(0.0, np.tanh(evidence / 2))


def scales(
    latents: Latents, space: SharedSpace | None, groups: NDArray[np.str_], seed: int = 0
) -> dict[tuple[str, str], Scale]:
    """Measure every pair of modalities, each with itself included.

    Args:
        latents: Of the library.
        space: What the modalities share; None when nothing.
        groups: `[N]`; items of one group are no strangers.
        seed: Draws the crowds.
    """
    dice = np.random.default_rng(seed)
    found = {}
    for name, named in latents.items():
        found[name, name] = _within(named["plain"], dice)
    if space is None or not space.dimensions:
        return found
    codes = np.unique(groups, return_inverse=True)[1]
    named, own = _left_out(latents, space, codes, dice)
    for first, second in combinations(named, 2):
        crowds = _crowds(named[first], named[second], own, dice)
        found[first, second] = found[second, first] = Scale.between(*crowds)
    return found


def _within(block: Block, dice: np.random.Generator) -> Scale:
    rows = unit_rows(block.rows)
    if len(rows) > _CROWD:
        rows = rows[np.sort(dice.choice(len(rows), _CROWD, replace=False))]
    if len(rows) < _FEWEST:
        return Scale(0.0, 0.0)
    table = rows @ rows.T
    np.fill_diagonal(table, -np.inf)
    nearest = table.max(axis=1)
    apart = table[np.arange(len(rows)), np.roll(dice.permutation(len(rows)), 1)]
    return Scale.between(nearest, apart[np.isfinite(apart)])


class _Crowds(NamedTuple):
    """Cosines of what belongs together, and of strangers."""

    together: NDArray[np.floating]
    apart: NDArray[np.floating]


def _left_out(
    latents: Latents, space: SharedSpace, codes: NDArray[np.intp], dice: np.random.Generator
) -> tuple[dict[str, Block], NDArray[np.intp]]:
    """Shared coordinates of half of the groups as the other half teaches them, and their groups."""
    plain = {name: latents[name]["plain"] for name in sorted(space.views) if name in latents}
    paired = np.flatnonzero(np.sum([block.present for block in plain.values()], axis=0) >= 2)
    if len(paired) > 2 * _CROWD:
        paired = np.sort(dice.choice(paired, 2 * _CROWD, replace=False))
    half = dice.integers(2, size=int(codes.max()) + 1)[codes[paired]]
    learn, ask = paired[half == 0], paired[half == 1]
    config = cca.Config(penalty=space.penalty, dimensions=space.dimensions, fewest_pairs=8)
    taken = {name: block.take(learn) for name, block in plain.items()}
    try:
        learned = SharedSpace.fit(taken, config, groups=codes[learn])
    except HandfulError:  # half as many pairs may be too few
        return {}, codes[ask]
    if not learned.dimensions:
        return {}, codes[ask]
    shared = {name: learned.shared({name: block.take(ask)}) for name, block in plain.items()}
    return shared, codes[ask]


def _crowds(
    first: Block, second: Block, codes: NDArray[np.intp], dice: np.random.Generator
) -> _Crowds:
    both = np.flatnonzero(first.present & second.present)
    here, there = unit_rows(first.values[both]), unit_rows(second.values[both])
    apart = []
    for _ in range(4):
        turn = dice.permutation(len(both))
        strangers = codes[both] != codes[both[turn]]
        apart.append((here * there[turn]).sum(axis=1)[strangers])
    return _Crowds((here * there).sum(axis=1), np.concatenate(apart))
