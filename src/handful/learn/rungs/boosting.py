"""Gradient-boosted trees on the leading numbers of every modality.

Use when: never in earnest. It stands in the table because many would reach for it first; missing
modalities are missing values, which trees take as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, require
from handful.learn.rungs.base import Arrays, Evidence, Head, Learned, Lesson, Rung, require_classes

Prior = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How large the trees grow."""

    leading: int = 32
    """Leading plain latents per modality that the trees see; 16 to 64 is usual."""
    rounds: int = 100
    """Trees per class; 50 to 300 is usual."""
    learning_rate: float = 0.1
    """How much each tree counts; 0.03 to 0.3 is usual."""
    shrinkage: float = 1.0
    """Penalty on the value of a leaf; without any, 43 classes of 46 photos each ended in .061
    right, with it in .556."""

    def __post_init__(self) -> None:
        require(self.leading >= 1, "leading", self.leading, "1 or more")
        require(self.rounds >= 1, "rounds", self.rounds, "1 or more")
        require(0 < self.learning_rate <= 1, "learning_rate", self.learning_rate, "in (0, 1]")
        require(self.shrinkage >= 0, "shrinkage", self.shrinkage, "0 or more")


class BoostingHead(Head):
    """Trees over the leading latents."""

    def __init__(
        self, trees: Any, widths: Mapping[str, int], kept: NDArray[np.bool_], prior: Prior
    ) -> None:
        self.trees = trees
        self.widths = dict(widths)
        self.kept = kept
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """The trees' shares; classes without a labelled item get none."""
        found = np.zeros((len(evidence), len(self.prior)))
        columns = _columns(evidence, self.widths)[:, self.kept]
        found[:, self.trees.classes_] = self.trees.predict_proba(columns)
        found[~evidence.has_any] = self.prior
        return found

    def arrays(self) -> Arrays:
        """Not possible: trees are only kept as code-bearing files, which are never written.

        Raises:
            UsageError: Always.
        """
        raise UsageError("Boosted trees are a baseline and are not released.", "release another")


class Boosting(Rung):
    """Histogram gradient boosting of scikit-learn, untuned but for its usual settings."""

    is_baseline = True
    config: Config

    def learn(self, lesson: Lesson) -> Learned:
        """Grow the trees; nothing is chosen, so no fold is held out."""
        require_classes(lesson)
        widths = {
            name: min(self.config.leading, lesson.evidence.latents[name]["plain"].width)
            for name in lesson.evidence.modalities
        }
        columns = _columns(lesson.evidence, widths)
        kept = _tells_apart(columns)
        if not kept.any():
            raise InputError(
                f"Nothing tells the {len(lesson)} labelled items apart.", "label other items"
            )
        trees = self._trees(lesson.seed).fit(columns[:, kept], lesson.labels)
        head = BoostingHead(trees, widths, kept, lesson.prior)
        return Learned(head=head, held_out=None, note=f"{self.config.rounds} rounds")

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """Not possible, as nothing was saved.

        Raises:
            UsageError: Always.
        """
        raise UsageError("Boosted trees are a baseline and are not released.", "release another")

    def _trees(self, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.config.rounds,
            learning_rate=self.config.learning_rate,
            min_samples_leaf=5,
            l2_regularization=self.config.shrinkage,
            random_state=seed,
        )


def _columns(evidence: Evidence, widths: Mapping[str, int]) -> NDArray[np.float32]:
    """Leading plain latents side by side, not-a-number where a modality is absent."""
    parts = []
    for name, width in widths.items():
        values = np.full((len(evidence), width), np.nan, dtype=np.float32)
        if name in evidence.latents:
            block = evidence.latents[name]["plain"]
            values[block.present] = block.rows[:, :width]
        parts.append(values)
    return np.concatenate(parts, axis=1)


def _tells_apart(columns: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Columns with two different numbers or more; the trees cannot bin the others."""
    lowest = np.min(np.where(np.isnan(columns), np.inf, columns), axis=0, initial=np.inf)
    highest = np.max(np.where(np.isnan(columns), -np.inf, columns), axis=0, initial=-np.inf)
    return lowest < highest
