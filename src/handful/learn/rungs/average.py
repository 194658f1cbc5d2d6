"""Believe all: the mean of what kernels say, with and without pairs, and a straight-line rule.

Use when: nobody knows which of them suits a library, as with few labels. The kernels compare whole
items, two of the three know what pairs without labels have taught, and each fails where the others
do not. Needs: kernels and latents. Cost: nothing beside the rungs that it is made of.
Source: averaging of models, Hoeting et al., Statistical Science 1999. On groups held out, two
labels per class: kinds of pots .467 where the kernels alone had .337, their grades .428 (.427),
stamps .520 (.508).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.components import make
from handful.learn.rungs.base import (
    Arrays,
    Evidence,
    Head,
    Learned,
    Lesson,
    Rung,
    prefixed,
    subarrays,
)

ROOM = "handful.learn.rungs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """There is nothing to set: all count alike."""


class AverageHead(Head):
    """Several heads, and the mean of their probabilities.

    Args:
        heads: Rung to what it learned.
    """

    def __init__(self, heads: Mapping[str, Head]) -> None:
        self.heads = dict(heads)

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """The mean; the prior for an item with no modality, as each of the heads has it."""
        return _mean([head.probabilities(evidence) for head in self.heads.values()])

    def arrays(self) -> Arrays:
        """The arrays of every head, below its rung's name."""
        arrays: Arrays = {}
        for name, head in self.heads.items():
            arrays |= prefixed(head.arrays(), name)
        return arrays


class Average(Rung):
    """The mean of kernel ridge, with and without pairs, and latent logistic regression."""

    needs_kernels = True
    height = 0
    made_of = ("kernel_sum", "kernel_pairs", "logistic_joint")
    config: Config

    def choices(self, lesson: Lesson) -> int:
        """Nothing of its own; what flatters one is diluted by the others."""
        return 3

    def learn(self, lesson: Lesson) -> Learned:
        """Learn by all that can."""
        able = [_rung(name) for name in self.made_of]
        wanted = [rung for rung in able if lesson.shares_something or not rung.needs_pairs]
        return self.join({rung.name: rung.learn(lesson) for rung in wanted})

    def join(self, parts: Mapping[str, Learned]) -> Learned:
        """Average what the rungs learned."""
        ordered = {name: parts[name] for name in self.made_of if name in parts}
        said = [part.held_out for part in ordered.values() if part.held_out is not None]
        return Learned(
            head=AverageHead({name: part.head for name, part in ordered.items()}),
            held_out=_mean(said) if len(said) == len(ordered) else None,
            note="; ".join(
                f"{name.replace('_', ' ')}: {part.note}" for name, part in ordered.items()
            ),
        )

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The heads of all that learned."""
        held = {path.partition("/")[0] for path in arrays}
        return AverageHead(
            {
                name: _rung(name).restore(subarrays(arrays, name))
                for name in self.made_of
                if name in held
            }
        )


def _rung(name: str) -> Rung:
    return make(ROOM, name, Rung)


def _mean(said: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.mean(said, axis=0)
    return found
