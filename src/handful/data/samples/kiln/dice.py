"""Chance that falls the same way on every machine and under every numpy.

The streams of numpy's bit generators are guaranteed for ever; the distributions on top of
them are not (NEP 19). So the few that the sample needs are built here from raw bits with
plain arithmetic, and the truth about a piece can be pinned by a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Thing = TypeVar("Thing")

_UNIT = 2.0**-53


class Dice:
    """A stream of chance named by a path, such as `Dice(seed, "piece", 17)`.

    Two paths give unrelated streams; the same path always gives the same one.

    Args:
        path: Whole numbers from 0 up, and words.
    """

    def __init__(self, *path: int | str) -> None:
        words = [part if isinstance(part, int) else _number(part) for part in path]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))

    def unit(self) -> float:
        """Evenly spread in [0, 1)."""
        return (int(self._bits.random_raw()) >> 11) * _UNIT

    def between(self, low: float, high: float) -> float:
        """Evenly spread in [low, high)."""
        return low + (high - low) * self.unit()

    def bell(self, mean: float, spread: float) -> float:
        """Bell-shaped around `mean` with standard deviation `spread`, never beyond 6 of them."""
        return mean + spread * (sum(self.unit() for _ in range(12)) - 6.0)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of them, all equally likely."""
        return things[int(self.unit() * len(things))]

    def weighted(self, weights: Mapping[Thing, float]) -> Thing:
        """One of the keys, as likely as its weight."""
        mark = self.unit() * sum(weights.values())
        for thing, weight in weights.items():
            mark -= weight
            if mark < 0:
                return thing
        return list(weights)[-1]

    def shuffled(self, things: Sequence[Thing]) -> list[Thing]:
        """All of them in a chance order."""
        left, order = list(things), []
        while left:
            order.append(left.pop(int(self.unit() * len(left))))
        return order

    def field(self, *shape: int) -> NDArray[np.float64]:
        """An array of this shape, evenly spread in [0, 1)."""
        raw = np.asarray(self._bits.random_raw(int(np.prod(shape))), dtype=np.uint64)
        return np.multiply(raw >> np.uint64(11), _UNIT, dtype=np.float64).reshape(shape)

    def bells(self, *shape: int) -> NDArray[np.float64]:
        """An array of this shape, bell-shaped with mean 0 and standard deviation 1."""
        return (self.field(4, *shape).sum(axis=0) - 2.0) * np.sqrt(3.0)


def _number(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little")
