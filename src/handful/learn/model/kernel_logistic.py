"""Kernel logistic regression: probabilities from a kernel, its penalty chosen on group folds.

Ridge asks for scores of one and nought, and a class that any of several signs gives away cannot
have that: two signs at once overshoot. Log-odds may grow without end, so signs add up.
Source: Zhu and Hastie, Kernel logistic regression and the import vector machine, JCGS 2005, eq. 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handful.learn.model.held_out import choose, shown
from handful.learn.model.kernel_ridge import KernelFit, KernelModel
from handful.numerics.linear import logistic
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.ridge import Spectrum

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Penalties worth trying, strongest first, for kernels of unit mean norm."""
_DEFAULT_PENALTY = 0.3
_FAINTEST = 1e-3
"""Directions with an eigenvalue below this change no answer and cost most of the time."""
_WHEN_TO_STOP = logistic.Config(tolerance=3e-4, steps=100)


def fit_kernel_logistic(
    kernel: NDArray[np.floating],
    labels: NDArray[np.intp],
    folds: Folds | None,
    prior: NDArray[np.float64],
    penalties: Sequence[float] = PENALTIES,
) -> KernelFit:
    """Fit multinomial logistic regression on a kernel.

    Args:
        kernel: `[N, N]`, of unit mean norm.
        labels: `[N]` class numbers.
        folds: To choose the penalty and the temperature on; None for fixed ones.
        prior: `[K]` how common each class is, all above 0.
        penalties: To choose from, strongest first.
    """
    classes, seen = len(prior), shown(labels, len(prior))
    spectrum = Spectrum.of_kernel(kernel)
    places = spectrum.coordinates(_FAINTEST)
    temperature, held_out, tried = 1.0, None, [_DEFAULT_PENALTY]
    if folds is not None:
        path = np.empty((len(penalties), len(labels), classes))
        for train, test in folds:
            fitted = logistic.fit(places[train], labels[train], classes, penalties, _WHEN_TO_STOP)
            for line, scores in zip(fitted, path, strict=True):
                scores[test] = line.scores(places[test])
        choice = choose(path, penalties, labels, folds, prior)
        temperature, held_out = choice.temperature, choice.held_out
        tried = list(penalties[: choice.place + 1])
    line = logistic.fit(places, labels, classes, tried, _WHEN_TO_STOP)[-1]
    model = KernelModel(spectrum.dual_of(line, _FAINTEST), temperature, seen, prior)
    return KernelFit(model, held_out, tried[-1])
