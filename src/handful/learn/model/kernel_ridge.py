"""Kernel ridge: its penalty chosen on group folds, a temperature to make scores probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.learn.model.held_out import choose, reserve, shown
from handful.numerics.linear import ridge
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.logistic import softmax

_DEFAULT_PENALTY = 0.1
_DEFAULT_TEMPERATURE = 0.2
"""Without held-out answers: one-hot targets put right scores about 0.5 above wrong ones."""


@dataclass(frozen=True, slots=True, eq=False)
class KernelModel:
    """Scores from a kernel, and what makes them probabilities.

    Attributes:
        ridge: From kernels to scores.
        temperature: What the scores are divided by.
        seen: `[K]` true for classes that had a label.
        prior: `[K]` how common each class is; what the others get.
    """

    ridge: ridge.DualRidge
    temperature: float
    seen: NDArray[np.bool_]
    prior: NDArray[np.float64]

    def probabilities(self, kernel: NDArray[np.floating]) -> NDArray[np.float64]:
        """`[M, K]` from the `[M, N]` kernel between new and training items."""
        found = softmax(self.ridge.scores(kernel) / self.temperature)
        return reserve(found, self.seen, self.prior)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        return {
            **self.ridge.arrays(),
            "temperature": np.asarray(self.temperature),
            "seen": self.seen,
            "prior": self.prior,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `arrays` described."""
        return cls(
            ridge.DualRidge.from_arrays(arrays),
            arrays["temperature"].item(),
            arrays["seen"],
            arrays["prior"],
        )


class KernelFit(NamedTuple):
    """A model, what it says of held-out items, and the chosen penalty."""

    model: KernelModel
    held_out: NDArray[np.float64] | None
    penalty: float


def fit_ridge(
    kernel: NDArray[np.floating],
    labels: NDArray[np.intp],
    folds: Folds | None,
    prior: NDArray[np.float64],
) -> KernelFit:
    """Fit one-vs-all ridge on a kernel.

    Args:
        kernel: `[N, N]`.
        labels: `[N]` class numbers.
        folds: To choose the penalty and the temperature on; None for fixed ones.
        prior: `[K]` how common each class is, all above 0.
    """
    seen = shown(labels, len(prior))
    targets = ridge.indicator(labels, len(prior))
    spectrum = ridge.Spectrum.of_kernel(kernel)
    if folds is None:
        dual = spectrum.dual(targets, _DEFAULT_PENALTY)
        model = KernelModel(dual, _DEFAULT_TEMPERATURE, seen, prior)
        return KernelFit(model, None, _DEFAULT_PENALTY)
    path = spectrum.out_of_fold(targets, folds.assignment)
    choice = choose(path, ridge.PENALTIES, labels, folds, prior)
    penalty = ridge.PENALTIES[choice.place]
    model = KernelModel(spectrum.dual(targets, penalty), choice.temperature, seen, prior)
    return KernelFit(model, choice.held_out, penalty)
