"""Join the raw numbers of all modalities and draw a line: how most people start.

Use when: never in earnest. It stands in the table because the widest and noisiest modality then
owns the distance, and the result often loses to the best single one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError
from handful.learn.model.latent_logistic import Line, fit_line
from handful.learn.rungs.base import Arrays, Evidence, Head, Learned, Lesson, Rung, require_classes
from handful.numerics.linear import logistic
from handful.numerics.linear.affine import Affine
from handful.numerics.linear.blocks import Block

_PENALTIES = (*logistic.PENALTIES, 0.003, 0.001)
"""Weaker ones than usual too: 0.01 was often the best of the usual ones."""
_RANK = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """There is nothing to set: penalty and temperature are chosen on held-out groups."""


class ConcatenationHead(Head):
    """Columns of all views, minus their means, and one logistic regression."""

    def __init__(self, means: Mapping[str, NDArray[Any]], scale: float, line: Line) -> None:
        self.means = dict(means)
        self.scale = scale
        self.line = line

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Logits through a softmax; an absent view holds its mean."""
        found = self.line.probabilities(_columns(evidence, self.means, self.scale))
        found[~evidence.has_any] = self.line.prior
        return found

    def arrays(self) -> Arrays:
        """Means, scale and the regression."""
        means = {f"mean/{name}": mean for name, mean in self.means.items()}
        return {**means, "scale": np.asarray(self.scale), **self.line.arrays()}


class Concatenation(Rung):
    """Logistic regression on raw columns side by side."""

    is_baseline = True
    config: Config

    def learn(self, lesson: Lesson) -> Learned:
        """Fit; every column has its mean taken off, and one scale serves them all."""
        require_classes(lesson)
        flat = _flat(lesson.evidence)
        if not flat:
            raise InputError("No item has a view to join.", "encode the items first")
        means = {name: flat[name].rows.mean(axis=0) for name in sorted(flat)}
        # One scale for all columns: this is what joining raw numbers means. Only its size is
        # chosen, so that the usual penalties fit.
        total = sum(float(((b.rows - means[n]) ** 2).sum(axis=1).mean()) for n, b in flat.items())
        scale = 1 / max(total, 1e-12) ** 0.5
        columns = _columns(lesson.evidence, means, scale)
        rows, basis = _span(columns)
        fit = fit_line(rows, lesson.labels, lesson.folds, lesson.prior, _PENALTIES)
        weights = columns.T @ (basis @ fit.line.affine.weights)
        line = replace(fit.line, affine=Affine(weights, fit.line.affine.offset))
        head = ConcatenationHead(means, scale, line)
        return Learned(head=head, held_out=fit.held_out, note=f"penalty {fit.penalty:g}")

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head that these arrays describe."""
        # In the order of `learn`: files do not keep the order in which arrays were saved.
        names = sorted(name for name in arrays if name.startswith("mean/"))
        means = {name.removeprefix("mean/"): arrays[name] for name in names}
        return ConcatenationHead(means, arrays["scale"].item(), Line.from_arrays(arrays))


def _span(columns: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows in their own span `[N, R]`, and what turns weights there into weights of rows.

    The fit there is exact, and thousands of columns are gone through once instead of once per
    step of every fold.
    """
    values, vectors = np.linalg.eigh((columns @ columns.T).astype(np.float64))
    kept = values > _RANK * max(values[-1], 1e-300)
    lengths = np.sqrt(values[kept])
    return vectors[:, kept] * lengths, vectors[:, kept] / lengths


def _flat(evidence: Evidence) -> dict[str, Block]:
    return {
        f"{modality}.{name}": block
        for modality, named in evidence.views.items()
        for name, block in named.items()
        if block.present.any()
    }


def _columns(
    evidence: Evidence, means: Mapping[str, NDArray[Any]], scale: float
) -> NDArray[np.float32]:
    found = _flat(evidence)
    width = sum(len(mean) for mean in means.values())
    columns = np.zeros((len(evidence), width), dtype=np.float32)
    start = 0
    for name, mean in means.items():
        if name in found:
            block = found[name]
            part = (block.rows - mean) * scale
            columns[block.present, start : start + len(mean)] = part
        start += len(mean)
    return columns
