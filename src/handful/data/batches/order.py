"""In what order items come: shuffled by seed and epoch, alike lengths together when asked.

An order is a pure function of its arguments, so an epoch that was left can be gone on with from
nothing but a seed, the epoch's number and a place in it.
"""
# N items

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require

_POOL = 64
"""Batches whose items are sorted by length together: more waste less padding, and mix less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How items are put into batches."""

    size: int = 64
    """Items per batch, at most; 32 to 1,024 is usual."""
    shuffle: bool = True
    """Another order in every epoch; otherwise items come as they lie in the library."""
    by_length: bool = False
    """Put items of alike length together, so that little is padded."""
    tokens: int | None = None
    """Most of a batch's longest length times its items; needs lengths. None for no such limit."""
    drop_last: bool = False
    """Leave out batches that are not full; without a limit of tokens only."""
    seed: int = 0
    """Every order follows from it."""

    def __post_init__(self) -> None:
        require(self.size >= 1, "size", self.size, "1 or more")
        allowed = self.tokens is None or self.tokens >= 1
        require(allowed, "tokens", self.tokens, "1 or more, or left out")
        both = self.drop_last and self.tokens is not None
        require(not both, "drop_last", self.drop_last, "false where `tokens` limits batches")

    @property
    def needs_lengths(self) -> bool:
        """Whether `batches` looks at lengths."""
        return self.by_length or self.tokens is not None


def batches(
    count: int, config: Config, epoch: int, lengths: NDArray[np.integer] | None = None
) -> list[NDArray[np.intp]]:
    """Deal items into the batches of one epoch, every item once.

    Args:
        count: N.
        config: How.
        epoch: From 0; decides the order together with the seed.
        lengths: `[N]` how long each item is, in any unit; needed by `by_length` and `tokens`.

    Returns:
        The places of each batch's items. An item longer than `tokens` has a batch of its own.
    """
    dice = np.random.default_rng((config.seed, epoch))
    order = np.arange(count)
    if config.shuffle:
        order = dice.permutation(count)
    if not config.needs_lengths:
        found = _cut(order, config.size)
    else:
        assert lengths is not None
        found = []
        for pool in _cut(order, config.size * _POOL):
            if config.by_length:
                pool = pool[np.argsort(lengths[pool], kind="stable")]
            found += _fill(pool, lengths, config)
    if config.drop_last:
        found = [batch for batch in found if len(batch) == config.size]
    if config.shuffle and config.by_length:
        found = [found[place] for place in dice.permutation(len(found))]
    return found


def padding(batch: NDArray[np.intp], lengths: NDArray[np.integer]) -> float:
    """The share of a padded batch that is padding.

    Args:
        batch: Places of its items.
        lengths: `[N]` how long each item is.
    """
    own = lengths[batch]
    whole = int(own.max(initial=0)) * len(own)
    return 1 - float(own.sum()) / whole if whole else 0.0


def _cut(order: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def _fill(
    pool: NDArray[np.intp], lengths: NDArray[np.integer], config: Config
) -> list[NDArray[np.intp]]:
    """Cut a pool where a batch is full, by items or by tokens."""
    if config.tokens is None:
        return _cut(pool, config.size)
    found: list[NDArray[np.intp]] = []
    start, longest = 0, 0
    for place, item in enumerate(pool):
        longest = max(longest, int(lengths[item]))
        held = place - start
        if held and (held == config.size or longest * (held + 1) > config.tokens):
            found.append(pool[start:place])
            start, longest = place, int(lengths[item])
    if start < len(pool):
        found.append(pool[start:])
    return found
