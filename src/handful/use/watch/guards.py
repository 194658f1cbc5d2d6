"""Tell from its answers that a new champion is wrong, while it answers.

Errors and latency say nothing of a model that is quick and wrong. So the first answers of a new
champion are compared with those that the one before gives to the same items. How often the two may
differ is a setting; that they differ more often is shown by a bet against it at fair odds, whose
fortune passes `1 / alpha` at most once in `1 / alpha` lives, however often one looks (Ville).
"""
# K bets

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handful.foundation.errors import require

_BETS = np.array([0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
"""Shares of the largest bet allowed, from timid to bold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What a new champion is held to, beside the one before it."""

    answers: int = 400
    """Its first answers that are compared; each costs one answer of the release before. 0 for
    none."""
    differ: float = 0.25
    """Largest share of answers that may differ; a better model differs too."""
    alpha: float = 0.002
    """Chance that a release which holds to that is taken back all the same."""
    failures: int = 3
    """Answers that it may fail to give; each is given by the release before instead."""
    hold_s: float = 3600.0
    """Two releases taken back within so many seconds end automation: a person is asked."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.answers >= 0, "answers", self.answers, "0 or more")
        require(0 < self.differ < 1, "differ", self.differ, "between 0 and 1")
        require(0 < self.alpha <= 0.1, "alpha", self.alpha, "in (0, 0.1]")
        require(self.failures >= 1, "failures", self.failures, "1 or more")
        require(self.hold_s > 0, "hold_s", self.hold_s, "above 0")


class Finding(NamedTuple):
    """What is wrong with a new champion.

    Attributes:
        code: `fails` or `differs`.
        what: One sentence with the numbers.
        compared: Answers that were compared.
        differing: Those that differ.
        failed: Answers that it did not give.
    """

    code: str
    what: str
    compared: int
    differing: int
    failed: int


class Guard:
    """Compares the answers of a new champion with those of the one before.

    Args:
        config: What it is held to.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.compared = self.differing = self.failed = 0
        self._log_fortunes_K = np.zeros(len(_BETS))

    @property
    def is_over(self) -> bool:
        """Whether enough was compared."""
        return self.compared + self.failed >= self.config.answers

    @property
    def share(self) -> float:
        """Share of compared answers that differ; 0 before the first."""
        return self.differing / self.compared if self.compared else 0.0

    def add(self, is_same: bool) -> None:
        """Count one pair of answers to the same item.

        Args:
            is_same: Whether both releases gave the same label.
        """
        self.compared += 1
        self.differing += not is_same
        surprise = (0.0 if is_same else 1.0) - self.config.differ
        self._log_fortunes_K += np.log1p(_BETS / self.config.differ * surprise)

    def fail(self) -> None:
        """Count one answer that the new champion did not give: an exception, or no numbers."""
        self.failed += 1

    def look(self) -> Finding | None:
        """What is wrong by now; None as long as nothing is shown."""
        counts = (self.compared, self.differing, self.failed)
        if self.failed >= self.config.failures:
            return Finding("fails", f"It failed to give {self.failed} answers.", *counts)
        fortune = float(np.logaddexp.reduce(self._log_fortunes_K)) - math.log(len(_BETS))
        if fortune >= -math.log(self.config.alpha):
            said = (
                f"{self.differing} of {self.compared} answers differ from those of the release "
                f"before, and {self.config.differ:.0%} may."
            )
            return Finding("differs", said, *counts)
        return None
