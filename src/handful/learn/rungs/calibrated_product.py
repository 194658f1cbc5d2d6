"""Ask each modality on its own, then multiply what they say.

Use when: modalities know different things (a flaw is seen, a crack is heard), or an item often
lacks some. A modality says nothing of a class that it has never met. Cost: two small models per
modality.
Source: the product rule of Kittler et al., On combining classifiers, TPAMI 1998, on calibrated
probabilities; unweighted, because weights tuned on easier data lost three points in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, require
from handful.learn.model.held_out import loss
from handful.learn.model.kernel_ridge import KernelFit, KernelModel, fit_ridge
from handful.learn.model.latent_logistic import LogisticFit, LogisticModel, fit_logistic
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
from handful.numerics.linear.fusion import multiply_probabilities, sum_kernels

Voice = KernelModel | LogisticModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How each modality makes up its mind."""

    voice: Literal["best", "kernel", "logistic"] = "best"
    """`kernel` compares with every labelled item, `logistic` draws a line through the latents;
    `best` takes for each modality whichever says more about held-out items."""

    def __post_init__(self) -> None:
        known = ("best", "kernel", "logistic")
        require(self.voice in known, "voice", self.voice, "`best`, `kernel` or `logistic`")


class ProductHead(Head):
    """One model per modality, multiplied over those that an item has."""

    def __init__(self, voices: Mapping[str, Voice], prior: NDArray[np.float64]) -> None:
        self.voices = dict(voices)
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """The calibrated product; an absent modality is a missing factor."""
        said, present = {}, {}
        for modality in evidence.modalities:
            if modality in self.voices:
                present[modality] = evidence.present(modality)
                said[modality] = _ask(self.voices[modality], evidence, modality)
        if not said:
            return np.tile(self.prior, (len(evidence), 1))
        return multiply_probabilities(said, present, self.prior)

    def arrays(self) -> Arrays:
        """The models, each below its kind and modality, and the prior."""
        arrays: Arrays = {"prior": self.prior}
        for modality, voice in self.voices.items():
            arrays |= prefixed(voice.arrays(), f"{_kind(voice)}/{modality}")
        return arrays


class CalibratedProduct(Rung):
    """Per-modality models whose calibrated probabilities are multiplied."""

    height = 4
    needs_kernels = True
    needs_several = True
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """A model, a penalty and a temperature per modality."""
        return 3 * len(lesson.evidence.modalities)

    def learn(self, lesson: Lesson) -> Learned:
        """Fit every modality that shows at least two classes; the others stay silent."""
        require_classes(lesson)
        voices: dict[str, Voice] = {}
        said: dict[str, NDArray[np.float64]] = {}
        for modality in lesson.evidence.modalities:
            part, rows = lesson.of(modality)
            if len(np.unique(part.labels)) < 2:
                continue
            fit = self._voice(part, modality, lesson.prior)
            voices[modality] = fit.model
            if fit.held_out is not None:
                said[modality] = np.zeros((len(lesson), len(lesson.classes)))
                said[modality][rows] = fit.held_out
        if not voices:
            raise InputError(
                "No modality alone shows two classes, so none can speak for itself.",
                "label items of another class that have the same modality",
            )
        together = None
        if lesson.folds is not None and said:
            present = {modality: lesson.evidence.present(modality) for modality in said}
            together = multiply_probabilities(said, present, lesson.prior)
        note = ", ".join(f"{name}: {_kind(voice)}" for name, voice in voices.items())
        return Learned(head=ProductHead(voices, lesson.prior), held_out=together, note=note)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with these models."""
        voices: dict[str, Voice] = {}
        for path in arrays:
            if path == "prior":
                continue
            kind, modality, _ = path.split("/", 2)
            if modality not in voices:
                inner = subarrays(arrays, f"{kind}/{modality}")
                restore = KernelModel if kind == "kernel" else LogisticModel
                voices[modality] = restore.from_arrays(inner)
        return ProductHead(voices, arrays["prior"])

    def _voice(
        self, part: Lesson, modality: str, prior: NDArray[np.float64]
    ) -> KernelFit | LogisticFit:
        """The model of one modality that says most about held-out items."""
        fits: list[KernelFit | LogisticFit] = []
        has_kernel = modality in part.evidence.kernels.kernels
        if self.config.voice != "kernel" or not has_kernel:
            latents = part.evidence.latents[modality]
            fits.append(fit_logistic(latents, part.labels, part.folds, prior))
        if self.config.voice != "logistic" and has_kernel:
            kernel = sum_kernels(part.evidence.kernels)
            fits.append(fit_ridge(kernel, part.labels, part.folds, prior))
        return min(fits, key=lambda fit: loss(fit.held_out, part.labels))


def _ask(voice: Voice, evidence: Evidence, modality: str) -> NDArray[np.float64]:
    if isinstance(voice, LogisticModel):
        return voice.probabilities({"plain": evidence.latents[modality]["plain"]})
    learned_from = evidence.kernels.columns[modality]
    return voice.probabilities(sum_kernels(evidence.kernels, (modality,))[:, learned_from])


def _kind(voice: Voice) -> str:
    return "kernel" if isinstance(voice, KernelModel) else "logistic"
