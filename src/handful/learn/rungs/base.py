"""What a rung is: it learns from labelled items and gives probabilities for new ones.

Rungs never see files. They see `Evidence`: kernels between items, latents of items, or raw views,
each with its presence, all made without labels. A rung answers from any subset of the modalities,
with the prior when nothing is left, and an absent modality changes nothing.

The ladder has an order. Rungs low on it choose little on held-out answers, so what these promise
holds best; a rung further up is taken only when it is better by more than chance explains.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, did_you_mean
from handful.learn.model.kernel_ridge import KernelModel
from handful.learn.model.unlike import Look
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.folds import Folds, split
from handful.numerics.linear.fusion import sum_kernels
from handful.numerics.linear.kernels import Blocks, Parts

Arrays = dict[str, NDArray[Any]]

PREDICTED = "predicted"
"""The block of what an item's modalities tell of all, beside the plain blocks of each."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What is known of `M` items, without labels.

    Attributes:
        kernels: `[M, N]` per modality between these items and the items a rung learns from.
        latents: Modality to name (`plain`, `shared`, `predicted`) to `[M, D]` with presence:
            compact numbers.
        views: Modality to view to `[M, D]` with presence: everything the towers said.
        inputs: Modality to decoded values, one per item, None where absent; only for rungs that
            learn from raw files.
        lean: Like `kernels`, for the modalities that fewer views may serve better: a view of
            the colours, say, misleads where every group has a background of its own.
        lean_latents: Like `latents`, of those fewer views; of all modalities, since they share.
        look: How far out the items are from all that a model knew; no rung looks at it.
    """

    kernels: Parts
    latents: Blocks
    views: Blocks
    inputs: Mapping[str, list[Any]] | None = None
    lean: Parts = field(default_factory=lambda: Parts({}, {}, {}))
    lean_latents: Blocks = field(default_factory=dict)
    look: Look | None = None

    def __len__(self) -> int:
        return len(next(iter(next(iter(self.latents.values())).values())))

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that some item has, in the order of training."""
        return tuple(name for name in self.latents if self.present(name).any())

    @property
    def has_any(self) -> NDArray[np.bool_]:
        """`[M]` true where the item has at least one modality."""
        return np.any([self.present(name) for name in self.latents], axis=0)

    def present(self, modality: str) -> NDArray[np.bool_]:
        """`[M]` true where the item has a modality."""
        return next(iter(self.latents[modality].values())).present

    @property
    def predicted(self) -> Block | None:
        """`[M, S]` what an item's modalities, on average, tell of all; None where none does.

        One place for all modalities, so that labels put on one teach the others.
        """
        told = [named["predicted"] for named in self.latents.values() if "predicted" in named]
        told = [block for block in told if block.present.any()]
        if not told:
            return None
        total = np.zeros((len(self), told[0].width))
        count = np.zeros(len(self))
        for block in told:
            total[block.present] += block.rows
            count += block.present
        return Block(values=total / np.maximum(count, 1)[:, None], present=count > 0)

    def only(self, modalities: Collection[str] | None) -> Evidence:
        """The same items as if they had only some of the modalities.

        What the rung learned from stays as it is: the answer is for an item that lacks the rest.

        Args:
            modalities: Those to keep, none of them for items with nothing; all when None.

        Raises:
            UsageError: When one is unknown.
        """
        if modalities is None:
            return self
        for name in modalities:
            if name not in self.latents:
                raise UsageError(
                    f"There is no modality `{name}`.", did_you_mean(name, self.latents)
                )
        return Evidence(
            kernels=_parts_only(self.kernels, modalities),
            lean=_parts_only(self.lean, modalities),
            latents=_hide(self.latents, modalities),
            lean_latents=_hide(self.lean_latents, modalities),
            views=_hide(self.views, modalities),
            inputs=None
            if self.inputs is None
            else {
                name: values if name in modalities else [None] * len(values)
                for name, values in self.inputs.items()
            },
        )

    def alone(self, modality: str) -> Evidence:
        """The same items as if neither they nor those learned from had another modality.

        `only` hides modalities from an answer; this hides them from learning too, and what pairs
        have taught with them.

        Args:
            modality: The one to keep.
        """
        return Evidence(
            kernels=_parts_alone(self.kernels, modality),
            lean=_parts_alone(self.lean, modality),
            latents={modality: self.latents[modality]},
            lean_latents=_kept(self.lean_latents, modality),
            views=_kept(self.views, modality),
            inputs=None if self.inputs is None else {modality: self.inputs[modality]},
        ).without_pairs()

    def without_pairs(self) -> Evidence:
        """The same items as if no item with two modalities had taught anything."""
        return replace(self, latents=_plain(self.latents), lean_latents=_plain(self.lean_latents))

    def take(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Evidence:
        """Some of the items, against some of the items learned from.

        Args:
            rows: Which of these items.
            columns: Which of the training items the kernels keep.
        """
        return Evidence(
            kernels=_parts_taken(self.kernels, rows, columns),
            lean=_parts_taken(self.lean, rows, columns),
            latents=_take(self.latents, rows),
            lean_latents=_take(self.lean_latents, rows),
            views=_take(self.views, rows),
            inputs=None
            if self.inputs is None
            else {name: [values[row] for row in rows] for name, values in self.inputs.items()},
        )

    def leaner(self, modalities: Collection[str]) -> Evidence:
        """The same items, with the lean kernels of some modalities in place of the full ones.

        Args:
            modalities: Those to go lean; with any of them the latents do too.
        """
        full, lean = self.kernels, self.lean

        def swapped(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
            return {name: part[name] if name in modalities else whole[name] for name in whole}

        return replace(
            self,
            kernels=Parts(
                swapped(full.kernels, lean.kernels),
                swapped(full.rows, lean.rows),
                swapped(full.columns, lean.columns),
            ),
            lean=Parts({}, {}, {}),
            latents=self.lean_latents if modalities and self.lean_latents else self.latents,
            lean_latents={},
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lesson:
    """Labelled items to learn from.

    Attributes:
        evidence: Of the `N` labelled items; its kernels are `[N, N]`.
        labels: `[N]` class numbers.
        classes: The K class names.
        folds: Group-aware folds to choose penalties and calibrate on; None when the labels are
            too few to hold any out.
        seed: Everything random follows from it.
        names: `[K, S]` where the class names stand among what modalities predict of all, absent
            where a name says nothing that the library knows; None where nothing is predicted.
        lean_names: The same among the predictions of fewer views.
    """

    evidence: Evidence
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    folds: Folds | None
    seed: int = 0
    names: Block | None = None
    lean_names: Block | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def prior(self) -> NDArray[np.float64]:
        """`[K]` how common each class is, one added to every count."""
        counts = np.bincount(self.labels, minlength=len(self.classes)) + 1.0
        return counts / counts.sum()

    @property
    def shares_something(self) -> bool:
        """Whether some modality tells what another would say."""
        return self.evidence.predicted is not None

    @property
    def has_names(self) -> bool:
        """Whether two class names or more say something that the library knows."""
        return self.names is not None and int(self.names.present.sum()) >= 2

    def leaner(self, modalities: Collection[str]) -> Lesson:
        """The same lesson, with fewer views of some modalities; see `Evidence.leaner`.

        Args:
            modalities: Those to go lean.
        """
        goes = bool(modalities) and bool(self.evidence.lean_latents)
        return replace(
            self,
            evidence=self.evidence.leaner(modalities),
            names=self.lean_names if goes else self.names,
            lean_names=None,
        )

    def of(self, modality: str) -> tuple[Lesson, NDArray[np.intp]]:
        """The lesson of the items that have one modality, as if they had no other.

        Args:
            modality: Which.

        Returns:
            The lesson, and the rows of this one that it holds.
        """
        rows = np.flatnonzero(self.evidence.present(modality))
        folds = None
        if self.folds is not None:
            folds = usable_folds(_renumbered(self.folds, rows), self.labels[rows])
        lesson = Lesson(
            evidence=self.evidence.alone(modality).take(rows, rows),
            labels=self.labels[rows],
            classes=self.classes,
            folds=folds,
            seed=self.seed,
        )
        return lesson, rows


class Head(ABC):
    """What a rung learned: probabilities for any evidence, and plain arrays for a release."""

    @abstractmethod
    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Answer.

        Args:
            evidence: Of `M` items with any modalities; kernels against the training items.

        Returns:
            `[M, K]`, rows sum to 1; the prior for an item with nothing to go by.
        """

    @abstractmethod
    def arrays(self) -> Arrays:
        """Everything learned, as plain arrays fit for safetensors."""


class KernelHead(Head):
    """Scores from the sum of the kernels of the modalities an item has.

    Args:
        model: From that sum to probabilities.
    """

    def __init__(self, model: KernelModel) -> None:
        self.model = model

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Scores through a softmax; the prior for an item with no modality."""
        found = np.tile(self.model.prior, (len(evidence), 1))
        has_any = np.zeros(len(evidence), dtype=bool)
        for held in evidence.kernels.rows.values():
            has_any |= held
        if has_any.any():
            found[has_any] = self.model.probabilities(self.kernel(evidence))[has_any]
        return found

    def kernel(self, evidence: Evidence) -> NDArray[np.float32]:
        """`[M, N]` how near each item is to each labelled one.

        Args:
            evidence: Of items of which one has a modality at least.
        """
        return sum_kernels(evidence.kernels)

    def arrays(self) -> Arrays:
        """The weights of the labelled items and the prior."""
        return self.model.arrays()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Learned:
    """The outcome of a lesson.

    Attributes:
        head: What was learned from all items of the lesson.
        held_out: `[N, K]` what each item would have got, had its fold been left out; None when
            no fold could be held out.
        note: What was chosen on the way, in words; empty when nothing was.
    """

    head: Head
    held_out: NDArray[np.float64] | None
    note: str = ""


class Rung(ABC):
    """One way to learn from labelled items.

    Args:
        config: The settings of this rung.
    """

    is_baseline: ClassVar[bool] = False
    """Whether it stands in the table only to be beaten; such a rung is never released."""
    height: ClassVar[int] = 9
    """Place on the ladder, lowest first: the more a rung chooses on held-out answers, the higher
    it stands."""
    made_of: ClassVar[tuple[str, ...]] = ()
    """The rungs whose outcomes it joins, those of them that could learn from the lesson."""
    needs_pairs: ClassVar[bool] = False
    """Whether it learns from what modalities tell of each other, and is left out when none does."""
    needs_several: ClassVar[bool] = False
    """Whether it says nothing of its own about items of a single modality."""
    needs_kernels: ClassVar[bool] = False
    """Whether it compares items with labelled ones by their kernels."""
    needs_latents: ClassVar[bool] = True
    """Whether it looks at the compact latents, or at kernels alone."""
    needs_evidence: ClassVar[bool] = True
    """Whether it looks at what the encoders say of an item at all."""
    needs_torch: ClassVar[bool] = False
    """Whether it learns with torch, and is left out where that is not installed."""
    needs_names: ClassVar[bool] = False
    """Whether it goes by what the classes are called, and is left out when that says nothing."""
    needs_inputs: ClassVar[bool] = False
    """Whether it learns from decoded files, and is left out when there are none."""

    config: Any

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """The file name of the rung."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def learn(self, lesson: Lesson) -> Learned:
        """Learn from labelled items.

        Args:
            lesson: The items; at least two classes have one.

        Raises:
            InputError: When the lesson lacks what this rung needs.
        """

    def is_first_guess(self, lesson: Lesson) -> bool:
        """Whether it is the one to take when the labels are too few to compare rungs on.

        Args:
            lesson: Without folds.
        """
        return False

    def choices(self, lesson: Lesson) -> int:
        """How many things it picks on held-out answers, which flatters what they say of it.

        Args:
            lesson: What it learns from.
        """
        return 0

    def join(self, parts: Mapping[str, Learned]) -> Learned:
        """What `learn` would give, from what the rungs of `made_of` have learned already.

        Args:
            parts: Rung to what it learned, all from the same lesson.
        """
        raise NotImplementedError

    @abstractmethod
    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Head:
        """The head that `Head.arrays` described."""


def side_by_side(evidence: Evidence) -> dict[str, Block]:
    """Plain latents of every modality that some item has, and one predicted block of them all.

    Args:
        evidence: Of `M` items.
    """
    found = {f"{name}/plain": evidence.latents[name]["plain"] for name in evidence.modalities}
    predicted = evidence.predicted
    if predicted is not None:
        found[PREDICTED] = predicted
    return found


def require_classes(lesson: Lesson) -> None:
    """Refuse a lesson that shows fewer than two classes.

    Raises:
        InputError: Naming the one class there is.
    """
    seen = np.unique(lesson.labels)
    if len(seen) < 2:
        only = lesson.classes[int(seen[0])] if len(seen) else "none"
        raise InputError(
            f"All {len(lesson)} labelled items are of one class ({only}), and two are needed.",
            "label some items of another class",
        )


def dealt_folds(
    labels: NDArray[np.intp], groups: NDArray[Any] | None, *, count: int, seed: int
) -> Folds | None:
    """Group-aware folds of labelled items; None when none of them can be held out.

    Args:
        labels: `[N]` class numbers.
        groups: `[N]` group of each; None when items are unrelated.
        count: Folds at most.
        seed: Deals the groups.
    """
    try:
        found = split(labels, groups, items=len(labels), count=count, seed=seed)
    except UsageError:
        return None
    return usable_folds(found, labels)


def usable_folds(folds: Folds | None, labels: NDArray[np.intp]) -> Folds | None:
    """The folds, or None when nothing can be chosen on them.

    That is so when leaving one out leaves fewer than two classes to learn from, and when most
    items are of a class that is gone with their fold: whoever is least certain looks best then.

    Args:
        folds: Of `N` items, or None.
        labels: `[N]` class numbers.
    """
    if folds is None:
        return None
    known = 0
    for train, test in folds:
        seen = np.unique(labels[train])
        if len(seen) < 2:
            return None
        known += int(np.isin(labels[test], seen).sum())
    return folds if 2 * known >= len(labels) else None


def subarrays(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    """The arrays below a prefix, by the rest of their names.

    Args:
        arrays: Named `prefix/rest`.
        prefix: Without the slash.
    """
    start = f"{prefix}/"
    return {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}


def prefixed(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    """The same arrays, each named `prefix/name`."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _parts_only(held: Parts, modalities: Collection[str]) -> Parts:
    """Kernels of items that have only some modalities, against training items that have all."""
    return Parts(
        {name: kernel for name, kernel in held.kernels.items() if name in modalities},
        {name: rows for name, rows in held.rows.items() if name in modalities},
        held.columns,
    )


def _parts_alone(held: Parts, modality: str) -> Parts:
    """Kernels as if no other modality had ever been there."""
    return Parts(
        {name: kernel for name, kernel in held.kernels.items() if name == modality},
        {name: rows for name, rows in held.rows.items() if name == modality},
        {name: columns for name, columns in held.columns.items() if name == modality},
    )


def _parts_taken(held: Parts, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Parts:
    """Kernels of some items against some training items."""
    grid = np.ix_(rows, columns)
    return Parts(
        {name: kernel[grid] for name, kernel in held.kernels.items()},
        {name: present[rows] for name, present in held.rows.items()},
        {name: present[columns] for name, present in held.columns.items()},
    )


def _plain(blocks: Blocks) -> dict[str, Mapping[str, Block]]:
    """Of every modality only what it says without the others."""
    return {modality: {"plain": named["plain"]} for modality, named in blocks.items()}


def _hide(blocks: Blocks, kept: Collection[str]) -> dict[str, Mapping[str, Block]]:
    """The same blocks, absent from every item where the modality is not kept."""
    return {
        modality: named
        if modality in kept
        else {
            name: Block(values=block.values, present=np.zeros_like(block.present))
            for name, block in named.items()
        }
        for modality, named in blocks.items()
    }


def _kept(blocks: Blocks, modality: str) -> dict[str, Mapping[str, Block]]:
    return {modality: blocks[modality]} if modality in blocks else {}


def _take(blocks: Blocks, rows: NDArray[np.intp]) -> dict[str, dict[str, Block]]:
    return {
        modality: {name: block.take(rows) for name, block in named.items()}
        for modality, named in blocks.items()
    }


def _renumbered(folds: Folds, rows: NDArray[np.intp]) -> Folds | None:
    """The folds of some rows; None when fewer than two folds are left."""
    seen, assignment = np.unique(folds.assignment[rows], return_inverse=True)
    return Folds(assignment.astype(np.intp), len(seen), folds.notes) if len(seen) > 1 else None
