"""What answers given since a training change in all the others, at once and without training anew.

A run stays as it was trained. What people said since is laid over what it says of the library: the
difference between truth and answer, of items put right and of those it was trained on (as it
answered while they were held out), is carried over to items like them as far as held-out groups
bear that out (`numerics/linear/residuals.py`). Nothing is kept, so taking an answer back takes its
effect back. The next training learns from the same answers properly; until then what changes here
is a guess and is never called sure.
"""
# N items, L answers known, K classes

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.foundation.wording import listed
from handful.learn.routes.run import Run
from handful.numerics.linear.blocks import unit_rows
from handful.numerics.linear.residuals import Carried, carry
from handful.use.explore.survey import Survey

MOST_KNOWN = 1500
"""Answers that are compared with each other; of more, all corrections and the newest others."""
_NAMED = 3
"""Answers that are named as the reason of a change."""
_ALIKE = 0.5
"""Likeness from which an answer is named as the reason of a change."""
_BLOCK = 8192
"""Items compared at a time, so that memory stays flat."""

Floats = NDArray[np.float64]


class Because(NamedTuple):
    """One answer that speaks for a change.

    Attributes:
        item: Of the answer.
        answer: What was said of it.
        share: Its part in what answers of the same kind say for the change.
    """

    item: Item
    answer: str
    share: float


@dataclass(frozen=True, slots=True)
class Change:
    """One item of which something else is believed now.

    Attributes:
        item: The item.
        before: What the run says.
        after: What is believed with the corrections.
        share: How probable that is.
        because: The answers behind it, the strongest first.
    """

    item: Item
    before: str
    after: str
    share: float
    because: tuple[Because, ...]

    @property
    def sentence(self) -> str:
        """It in words."""
        told = f"{self.after}, before {self.before}"
        if not self.because:
            return f"{told}; many answers together say so, none above all"
        return f"{told}; it is like {listed(f'{e.item.key} ({e.answer})' for e in self.because)}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "item": self.item.id,
            "key": self.item.key,
            "before": self.before,
            "after": self.after,
            "share": round(self.share, 4),
            "because": [
                {
                    "item": each.item.id,
                    "key": each.item.key,
                    "answer": each.answer,
                    "share": round(each.share, 4),
                }
                for each in self.because
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """All items, with what was said since the training laid over them.

    Attributes:
        said: `[N, K]` what is believed of each item now; 1 for what a person said.
        answered: Ids of items that got an answer, or another one, since the training.
        changed: Other items of which something else is believed now, the most certain first.
        unknown: Answers that the run never learned; they need a training.
        gain: Share of held-out differences that is explained; 0 when nothing is carried over.
    """

    said: Floats
    answered: frozenset[str]
    changed: tuple[Change, ...]
    unknown: tuple[str, ...]
    gain: float

    @property
    def sentence(self) -> str:
        """What came of it, in words."""
        if not self.answered:
            return "Nothing was answered since this run was trained."
        count = len(self.answered)
        told = f"{count} {'answer' if count == 1 else 'answers'} since this run was trained"
        if self.changed:
            others = (
                "another item" if len(self.changed) == 1 else f"{len(self.changed)} other items"
            )
            return f"{told}: of {others} something else is believed now."
        if not self.gain:
            return f"{told}: held-out answers do not say that they tell anything of other items."
        return f"{told}: nothing else is believed of any other item."


def correct(seen: Survey, run: Run, items: Sequence[Item]) -> Corrected:
    """Lay what was said since a training over what its run says.

    Args:
        seen: The library as the run sees it; it must answer.
        run: The run.
        items: The library's items as they are now, with their labels.

    Returns:
        What is believed now.
    """
    classes = list(run.model.classes)
    said = seen.said[""].astype(np.float64)
    known = _Known.of(seen, run, items, said)
    unknown = tuple(sorted(known.unknown))
    if not known.fresh:
        return Corrected(said, known.answered, (), unknown, 0.0)
    likeness = _Likeness.of(seen)
    groups = np.array([seen.items[row].group or seen.items[row].id for row in known.rows])
    kernels = {kind: likeness.between(known.rows, known.rows, kind) for kind in KINDS}
    carried = carry(kernels, known.differences, groups)
    believed = _believed(said, likeness, known.rows, carried)
    for row, answer in known.settled.items():
        believed[row] = np.eye(len(classes))[answer]
    changed = _changes(seen, classes, said, believed, likeness, carried, known)
    return Corrected(believed, known.answered, changed, unknown, carried.gain)


class _Known(NamedTuple):
    """What people said, beside what the run says of the same items.

    Attributes:
        rows: `[L]` items to learn differences from.
        truth: `[L]` class number that a person gave each.
        differences: `[L, K]` truth less what the run said of it without having seen that answer.
        fresh: How many of these were said or changed since the training.
        answered: Ids of all items of which something was said or changed since.
        settled: Item to the class number that a person gave it, learned from or not.
        unknown: Answers that the run never learned.
    """

    rows: NDArray[np.intp]
    truth: NDArray[np.intp]
    differences: Floats
    fresh: int
    answered: frozenset[str]
    settled: Mapping[int, int]
    unknown: frozenset[str]

    @classmethod
    def of(cls, seen: Survey, run: Run, items: Sequence[Item], said: Floats) -> _Known:
        place = {name: at for at, name in enumerate(run.model.classes)}
        now = {item.id: item.label(run.task) for item in items}
        held_out = {each["item"]: each for each in run.held_out()}
        answered, unknown, settled = set(), set(), {}
        old: list[tuple[int, Floats]] = []
        fresh: list[tuple[int, Floats]] = []
        for row, item in enumerate(seen.items):
            label, before = now.get(item.id), held_out.get(item.id)
            if label is None:
                continue
            is_new = before is None or before["truth"] != label
            if is_new:
                answered.add(item.id)
            if label not in place:
                unknown.add(label)
                continue
            settled[row] = place[label]
            own = np.array(before["probabilities"]) if before else said[row]
            if np.isfinite(own).all():
                (fresh if is_new else old).append((row, own))
        taken = [*old[-max(1, MOST_KNOWN - len(fresh)) :], *fresh][-MOST_KNOWN:]
        rows = np.array([row for row, _ in taken], dtype=np.intp)
        truth = np.array([settled[row] for row, _ in taken], dtype=np.intp)
        told = np.array([own for _, own in taken]).reshape(len(taken), len(place))
        return cls(
            rows=rows,
            truth=truth,
            differences=np.eye(len(place))[truth] - told,
            fresh=len(fresh),
            answered=frozenset(answered),
            settled=settled,
            unknown=frozenset(unknown),
        )


KINDS = ("near", "wide")
"""Kernels to choose from: near looks at what is alike, wide at every direction."""


class _Likeness(NamedTuple):
    """Rows of length one per modality, who has them, and at which cosine strangers begin."""

    rows: Mapping[str, NDArray[np.floating]]
    present: Mapping[str, NDArray[np.bool_]]
    width: Mapping[str, float]

    @classmethod
    def of(cls, seen: Survey) -> _Likeness:
        rows, present, width = {}, {}, {}
        for name, named in seen.latents.items():
            block = named["plain"]
            rows[name] = unit_rows(np.where(block.present[:, None], block.values, 0))
            present[name] = block.present
            scale = seen.scales.get((name, name))
            middle = scale.middle if scale and scale.slope else 0.5
            width[name] = max(0.05, 1 - middle) / np.log(2)
        return cls(rows, present, width)

    def between(self, first: NDArray[np.intp], second: NDArray[np.intp], kind: str) -> Floats:
        """`[A, B]` likeness, 1 with itself; only modalities that both have count."""
        total = np.zeros((len(first), len(second)))
        for name, rows in self.rows.items():
            cosine = np.asarray(rows[first] @ rows[second].T, dtype=np.float64)
            if kind == "near":
                cosine = np.exp((np.minimum(cosine, 1.0) - 1) / self.width[name])
            here, there = self.present[name][first], self.present[name][second]
            total += cosine * np.outer(here, there)
        has = np.sum(list(self.present.values()), axis=0)
        return total / np.sqrt(np.outer(np.maximum(has[first], 1), np.maximum(has[second], 1)))


def _believed(said: Floats, likeness: _Likeness, at: NDArray[np.intp], carried: Carried) -> Floats:
    """What was said plus the differences that are carried over, as probabilities."""
    believed = said.copy()
    if not carried.kernel:
        return believed
    for start in range(0, len(said), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(said)))
        believed[rows] += likeness.between(rows, at, carried.kernel) @ carried.weights
    believed = np.maximum(believed, 1e-6)
    return believed / believed.sum(axis=1, keepdims=True)


