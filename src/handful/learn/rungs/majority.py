"""Always say the commonest class: what every model must beat.

Use when: never in earnest. It stands in every table, because a model that loses to it has
learned nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.learn.rungs.base import Arrays, Evidence, Head, Learned, Lesson, Rung


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """There is nothing to set."""


class MajorityHead(Head):
    """The shares of the classes, whatever the evidence."""

    def __init__(self, prior: NDArray[np.float64]) -> None:
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """The prior for every item."""
        return np.tile(self.prior, (len(evidence), 1))

    def arrays(self) -> Arrays:
        """The prior."""
        return {"prior": self.prior}


class Majority(Rung):
    """Learns how common each class is."""

    is_baseline = True
    needs_evidence = False
    config: Config

    def learn(self, lesson: Lesson) -> Learned:
        """Count the classes; held-out items see the counts of the other folds."""
        held_out = None
        if lesson.folds is not None:
            held_out = np.empty((len(lesson), len(lesson.classes)))
            for train, test in lesson.folds:
                counts = np.bincount(lesson.labels[train], minlength=len(lesson.classes)) + 1.0
                held_out[test] = counts / counts.sum()
        return Learned(head=MajorityHead(lesson.prior), held_out=held_out)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with this prior."""
        return MajorityHead(arrays["prior"])
