"""Whether an item is like anything that was there in training: "I have not seen anything like it".

A classifier names one of its classes whatever it is shown, and often firmly. Each modality keeps
its training items as short stand-ins and says how many of them lie as far from the others as a new
one does; the items of its own group left out, so that burst photos do not make everything else
look far away. Views count as the towers gave them: where what tells groups apart was turned down
with these very groups, 30 in 100 photos of a new group looked unlike, and 5 as they came.

An item is unlike when one of its modalities is further out than all but a few known items are; the
few are shared among the modalities it has. On the workshop 3 to 5 in 100 pieces of new firings
were, and of other people's files 58 of 100 photos of groceries, 87 emoji and 93 recordings.
"""
# M items, N training items

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import HandfulError, require
from handful.numerics.decide import offtopic
from handful.numerics.decide.offtopic import OffTopic
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Blocks
from handful.numerics.linear.sketch import sketch
from handful.numerics.linear.stack import Stack


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What counts as unlike anything."""

    share: float = 0.05
    """Share of known items that may be called unlike by mistake; 0.01 to 0.1."""
    neighbours: int = 3
    """An item is as far out as its distance to this nearest one."""
    width: int = 512
    """Numbers kept of each training item and modality."""
    most: int = 5_000
    """Training items kept to compare with, at most."""

    def __post_init__(self) -> None:
        require(0 < self.share < 1, "share", self.share, "between 0 and 1")
        require(self.width >= 16, "width", self.width, "16 or more")


class Look(NamedTuple):
    """What is said of some items.

    Attributes:
        rarity: Modality to `[M]` share of known items at least as far out; 1 where absent.
        limit: `[M]` rarity below which a modality makes the item unlike.
    """

    rarity: dict[str, NDArray[np.float64]]
    limit: NDArray[np.float64]

    def is_unlike(self, modalities: Collection[str] | None = None) -> NDArray[np.bool_]:
        """`[M]` true where a modality is further out than known items are.

        Args:
            modalities: Only these are looked at; all when left out.
        """
        far = [
            rarity < self.limit
            for name, rarity in self.rarity.items()
            if modalities is None or name in modalities
        ]
        return np.any(far, axis=0) if far else np.zeros(len(self.limit), bool)

    def take(self, rows: NDArray[np.intp]) -> Look:
        """The same for some of the items.

        Args:
            rows: Which.
        """
        return Look({name: each[rows] for name, each in self.rarity.items()}, self.limit[rows])

    def of(self, row: int) -> tuple[str, ...]:
        """The modalities that make one item unlike, the furthest out first.

        Args:
            row: Which.
        """
        far = {name: rarity[row] for name, rarity in self.rarity.items()}
        far = {name: rarity for name, rarity in far.items() if rarity < self.limit[row]}
        return tuple(sorted(far, key=lambda name: far[name]))


@dataclass(frozen=True, slots=True, eq=False)
class Unlike:
    """Known items of each modality, and how far apart they usually are.

    Attributes:
        stacks: Modality to the scales of its views.
        known: Modality to its items.
        share: Share of known items that may be called unlike.
        width: Numbers kept of each.
    """

    stacks: dict[str, Stack]
    known: dict[str, OffTopic]
    share: float
    width: int

    @classmethod
    def fit(
        cls,
        views: Blocks,
        groups: NDArray[Any],
        config: Config | None = None,
        *,
        seed: int = 0,
    ) -> Self:
        """Learn from all items, labelled or not, what is usual.

        Args:
            views: Modality to view to `[N, D]` with presence.
            groups: `[N]` group of each item.
            config: What counts as unlike.
            seed: Chooses whom to keep when they are too many.
        """
        config = config or Config()
        near = offtopic.Config(
            neighbours=config.neighbours, share=config.share, references=config.most
        )
        stacks, known = {}, {}
        for modality, named in views.items():
            named = {name: block for name, block in named.items() if block.present.any()}
            if not named:
                continue
            stack = Stack.fit({name: named[name] for name in sorted(named)})
            present = _present(list(named.values()))
            short = sketch(stack.features(named)[present], config.width)
            try:
                known[modality] = OffTopic.fit(short, near, seed, groups[present])
            except HandfulError:  # too few items, or all of one group: nothing can be far
                continue
            stacks[modality] = stack
        return cls(stacks, known, config.share, config.width)

    def look_at_known(self, views: Blocks) -> Look:
        """How far out the items are that it was fitted on, each without its own group.

        Args:
            views: Those of `fit`.
        """
        rarity = {}
        items = len(next(iter(next(iter(views.values())).values())))
        counts = np.zeros(items)
        for modality, known in self.known.items():
            present = _present(list(views[modality].values()))
            rarity[modality] = np.ones(items)
            rarity[modality][np.flatnonzero(present)[known.kept]] = known.own_rarity()
            counts += present
        return Look(rarity, self.share / np.maximum(counts, 1))

    def look(self, views: Blocks, items: int) -> Look:
        """How far out items are, by each modality they have.

        Args:
            views: Modality to view to `[M, D]` with presence, the same views as in `fit`.
            items: M.
        """
        rarity, counts = {}, np.zeros(items)
        for modality, stack in self.stacks.items():
            named = {
                name: b for name, b in views.get(modality, {}).items() if name in stack.origins
            }
            if not named:
                continue
            present = _present(list(named.values()))
            if not present.any():
                continue
            found = np.ones(items)
            short = sketch(stack.features(named)[present], self.width)
            found[present] = self.known[modality].rarity(short)
            found[present & _is_silent(named)] = 0.0
            rarity[modality] = found
            counts += present
        return Look(rarity, self.share / np.maximum(counts, 1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        found: dict[str, NDArray[Any]] = {}
        for modality, stack in self.stacks.items():
            parts = {"stack": stack.arrays(), "known": self.known[modality].arrays()}
            for part, arrays in parts.items():
                found |= {f"{part}/{modality}/{name}": array for name, array in arrays.items()}
        if found:
            found |= {"share": np.asarray(self.share), "width": np.asarray(self.width)}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """What `arrays` described; nothing is ever unlike where there are none."""
        parts: dict[str, dict[str, dict[str, NDArray[Any]]]] = {"stack": {}, "known": {}}
        for path in sorted(arrays):
            part, _, rest = path.partition("/")
            if part in parts:
                modality, name = rest.split("/", 1)
                parts[part].setdefault(modality, {})[name] = arrays[path]
        return cls(
            {name: Stack.from_arrays(found) for name, found in parts["stack"].items()},
            {name: OffTopic.from_arrays(found) for name, found in parts["known"].items()},
            float(arrays.get("share", np.asarray(0.05))),
            int(arrays.get("width", np.asarray(512))),
        )


def _present(blocks: Sequence[Block]) -> NDArray[np.bool_]:
    return np.any([block.present for block in blocks], axis=0)


def _is_silent(named: Mapping[str, Block]) -> NDArray[np.bool_]:
    """Where no view says anything, such as a text none of whose letters were ever met."""
    return ~np.any([(block.values != 0).any(axis=1) for block in named.values()], axis=0)
