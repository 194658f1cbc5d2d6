"""A straight-line rule on what each modality says and on what modalities tell of each other.

Use when: there are few labels and pairs without labels have shown what modalities share.
Needs: latents, plain and predicted. Cost: milliseconds to a few seconds.
Source: plain components beside predicted ones measured best from 1 to 40 labels per class on emoji.

The predicted place of an item is the mean over the modalities it has, one block for all. So labels
put on one modality teach the others, and a class that is partly seen and partly heard adds up.
How much that block counts is chosen on held-out answers, because no one weight serves both a
class that all modalities share (2.5 is best) and one that a single modality keeps to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.model.held_out import loss
from handful.learn.model.latent_logistic import LogisticFit, LogisticModel, fit_logistic
from handful.learn.rungs.base import (
    PREDICTED,
    Arrays,
    Evidence,
    Head,
    Learned,
    Lesson,
    Rung,
    require_classes,
    side_by_side,
)
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.logistic import PENALTIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much what modalities tell of each other counts."""

    weights: tuple[float, ...] = (0.3, 1.0, 2.5)
    """Lengths of a mean row of the predicted block to choose from, beside 1 for the plain block of
    each modality; 0.1 to 4 is usual."""
    usual_weight: float = 1.5
    """The one to take when no label can be held out."""

    def __post_init__(self) -> None:
        allowed = len(self.weights) > 0 and all(0 < weight <= 10 for weight in self.weights)
        require(allowed, "weights", self.weights, "one or more numbers in (0, 10]")
        require(0 < self.usual_weight <= 10, "usual_weight", self.usual_weight, "in (0, 10]")


class LogisticJointHead(Head):
    """One logistic regression over the latents of all modalities."""

    def __init__(self, model: LogisticModel) -> None:
        self.model = model

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Logits through a softmax; the prior for an item with nothing that labels had.

        A modality that no labelled item has still speaks through what it tells of the others.
        """
        found = np.tile(self.model.line.prior, (len(evidence), 1))
        known = self.model.stack.origins
        blocks = {name: block for name, block in side_by_side(evidence).items() if name in known}
        if not blocks:
            return found
        has_any = np.any([block.present for block in blocks.values()], axis=0)
        if has_any.any():
            found[has_any] = self.model.probabilities(blocks)[has_any]
        return found

    def arrays(self) -> Arrays:
        """The regression and the prior."""
        return self.model.arrays()


class LogisticJoint(Rung):
    """Multinomial logistic regression on plain and predicted latents side by side."""

    height = 3
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """A penalty, a temperature and the weight of the predicted block."""
        return 3

    def learn(self, lesson: Lesson) -> Learned:
        """Fit; penalty and weight of the predicted block are chosen on held-out groups."""
        require_classes(lesson)
        blocks = side_by_side(lesson.evidence)
        weights = self.config.weights if lesson.folds else (self.config.usual_weight,)
        if PREDICTED not in blocks:
            weights = (1.0,)
        middle = weights[len(weights) // 2]
        fits = {middle: _fit(blocks, lesson, middle)}
        near = _neighbours(fits[middle].penalty)
        for weight in weights:
            if weight != middle:
                fits[weight] = _fit(blocks, lesson, weight, near)
        weight = min(fits, key=lambda each: loss(fits[each].held_out, lesson.labels))
        fit, note = fits[weight], f"penalty {fits[weight].penalty:g}"
        if PREDICTED in blocks:
            note += f", pairs x {weight:g}"
        head = LogisticJointHead(fit.model)
        return Learned(head=head, held_out=fit.held_out, note=note)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with this regression."""
        return LogisticJointHead(LogisticModel.from_arrays(arrays))


def _fit(
    blocks: Mapping[str, Block],
    lesson: Lesson,
    weight: float,
    penalties: Sequence[float] = PENALTIES,
) -> LogisticFit:
    weights = {PREDICTED: weight} if PREDICTED in blocks else None
    return fit_logistic(blocks, lesson.labels, lesson.folds, lesson.prior, weights, penalties)


def _neighbours(penalty: float) -> Sequence[float]:
    """A penalty with the next stronger and weaker one: another weight moves the best no further."""
    place = PENALTIES.index(penalty) if penalty in PENALTIES else 0
    return PENALTIES[max(place - 1, 0) : place + 2]
