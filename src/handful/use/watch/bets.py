"""A bet against "the mean is at most so much", at fair odds, looked at as often as one likes.

Where that holds, the fortune passes `1 / alpha` at most once in `1 / alpha` lives (Ville). Several
bets are placed side by side, from timid to bold; their mean is a fair fortune too.

Source: betting as in Waudby-Smith and Ramdas, arXiv 2010.09686, with a fixed mixture of bets.
"""
# K bets

from __future__ import annotations

import math

import numpy as np

from handful.foundation.errors import require

_BETS = np.array([0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
"""Shares of the largest bet allowed, from timid to bold."""


class Bet:
    """Bets that the mean of what it is shown is above a limit.

    Args:
        limit: Largest mean that is allowed, between 0 and 1.
        alpha: Chance that a mean which holds to it is called above it.
    """

    def __init__(self, limit: float, alpha: float) -> None:
        require(0 < limit < 1, "limit", limit, "between 0 and 1")
        require(0 < alpha < 1, "alpha", alpha, "between 0 and 1")
        self.limit, self.alpha = limit, alpha
        self.count = 0
        self.total = 0.0
        self._best = 0.0
        self._log_fortunes_K = np.zeros(len(_BETS))

    @property
    def mean(self) -> float:
        """Of what was shown; 0 before the first."""
        return self.total / self.count if self.count else 0.0

    @property
    def is_won(self) -> bool:
        """Whether it is shown that the mean is above the limit."""
        return self._best >= -math.log(self.alpha)

    def add(self, value: float) -> None:
        """Show it one more.

        Args:
            value: In [0, 1].
        """
        self.count += 1
        self.total += value
        self._log_fortunes_K += np.log1p(_BETS / self.limit * (value - self.limit))
        fortune = float(np.logaddexp.reduce(self._log_fortunes_K)) - math.log(len(_BETS))
        self._best = max(self._best, fortune)


def difference(less: float, more: float) -> float:
    """How much `less` falls behind `more`, as a value that a bet takes.

    Args:
        less: In [0, 1].
        more: In [0, 1].

    Returns:
        In [0, 1]; 0.5 where they are equal, see `limit_of`.
    """
    return (more - less + 1) / 2


def limit_of(margin: float) -> float:
    """The limit that a bet on a `difference` is placed against.

    Args:
        margin: Mean loss that is accepted, in [0, 1).
    """
    return (margin + 1) / 2
