"""Let the modalities of an item look at each other before it is answered.

Use when: there are some hundred labels and the answer lies in how modalities go together. Each
modality that an item has gives a few tokens from its latents; a few bottleneck tokens gather from
them through attention; an absent modality gives no token.
Needs: torch to learn, numpy to answer. Cost: `budget_s` processor seconds per lesson, or less.
Source: bottleneck tokens of Nagrani et al., Attention Bottlenecks for Multimodal Fusion,
NeurIPS 2021, in pre-norm layers; a straight line from the tokens to the scores stands beside them.
"""
# M items, T tokens, D numbers of a token, K classes

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, MissingExtraError, require
from handful.foundation.hardware.extras import find_module
from handful.learn.model.held_out import choose, reserve, shown
from handful.learn.rungs.attention_fusion.answering import Weights, answer_scores
from handful.learn.rungs.attention_fusion.tokens import Scales
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
from handful.numerics.linear.logistic import softmax


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How large the head is, and how long it learns."""

    budget_s: float = 10.0
    """Processor seconds of one lesson with its folds, on a slow core; 2 to 600. It is turned into
    a number of steps, so that the same seed gives the same head on any machine."""
    fewest: int = 100
    """With fewer labelled items it is not tried; 60 to 500 is sensible."""
    fewest_passes: int = 20
    """It is not tried either where `budget_s` buys fewer passes over the items; 10 to 60. With six
    450 pots were answered worse than by words alone (60.0 % against 61.3 %), at 29 CPU s."""
    width: int = 48
    """Numbers per token; a multiple of `heads`, 32 to 128 is usual."""
    heads: int = 4
    """Parts in which tokens are compared; 2 to 8."""
    layers: int = 1
    """Attention layers; 1 or 2."""
    tokens: int = 2
    """Tokens per kind of latents of a modality; 1 to 4."""
    bottlenecks: int = 4
    """Tokens that gather from the others; 2 to 8."""
    hidden: float = 0.3
    """Share of values hidden in training, so that the head answers without them too."""
    batch: int = 64
    """Items per step; 32 to 256."""
    learning_rate: float = 2e-3
    """Step of AdamW; 5e-4 to 5e-3."""

    def __post_init__(self) -> None:
        require(self.budget_s > 0, "budget_s", self.budget_s, "above 0")
        fits = self.heads >= 1 and self.width >= self.heads and self.width % self.heads == 0
        require(1 <= self.fewest_passes <= 60, "fewest_passes", self.fewest_passes, "1 to 60")
        require(fits, "width", self.width, f"a multiple of heads ({self.heads})")
        require(1 <= self.layers <= 4, "layers", self.layers, "1 to 4")
        require(self.tokens >= 1, "tokens", self.tokens, "1 or more")
        require(self.bottlenecks >= 1, "bottlenecks", self.bottlenecks, "1 or more")
        require(0 <= self.hidden < 1, "hidden", self.hidden, "in [0, 1)")
        require(self.batch >= 2, "batch", self.batch, "2 or more")
        require(0 < self.learning_rate <= 0.1, "learning_rate", self.learning_rate, "in (0, 0.1]")


class AttentionHead(Head):
    """A trained head as plain arrays; answering loads no torch.

    Args:
        scales: From latents to scaled inputs.
        weights: Of the network.
        temperature: What the scores are divided by.
        seen: `[K]` true for classes that had a label.
        prior: `[K]` how common each class is.
    """

    def __init__(
        self,
        scales: Scales,
        weights: Weights,
        temperature: float,
        seen: NDArray[np.bool_],
        prior: NDArray[np.float64],
    ) -> None:
        self.scales = scales
        self.weights = weights
        self.temperature = temperature
        self.seen = seen
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Scores through a softmax; the prior for an item that has none of its modalities."""
        given = self.scales.inputs(evidence)
        found = np.tile(self.prior, (len(evidence), 1))
        rows = np.flatnonzero(given.has_any)
        if len(rows):
            scores = answer_scores(self.weights, given.take(rows))
            said = softmax(scores.astype(np.float64) / self.temperature)
            found[rows] = reserve(said, self.seen, self.prior)
        return found

    def arrays(self) -> Arrays:
        """Scales, weights, temperature and prior."""
        return {
            **prefixed(self.scales.arrays(), "scales"),
            **prefixed(self.weights, "weights"),
            "temperature": np.asarray(self.temperature),
            "seen": self.seen,
            "prior": self.prior,
        }


class AttentionFusion(Rung):
    """Bottleneck attention over the tokens of the modalities that an item has."""

    height = 7
    needs_several = True
    needs_torch = True
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """How long to learn, and a temperature."""
        return 2

    def learn(self, lesson: Lesson) -> Learned:
        """Learn; how long is chosen on held-out groups.

        Raises:
            MissingExtraError: Without torch.
            InputError: With too few labels or too small a budget, or when the items have a single
            modality.
        """
        require_classes(lesson)
        if not find_module("torch").is_installed:
            raise MissingExtraError("Attention over modalities", "torch", "train")
        scales = self._scales(lesson)
        from handful.learn.rungs.attention_fusion import training

        given, config = scales.inputs(lesson.evidence), self.config
        looks = training.looks_of(len(lesson), lesson.folds, scales, config)
        seen = shown(lesson.labels, len(lesson.classes))
        everything = np.flatnonzero(given.has_any)
        temperature, held_out, steps = 1.0, None, looks[len(looks) // 2]
        if lesson.folds is not None:
            path = training.held_out_path(given, lesson, looks, config)
            # The fewest steps win among equals, as the strongest penalty does.
            fewest = [-float(step) for step in looks]
            choice = choose(path, fewest, lesson.labels, lesson.folds, lesson.prior)
            steps, temperature = looks[choice.place], choice.temperature
            held_out = np.where(given.has_any[:, None], choice.held_out, lesson.prior)
        (weights,) = training.fit(given, everything, lesson, [steps], config)
        head = AttentionHead(scales, weights, temperature, seen, lesson.prior)
        return Learned(head=head, held_out=held_out, note=f"{steps} steps")

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with these weights."""
        return AttentionHead(
            Scales.from_arrays(subarrays(arrays, "scales")),
            subarrays(arrays, "weights"),
            arrays["temperature"].item(),
            arrays["seen"],
            arrays["prior"],
        )

    def _scales(self, lesson: Lesson) -> Scales:
        several = len(lesson.evidence.modalities)
        if several < 2:
            raise InputError(
                f"The labelled items have {several} modality, and attention joins two or more.",
                "add items that carry two modalities",
            )
        if len(lesson) < self.config.fewest:
            raise InputError(
                f"{len(lesson)} items have labels; attention is tried from "
                f"{self.config.fewest} on.",
                "label more items",
            )
        return Scales.fit(lesson.evidence)
