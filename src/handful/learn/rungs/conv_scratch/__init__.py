"""Train a small network from scratch on the labelled files themselves.

Use when: never in earnest. It stands in the table because it is what "train a network" means
without pretrained weights; it overtakes closed forms only with many labels and minutes of time.
Needs: torch, and decoded files. Cost: `budget_s` processor seconds per fit, or less.
Source: small towers of strided convolutions with batch normalisation, Ioffe & Szegedy, ICML 2015,
joined late. On 210 pieces of pottery of unseen firings it told .56 of the kinds and .71 of the
grades in 11 processor seconds; other learning rates and poolings were within three points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, MissingExtraError, UsageError, require
from handful.foundation.hardware.extras import find_module
from handful.learn.model.held_out import reserve, shown
from handful.learn.rungs.base import Arrays, Evidence, Head, Learned, Lesson, Rung, require_classes
from handful.numerics.linear.logistic import softmax

if TYPE_CHECKING:
    from handful.learn.rungs.conv_scratch.network import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How long it trains, and on what size of batch."""

    budget_s: float = 20.0
    """Processor seconds of one fit on a slow core; 5 to 600. It is turned into a number of
    steps, so that the same seed gives the same network on any machine."""
    batch: int = 32
    """Items per step; 16 to 128."""
    learning_rate: float = 3e-3
    """Largest step of AdamW, reached after a tenth of the steps; 5e-4 to 5e-3."""

    def __post_init__(self) -> None:
        require(self.budget_s > 0, "budget_s", self.budget_s, "above 0")
        require(self.batch >= 2, "batch", self.batch, "2 or more")
        require(0 < self.learning_rate <= 0.1, "learning_rate", self.learning_rate, "in (0, 0.1]")


class ConvScratchHead(Head):
    """A trained network and the temperature of its scores."""

    def __init__(
        self,
        network: Network,
        temperature: float,
        seen: NDArray[np.bool_],
        prior: NDArray[np.float64],
    ) -> None:
        self.network = network
        self.temperature = temperature
        self.seen = seen
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Scores through a softmax; the prior for an item with no file.

        Raises:
            UsageError: When the evidence holds no decoded files.
        """
        from handful.learn.rungs.conv_scratch.inputs import prepare
        from handful.learn.rungs.conv_scratch.network import scores

        given = prepare(_inputs(evidence), self.network.modalities, len(evidence))
        found = softmax(scores(self.network, given) / self.temperature)
        found = reserve(found, self.seen, self.prior)
        found[~given.has_any] = self.prior
        return found

    def arrays(self) -> Arrays:
        """Not possible: a network that only stands to be beaten is not released.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "The small network is a baseline and is not released.", "release another rung"
        )


class ConvScratch(Rung):
    """One small tower per modality, joined late, trained on labels alone."""

    is_baseline = True
    needs_torch = True
    needs_inputs = True
    needs_evidence = False
    config: Config

    def learn(self, lesson: Lesson) -> Learned:
        """Train; one fold of groups is held out to stop on and to calibrate.

        Raises:
            MissingExtraError: Without torch.
            InputError: When no item has a file, or only one class has labels.
        """
        require_classes(lesson)
        if not find_module("torch").is_installed:
            raise MissingExtraError("Training a small network", "torch", "train")
        from handful.learn.rungs.conv_scratch.inputs import prepare
        from handful.learn.rungs.conv_scratch.training import train

        given = prepare(_inputs(lesson.evidence), lesson.evidence.modalities, len(lesson))
        if not given.has_any.any():
            raise InputError("No labelled item has a file.", "add the items' files")
        trained = train(given, lesson, self.config)
        seen = shown(lesson.labels, len(lesson.classes))
        head = ConvScratchHead(trained.network, trained.temperature, seen, lesson.prior)
        return Learned(head=head, held_out=None, note=f"{trained.steps} steps")

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """Not possible, as nothing was saved.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "The small network is a baseline and is not released.", "release another rung"
        )


def _inputs(evidence: Evidence) -> Mapping[str, list[Any]]:
    if evidence.inputs is None:
        raise UsageError(
            "The small network learns from files, and none were decoded.",
            "give the evidence its inputs",
        )
    return evidence.inputs