def _changes(
    seen: Survey,
    classes: Sequence[str],
    said: Floats,
    believed: Floats,
    likeness: _Likeness,
    carried: Carried,
    known: _Known,
) -> tuple[Change, ...]:
    """Items nobody answered of which something else is believed, with the answers behind it."""
    others = np.ones(len(said), dtype=bool)
    others[list(known.settled)] = False
    different = np.flatnonzero(others & (believed.argmax(axis=1) != said.argmax(axis=1)))
    different = different[np.argsort(-believed[different].max(axis=1), kind="stable")]
    if not len(different):
        return ()
    alike = likeness.between(different, known.rows, carried.kernel)
    found = []
    for place, row in enumerate(different):
        before, after = int(said[row].argmax()), int(believed[row].argmax())
        pull = alike[place] * (carried.weights[:, after] - carried.weights[:, before])
        pull = np.where((known.truth == after) & (alike[place] >= _ALIKE), pull, 0)
        strongest = [each for each in np.argsort(-pull)[:_NAMED] if pull[each] > 0]
        total = float(np.maximum(pull, 0).sum()) or 1.0
        because = tuple(
            Because(seen.items[known.rows[each]], classes[after], float(pull[each]) / total)
            for each in strongest
        )
        found.append(
            Change(
                item=seen.items[row],
                before=classes[before],
                after=classes[after],
                share=float(believed[row, after]),
                because=because,
            )
        )
    return tuple(found)
