"""Compare each item with the mean of every class, and with what the class is called.

Use when: there are one to five labels per class, and the names of the classes are words that the
library's own texts use. Needs: latents; names count where pairs with words have taught what photos
or sounds have to do with them. Cost: milliseconds.
Source: prototypes, Snell et al., NeurIPS 2017, with class names as in Xing et al., NeurIPS 2019.
On groups that nothing was learned from, one label per class: with it the ladder told kinds of
pots .607 where it had .332, emoji from their picture .475 (.402), stamps .374 (.409).
"""
# N items, K classes, D numbers side by side

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.model.held_out import choose, reserve, shown
from handful.learn.model.names import Names
from handful.learn.rungs.base import (
    PREDICTED,
    Arrays,
    Evidence,
    Head,
    Learned,
    Lesson,
    Rung,
    prefixed,
    require_classes,
    side_by_side,
    subarrays,
)
from handful.numerics.linear.blocks import unit_rows
from handful.numerics.linear.logistic import softmax
from handful.numerics.linear.stack import Stack

_DEFAULT_TEMPERATURE = 0.2
"""Of cosines, where nothing could be held out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much names and pairs count."""

    name_weights: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.4)
    """How much one spread of likeness to a name counts, in cosines; to choose from."""
    usual_name_weight: float = 0.2
    """The one to take when no label can be held out, and names tell of the labelled items."""
    pairs: float = 1.5
    """Length of a mean row of the predicted block, beside 1 for the plain block of each."""

    def __post_init__(self) -> None:
        allowed = bool(self.name_weights) and all(0 <= each <= 10 for each in self.name_weights)
        require(allowed, "name_weights", self.name_weights, "one or more numbers in [0, 10]")
        usual = self.usual_name_weight
        require(0 <= usual <= 10, "usual_name_weight", usual, "in [0, 10]")
        require(0 < self.pairs <= 10, "pairs", self.pairs, "in (0, 10]")


@dataclass(frozen=True, slots=True, eq=False)
class PrototypesHead(Head):
    """Cosines with class means, and likeness to class names beside them.

    Attributes:
        stack: Scales of the blocks.
        means: `[K, D]` float32, 0 for a class without a label.
        names: Where the class names stand; None where they count nothing.
        weight: How much the names count.
        temperature: What the sum is divided by.
        seen: `[K]` true for classes that have a label, or a name that counts.
        prior: `[K]` how common each class is.
    """

    stack: Stack
    means: NDArray[np.float32]
    names: Names | None
    weight: float
    temperature: float
    seen: NDArray[np.bool_]
    prior: NDArray[np.float64]

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """The sum through a softmax; the prior for an item with nothing that labels had."""
        found = np.tile(self.prior, (len(evidence), 1))
        blocks = {
            name: block
            for name, block in side_by_side(evidence).items()
            if name in self.stack.origins
        }
        if not blocks:
            return found
        held = np.any([block.present for block in blocks.values()], axis=0)
        scores = unit_rows(self.stack.features(blocks)).astype(np.float64) @ self.means.T
        if self.names is not None and evidence.predicted is not None:
            scores += self.weight * self.names.likeness(evidence.predicted)
        said = reserve(softmax(scores / self.temperature), self.seen, self.prior)
        found[held] = said[held]
        return found

    def arrays(self) -> Arrays:
        """Everything above."""
        names = prefixed(self.names.arrays(), "names") if self.names is not None else {}
        return {
            **prefixed(self.stack.arrays(), "stack"),
            **names,
            "means": self.means,
            "weight": np.asarray(self.weight),
            "temperature": np.asarray(self.temperature),
            "seen": self.seen,
            "prior": self.prior,
        }


class Prototypes(Rung):
    """Class means on the latents of all present modalities, and class names."""

    height = 6
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """A temperature and the weight of the names."""
        return 2

    def is_first_guess(self, lesson: Lesson) -> bool:
        """Where names point to the labelled items more than chance would."""
        names = Names.of(lesson.names, lesson.evidence.predicted)
        return names is not None and names.tell(lesson.evidence.predicted, lesson.labels)

    def learn(self, lesson: Lesson) -> Learned:
        """Average; the weight of the names is chosen on held-out groups."""
        require_classes(lesson)
        blocks = side_by_side(lesson.evidence)
        weights = {PREDICTED: self.config.pairs} if PREDICTED in blocks else None
        stack = Stack.fit({name: blocks[name] for name in sorted(blocks)}, weights)
        rows = stack.features(blocks)
        classes, predicted = len(lesson.classes), lesson.evidence.predicted
        names = Names.of(lesson.names, predicted)
        alike = None
        if names is not None and predicted is not None:
            alike = names.likeness(predicted)
        weight, temperature, held_out = 0.0, _DEFAULT_TEMPERATURE, None
        if lesson.folds is None:
            if alike is not None and self.is_first_guess(lesson):
                weight = self.config.usual_name_weight
        else:
            cosines = np.empty((len(lesson), classes))
            for train, test in lesson.folds:
                means = _means(rows[train], lesson.labels[train], classes)
                cosines[test] = unit_rows(rows[test]).astype(np.float64) @ means.T
            tried = self.config.name_weights if alike is not None else (0.0,)
            fits = {}
            for each in tried:
                known = names.known if names is not None and each else None
                path = (cosines if alike is None else cosines + each * alike)[None]
                fits[each] = choose(path, (1.0,), lesson.labels, lesson.folds, lesson.prior, known)
            weight = min(fits, key=lambda each: _loss(fits[each].held_out, lesson.labels))
            temperature, held_out = fits[weight].temperature, fits[weight].held_out
        kept = names if weight else None
        seen = shown(lesson.labels, classes)
        head = PrototypesHead(
            stack,
            _means(rows, lesson.labels, classes),
            kept,
            weight,
            temperature,
            seen if kept is None else seen | kept.known,
            lesson.prior,
        )
        note = "" if names is None else f"names x {weight:g}"
        return Learned(head=head, held_out=held_out, note=note)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with these means and names."""
        stack = subarrays(arrays, "stack")
        names = subarrays(arrays, "names")
        return PrototypesHead(
            Stack.from_arrays({name: stack[name] for name in sorted(stack)}),
            arrays["means"],
            Names.from_arrays(names) if names else None,
            arrays["weight"].item(),
            arrays["temperature"].item(),
            arrays["seen"],
            arrays["prior"],
        )


def _means(
    rows: NDArray[np.float32], labels: NDArray[np.intp], classes: int
) -> NDArray[np.float32]:
    """`[K, D]` mean of each class, brought to length one; 0 where there is none."""
    sums = np.zeros((classes, rows.shape[1]), dtype=np.float32)
    np.add.at(sums, labels, rows)
    return unit_rows(sums).astype(np.float32)


def _loss(held_out: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    own = held_out[np.arange(len(labels)), labels]
    return -float(np.log(own + 1e-12).mean())
