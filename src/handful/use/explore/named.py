"""Words that name what runs can answer: their probabilities, and what people said, for every item.

For `cracked bowl` a run for `grade` and one for `kind` say how probable `cracked` and `bowl` are
for each item, so that items are found which nobody labelled and no note describes.
"""
# N items, K classes

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.use.explore.words import alikeness, split

_TELLS = {"text": "reads as", "image": "looks like", "audio": "sounds"}


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one run says of every item.

    Attributes:
        task: What it answers, such as `grade`.
        classes: K names.
        said: `""` to `[N, K]` probabilities from all that an item has, and each modality's name to
            those from it alone, zeros where it is absent.
        truths: `[N]` what people answered; None where nobody did.
    """

    task: str
    classes: tuple[str, ...]
    said: Mapping[str, NDArray[np.floating]]
    truths: Sequence[str | None]

    @classmethod
    def of(
        cls,
        task: str,
        classes: Sequence[str],
        said: Mapping[str, NDArray[np.floating]],
        items: Sequence[Item],
    ) -> Answers:
        """Join what a run says with what people said.

        Args:
            task: What it answers.
            classes: K names.
            said: As in the attributes.
            items: `N` of them.
        """
        return cls(task, tuple(classes), said, [item.label(task) for item in items])

    def ask(self, word: str) -> Named | None:
        """How far each item is what a word names.

        Args:
            word: Folded, as `words.split` gives it.

        Returns:
            None when the word names none of the classes.
        """
        match = np.zeros(len(self.classes))
        for place, name in enumerate(self.classes):
            match[place] = max(alikeness(word, split(name)), default=0.0)
        if not match.any():
            return None
        meant = match == match.max()
        strength = self.said[""][:, meant].sum(axis=1).astype(np.float64)
        names = {name for name, is_meant in zip(self.classes, meant, strict=True) if is_meant}
        is_known = np.array([truth is not None for truth in self.truths], dtype=bool)
        is_meant = np.array([truth in names for truth in self.truths], dtype=bool)
        strength[is_known] = is_meant[is_known]
        return Named(self, np.flatnonzero(meant), strength * match.max(), is_known)


class Named(NamedTuple):
    """What a word of the query names among the classes of one run.

    Attributes:
        answers: Of that run.
        classes: Places of the classes that are meant.
        strength: `[N]` from 0 to 1: the probability, or 1 and 0 where somebody answered.
        is_known: `[N]` true where somebody answered.
    """

    answers: Answers
    classes: NDArray[np.intp]
    strength: NDArray[np.float64]
    is_known: NDArray[np.bool_]

    def why(self, row: int) -> tuple[str, str]:
        """In words, such as `sounds` and `cracked 93 %`.

        Args:
            row: Of an item.
        """
        if self.is_known[row]:
            return "labelled", str(self.answers.truths[row])
        own = self.answers.said[""][row]
        best = int(self.classes[own[self.classes].argmax()])
        alone = {name: said[row, best] for name, said in self.answers.said.items() if name}
        loudest = max(alone, key=lambda name: alone[name], default="")
        verb = _TELLS.get(loudest, "seems")
        name = self.answers.classes[best]
        # Never 100 %: a run is not certain of anything.
        return verb, f"{name} {min(99, round(100 * self.strength[row]))} %"
