"""Logistic regression on scaled latents: its penalty chosen on group folds, then a temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.learn.model.held_out import choose, reserve, shown
from handful.numerics.linear import logistic
from handful.numerics.linear.affine import Affine
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.logistic import softmax
from handful.numerics.linear.stack import Stack

_DEFAULT_PENALTY = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An affine map from features to scores, and what makes them probabilities.

    Attributes:
        affine: From features to scores.
        temperature: What the scores are divided by.
        seen: `[K]` true for classes that had a label.
        prior: `[K]` how common each class is; what the others get.
    """

    affine: Affine
    temperature: float
    seen: NDArray[np.bool_]
    prior: NDArray[np.float64]

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """`[M, K]` from `[M, D]` features."""
        found = softmax(self.affine.scores(features) / self.temperature)
        return reserve(found, self.seen, self.prior)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        return {
            **self.affine.arrays(),
            "temperature": np.asarray(self.temperature),
            "seen": self.seen,
            "prior": self.prior,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The map that `arrays` described."""
        return cls(
            Affine.from_arrays(arrays),
            arrays["temperature"].item(),
            arrays["seen"],
            arrays["prior"],
        )


class LineFit(NamedTuple):
    """A map, what it says of held-out items, and the chosen penalty."""

    line: Line
    held_out: NDArray[np.float64] | None
    penalty: float


def fit_line(
    features: NDArray[np.floating],
    labels: NDArray[np.intp],
    folds: Folds | None,
    prior: NDArray[np.float64],
    penalties: Sequence[float] = logistic.PENALTIES,
) -> LineFit:
    """Fit multinomial logistic regression on features.

    Args:
        features: `[N, D]`, rows of about unit length.
        labels: `[N]` class numbers.
        folds: To choose the penalty and the temperature on; None for fixed ones.
        prior: `[K]` how common each class is, all above 0.
        penalties: To choose from, strongest first.
    """
    classes = len(prior)
    seen = shown(labels, classes)
    if folds is None:
        (affine,) = logistic.fit(features, labels, classes, [_DEFAULT_PENALTY])
        return LineFit(Line(affine, 1.0, seen, prior), None, _DEFAULT_PENALTY)
    path = np.empty((len(penalties), len(labels), classes))
    for train, test in folds:
        fitted = logistic.fit(features[train], labels[train], classes, penalties)
        for affine, scores in zip(fitted, path, strict=True):
            scores[test] = affine.scores(features[test])
    choice = choose(path, penalties, labels, folds, prior)
    affine = logistic.fit(features, labels, classes, penalties[: choice.place + 1])[-1]
    line = Line(affine, choice.temperature, seen, prior)
    return LineFit(line, choice.held_out, penalties[choice.place])


@dataclass(frozen=True, slots=True, eq=False)
class LogisticModel:
    """Scaled blocks side by side, and a line through them."""

    stack: Stack
    line: Line

    def probabilities(self, blocks: Mapping[str, Block]) -> NDArray[np.float64]:
        """`[M, K]` from blocks of `M` items; blocks that no item has may be left out."""
        return self.line.probabilities(self.stack.features(blocks))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        stack = {f"stack/{name}": array for name, array in self.stack.arrays().items()}
        return {**stack, **self.line.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `arrays` described."""
        # In the order of `fit_logistic`: files do not keep the order in which arrays were saved.
        stack = {
            name.removeprefix("stack/"): arrays[name]
            for name in sorted(arrays)
            if name.startswith("stack/")
        }
        return cls(Stack.from_arrays(stack), Line.from_arrays(arrays))


class LogisticFit(NamedTuple):
    """A model, what it says of held-out items, and the chosen penalty."""

    model: LogisticModel
    held_out: NDArray[np.float64] | None
    penalty: float


def fit_logistic(
    blocks: Mapping[str, Block],
    labels: NDArray[np.intp],
    folds: Folds | None,
    prior: NDArray[np.float64],
    weights: Mapping[str, float] | None = None,
    penalties: Sequence[float] = logistic.PENALTIES,
) -> LogisticFit:
    """Fit multinomial logistic regression on blocks of unit mean norm.

    Args:
        blocks: Name to `[N, D]` with presence; each is centred and scaled on its own.
        labels: `[N]` class numbers.
        folds: To choose the penalty and the temperature on; None for fixed ones.
        prior: `[K]` how common each class is, all above 0.
        weights: Length that a mean row of a block gets, 1 where not named.
        penalties: To choose from, strongest first.
    """
    stack = Stack.fit({name: blocks[name] for name in sorted(blocks)}, weights)
    fit = fit_line(stack.features(blocks), labels, folds, prior, penalties)
    return LogisticFit(LogisticModel(stack, fit.line), fit.held_out, fit.penalty)
