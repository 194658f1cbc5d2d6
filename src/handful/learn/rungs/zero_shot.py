"""Answer by what the classes are called, from no example at all.

Use when: the names are words that the library's own texts use, items with words and something else
have taught what photos or sounds have to do with words, and nobody has labelled anything yet.
Needs: predicted latents and class names. Cost: nothing.
Source: zero-shot classification by cross-modal nearness, Socher et al., NeurIPS 2013. Without any
label: kinds of pots .62 of six, groups of emoji from their picture .42 of nine, stamps .28 of nine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError
from handful.learn.model.held_out import reserve
from handful.learn.model.names import Names
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
from handful.numerics.decide.calibrate import Temperature
from handful.numerics.linear.logistic import softmax


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """There is nothing to set: the temperature is chosen on held-out groups."""


class NamesHead(Head):
    """Nearness to class names, through a softmax.

    Args:
        names: Where the class names stand.
        temperature: What nearness is divided by.
        prior: `[K]` how common each class is.
    """

    def __init__(self, names: Names, temperature: float, prior: NDArray[np.float64]) -> None:
        self.names = names
        self.temperature = temperature
        self.prior = prior

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Nearness to each name; the prior for an item that has no place among words."""
        found = np.tile(self.prior, (len(evidence), 1))
        block = evidence.predicted
        if block is not None and block.present.any():
            said = softmax(self.names.likeness(block) / self.temperature)
            held = block.present
            found[held] = reserve(said, self.names.known, self.prior)[held]
        return found

    def arrays(self) -> Arrays:
        """The places of the names, the temperature and the prior."""
        return {
            **prefixed(self.names.arrays(), "names"),
            "temperature": np.asarray(self.temperature),
            "prior": self.prior,
        }


class ZeroShot(Rung):
    """Learns nothing from labels but how firmly to speak."""

    needs_pairs = True
    needs_names = True
    height = 7
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """A temperature."""
        return 1

    def learn(self, lesson: Lesson) -> Learned:
        """Place the names; labelled items, where there are any, tell how firmly to speak.

        Raises:
            InputError: When the names say nothing that the library knows.
        """
        if len(lesson):
            require_classes(lesson)
        block = lesson.evidence.predicted
        names = Names.of(lesson.names, block)
        if names is None or block is None:
            raise InputError(
                f"The names {', '.join(lesson.classes[:5])} say nothing that the texts of the "
                "library say.",
                "label some items of each, or use words that occur in the texts",
            )
        prior = lesson.prior
        if lesson.folds is None:
            return Learned(head=NamesHead(names, 1.0, prior), held_out=None, note="names alone")
        asked = np.flatnonzero(block.present & names.known[lesson.labels])
        scores = names.likeness(block)[:, names.known]
        own = np.cumsum(names.known)[lesson.labels] - 1

        def speaking(rows: NDArray[np.intp]) -> NamesHead:
            """As firmly as some labelled items bear out."""
            taught = rows[np.isin(rows, asked)]
            if not len(taught):
                return NamesHead(names, 1.0, prior)
            return NamesHead(names, Temperature.fit(scores[taught], own[taught]).common, prior)

        held_out = np.empty((len(lesson), len(lesson.classes)))
        for train, test in lesson.folds:
            held_out[test] = speaking(train).probabilities(lesson.evidence)[test]
        head = speaking(np.arange(len(lesson)))
        return Learned(head=head, held_out=held_out, note="names alone")

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head with these names."""
        names = Names.from_arrays(subarrays(arrays, "names"))
        return NamesHead(names, arrays["temperature"].item(), arrays["prior"])
