"""Compare items by what they are and by what pairs without labels say they tell of each other.

Use when: labels are few, and some hundred items carry two modalities. Beside the kernels stands one
more: nearness in the space of what each item's modalities predict of all (`cross_ridge.py`), where
a photo is near the sound that belongs to it. Needs: kernels and predicted latents. Cost: that of
ridge on kernels, once per weight.
Source: sum of kernels. On groups that nothing was learned from, five labels per class: kinds of
pots .448 -> .571, emoji from their picture .337 -> .488, stamps .552 -> .588; on grades of pots,
which no modality tells of another, .521 -> .507.
"""
# N labelled items, S numbers that modalities predict

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, require
from handful.learn.model.held_out import loss
from handful.learn.model.kernel_ridge import KernelModel, fit_ridge
from handful.learn.rungs.base import (
    Arrays,
    Evidence,
    Head,
    KernelHead,
    Learned,
    Lesson,
    Rung,
    prefixed,
    require_classes,
    subarrays,
)
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.fusion import sum_kernels


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much what pairs taught counts."""

    weights: tuple[float, ...] = (0.5, 2.0)
    """Of the kernel of predictions beside 1 for the others; to choose from."""
    usual_weight: float = 2.0
    """The one to take when no label can be held out."""

    def __post_init__(self) -> None:
        allowed = len(self.weights) > 0 and all(0 < weight <= 10 for weight in self.weights)
        require(allowed, "weights", self.weights, "one or more numbers in (0, 10]")
        require(0 < self.usual_weight <= 10, "usual_weight", self.usual_weight, "in (0, 10]")


class Told(NamedTuple):
    """What the labelled items tell, to measure others against.

    Attributes:
        rows: `[N, S]` float32, of unit mean norm, 0 for an item that tells nothing.
        origin: `[S]` float32 mean of those that do.
        scale: What brought them to unit norm.
        weight: How much their kernel counts beside 1 for the others.
    """

    rows: NDArray[np.float32]
    origin: NDArray[np.float32]
    scale: float
    weight: float

    @classmethod
    def of(cls, block: Block, weight: float) -> Self:
        """Centre and scale what labelled items tell."""
        origin = block.rows.mean(axis=0)
        centred = np.where(block.present[:, None], block.values - origin, 0.0)
        norm = (centred**2).sum() / block.present.sum()
        scale = float(norm**-0.5) if norm > 0 else 0.0
        return cls((centred * scale).astype(np.float32), origin.astype(np.float32), scale, weight)

    def beside(self, kernel: NDArray[np.float32], block: Block | None) -> NDArray[np.float32]:
        """The joined kernel `[M, N]` of items with `kernel` `[M, N]` and predictions."""
        joined = kernel / np.float32(1 + self.weight)
        if block is not None:
            rows = np.where(block.present[:, None], block.values - self.origin, 0.0)
            rows = (rows * (self.scale * self.weight / (1 + self.weight))).astype(np.float32)
            joined += rows @ self.rows.T
        return joined


class PairsHead(KernelHead):
    """Ridge on kernels and on what the modalities tell of each other."""

    def __init__(self, model: KernelModel, told: Told) -> None:
        super().__init__(model)
        self.told = told

    def kernel(self, evidence: Evidence) -> NDArray[np.float32]:
        """The sum of the kernels, with the kernel of predictions beside it."""
        return self.told.beside(super().kernel(evidence), evidence.predicted)

    def arrays(self) -> Arrays:
        """The ridge, and what the labelled items tell."""
        told = {name: np.asarray(value) for name, value in self.told._asdict().items()}
        return {**prefixed(self.model.arrays(), "ridge"), **prefixed(told, "told")}


class KernelPairs(Rung):
    """Ridge regression on the kernels and on the kernel of predictions, one-vs-all."""

    needs_kernels = True
    needs_pairs = True
    height = 2
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """A penalty, a temperature and a weight."""
        return 3

    def is_first_guess(self, lesson: Lesson) -> bool:
        """Where pairs have taught something, by a few points with one or two labels per class."""
        return lesson.shares_something

    def learn(self, lesson: Lesson) -> Learned:
        """Fit; penalty and weight are chosen on held-out groups.

        Raises:
            InputError: When no modality tells of another.
        """
        require_classes(lesson)
        block = lesson.evidence.predicted
        if block is None:
            raise InputError(
                "No modality tells what another would say, so pairs have taught nothing.",
                "add items that carry two modalities",
            )
        kernel = sum_kernels(lesson.evidence.kernels)
        weights = self.config.weights if lesson.folds else (self.config.usual_weight,)
        tried = []
        for weight in weights:
            told = Told.of(block, weight)
            joined = told.beside(kernel, block)
            joined = (joined + joined.T) / 2
            tried.append((fit_ridge(joined, lesson.labels, lesson.folds, lesson.prior), told))
        fit, told = min(tried, key=lambda each: loss(each[0].held_out, lesson.labels))
        return Learned(
            head=PairsHead(fit.model, told),
            held_out=fit.held_out,
            note=f"penalty {fit.penalty:g}, pairs x {told.weight:g}",
        )

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with this ridge."""
        told = subarrays(arrays, "told")
        return PairsHead(
            KernelModel.from_arrays(subarrays(arrays, "ridge")),
            Told(told["rows"], told["origin"], told["scale"].item(), told["weight"].item()),
        )
