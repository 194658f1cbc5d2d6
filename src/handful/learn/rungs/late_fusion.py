"""Ask each modality on its own and take the average: the usual way to join them.

Use when: never in earnest. It stands in the table because it is hard to beat under noise, and
every fusion must be shown beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError
from handful.learn.model.latent_logistic import LogisticModel, fit_logistic
from handful.learn.rungs.base import (
    Arrays,
    Evidence,
    Head,
    Learned,
    Lesson,
    Rung,
    prefixed,
    require_classes,
    subarrays,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """There is nothing to set: penalties are chosen on held-out groups."""


class LateFusionHead(Head):
    """One logistic regression per modality, averaged over those that an item has."""

    def __init__(self, models: Mapping[str, LogisticModel], prior: NDArray[np.float64]) -> None:
        self.models = dict(models)
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """The mean of what the present modalities say; the prior where there is none."""
        said = {
            name: self.models[name].probabilities({"plain": evidence.latents[name]["plain"]})
            for name in evidence.modalities
            if name in self.models
        }
        return _average(said, evidence, self.prior)

    def arrays(self) -> Arrays:
        """The regressions and the prior."""
        arrays: Arrays = {"prior": self.prior}
        for name, model in self.models.items():
            arrays |= prefixed(model.arrays(), name)
        return arrays


class LateFusion(Rung):
    """The mean of per-modality probabilities."""

    is_baseline = True
    config: Config

    def learn(self, lesson: Lesson) -> Learned:
        """Fit one regression per modality that shows at least two classes."""
        require_classes(lesson)
        models: dict[str, LogisticModel] = {}
        said: dict[str, NDArray[np.float64]] = {}
        for name in lesson.evidence.modalities:
            part, rows = lesson.of(name)
            if len(np.unique(part.labels)) < 2:
                continue
            latents = part.evidence.latents[name]
            fit = fit_logistic(latents, part.labels, part.folds, lesson.prior)
            models[name] = fit.model
            if fit.held_out is not None:
                said[name] = np.zeros((len(lesson), len(lesson.classes)))
                said[name][rows] = fit.held_out
        if not models:
            raise InputError(
                "No modality alone shows two classes, so none can speak for itself.",
                "label items of another class that have the same modality",
            )
        held_out = None
        if lesson.folds is not None and said:
            held_out = _average(said, lesson.evidence, lesson.prior)
        return Learned(head=LateFusionHead(models, lesson.prior), held_out=held_out)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with these regressions."""
        names = dict.fromkeys(path.split("/", 1)[0] for path in arrays if "/" in path)
        models = {name: LogisticModel.from_arrays(subarrays(arrays, name)) for name in names}
        return LateFusionHead(models, arrays["prior"])


def _average(
    said: Mapping[str, NDArray[np.float64]], evidence: Evidence, prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    total = np.zeros((len(evidence), len(prior)))
    voices = np.zeros(len(evidence))
    for name, probabilities in said.items():
        present = evidence.present(name)
        total[present] += probabilities[present]
        voices += present
    total[voices == 0] = prior
    return total / np.maximum(voices, 1)[:, None]
