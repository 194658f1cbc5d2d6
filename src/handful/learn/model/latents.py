"""Compact latents of every modality, and what the modalities share, learned without labels.

Each modality's views are centred, scaled to unit mean norm and set side by side, then projected
onto their leading directions (`plain`). Items that carry two modalities or more then show which
directions agree (`shared`, for finding across modalities), and what each tells of the others
(`predicted`, for learning from few labels); what no other modality predicts stays in `plain`, so
nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import HandfulError, InputError, require
from handful.foundation.wording import listed
from handful.numerics.linear import cca, cross_ridge, pca
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.cca import SharedSpace
from handful.numerics.linear.cross_ridge import CrossRidge
from handful.numerics.linear.kernels import Blocks
from handful.numerics.linear.pca import Projection
from handful.numerics.linear.stack import Stack


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How latents are made."""

    width: int = 200
    """Plain numbers kept per modality; 64 to 512 is usual."""
    fewest: int = 8
    """A modality that fewer items have is left out."""
    shared: cca.Config = field(default_factory=lambda: cca.Config(fewest_pairs=8))
    """How agreement between modalities is found. Eight groups of pairs are few, and what is found
    serves finding, and vouches for predictions; held-out labels decide how much these count."""
    predicted: cross_ridge.Config = field(default_factory=cross_ridge.Config)
    """How modalities predict each other."""

    def __post_init__(self) -> None:
        require(self.width >= 2, "width", self.width, "2 or more")
        require(self.fewest >= 2, "fewest", self.fewest, "2 or more")


@dataclass(frozen=True, slots=True, eq=False)
class Latents:
    """The maps from views to latents.

    Attributes:
        stacks: Modality to the scales of its views.
        projections: Modality to its leading directions.
        space: What the modalities share; None when too few items carry two of them.
        note: Which modalities share no space and why; empty when all do.
        cross: What each modality tells of the others.
    """

    stacks: dict[str, Stack]
    projections: dict[str, Projection]
    space: SharedSpace | None
    note: str = ""
    cross: CrossRidge = field(default_factory=lambda: CrossRidge({}))

    @classmethod
    def fit(
        cls,
        views: Blocks,
        config: Config,
        *,
        groups: NDArray[Any] | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from all items, labelled or not.

        Args:
            views: Modality to view to `[N, D]` with presence.
            config: Widths and the rule for agreement.
            groups: `[N]` group of each item, which are shuffled together when chance is measured.
            seed: For random projections and shuffles.

        Raises:
            InputError: When no modality is present in enough items.
        """
        stacks, projections, plain = {}, {}, {}
        for modality in in_order(views):
            seen = {name: b for name, b in views[modality].items() if _says_something(b, config)}
            if not seen:
                continue
            stacks[modality] = Stack.fit({name: seen[name] for name in sorted(seen)})
            joined = _joined(stacks[modality], seen)
            width = pca.Config(width=config.width)
            projections[modality] = Projection.fit(joined.rows, width, seed)
            plain[modality] = joined.scatter(projections[modality].project(joined.rows))
        if not stacks:
            raise InputError(
                f"No modality tells at least {config.fewest} items apart, and so many are needed "
                "to learn how they differ.",
                "add items, with or without labels",
            )
        space, note = _shared_space(plain, config, groups, seed)
        agreed = [(link.first, link.second) for link in space.links if link.shared] if space else []
        cross = CrossRidge.fit(plain, config.predicted, groups=groups, known=agreed, seed=seed)
        return cls(stacks, projections, space, note, cross)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities it knows."""
        return tuple(self.stacks)

    def of(self, views: Blocks) -> dict[str, dict[str, Block]]:
        """Latents of items.

        Args:
            views: As in `fit`; modalities and views that no item has may be left out.

        Returns:
            Modality to `plain` (`[M, width]`) and, where something is shared, `shared` (`[M, K]`):
            the item's place in the shared dimensions as this modality alone tells it. Where
            modalities predict each other, `predicted` (`[M, S]`): what this one alone tells.
        """
        found: dict[str, dict[str, Block]] = {}
        for modality, stack in self.stacks.items():
            if not views.get(modality):
                continue
            joined = _joined(stack, views[modality])
            projected = self.projections[modality].project(joined.rows)
            plain = joined.scatter(projected)
            found[modality] = {"plain": plain}
            if self.space and self.space.dimensions and modality in self.space.views:
                found[modality]["shared"] = self.space.shared({modality: plain})
            if modality in self.cross.maps:
                found[modality]["predicted"] = self.cross.of(modality, plain)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        found: dict[str, NDArray[Any]] = {}
        for modality, stack in self.stacks.items():
            parts = {"stack": stack.arrays(), "projection": self.projections[modality].arrays()}
            for part, arrays in parts.items():
                found |= {f"{part}/{modality}/{name}": array for name, array in arrays.items()}
        if self.space:
            found |= {f"space/{name}": array for name, array in self.space.arrays().items()}
        return found | {f"cross/{name}": array for name, array in self.cross.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The maps that `arrays` described."""
        parts: dict[str, dict[str, dict[str, NDArray[Any]]]] = {"stack": {}, "projection": {}}
        joint: dict[str, dict[str, NDArray[Any]]] = {"space": {}, "cross": {}}
        # In the order of `fit`: files do not keep the order in which arrays were saved.
        for path in sorted(arrays):
            part, rest = path.split("/", 1)
            if part in joint:
                joint[part][rest] = arrays[path]
                continue
            modality, name = rest.split("/", 1)
            parts[part].setdefault(modality, {})[name] = arrays[path]
        order = in_order(parts["stack"])
        return cls(
            {name: Stack.from_arrays(parts["stack"][name]) for name in order},
            {name: Projection.from_arrays(parts["projection"][name]) for name in order},
            SharedSpace.from_arrays(joint["space"]) if joint["space"] else None,
            cross=CrossRidge.from_arrays(joint["cross"]),
        )

    def sentences(self) -> list[str]:
        """What was found out about the modalities, in words."""
        said = [self.note] if self.note else []
        if self.cross.maps:
            said.append(f"{listed(self.cross.maps)} tell of each other, which saves labels.")
        if self.space is None:
            return said
        for link in self.space.links:
            pair = f"{link.first} and {link.second}"
            if not link.direct:
                said.append(f"{pair}: only {link.pairs} items carry both, too few to compare.")
            elif link.shared:
                kinds = f"{link.kinds} kind{'s' if link.kinds != 1 else ''} of thing"
                said.append(f"{pair}: {link.pairs} pairs share about {kinds}.")
            else:
                said.append(f"{pair}: {link.pairs} pairs share nothing that chance does not.")
        for name, view in self.space.views.items():
            said.append(
                f"{name}: {view.predicted:.0%} of what varies is shared with the others, "
                f"{1 - view.predicted:.0%} it knows alone."
            )
        return said


def in_order(modalities: Iterable[str]) -> list[str]:
    """Modalities in the usual order, unknown ones last by name.

    Args:
        modalities: In any order.
    """
    usual = {name: place for place, name in enumerate(MODALITIES)}
    return sorted(modalities, key=lambda name: (usual.get(name, len(usual)), name))


def _says_something(block: Block, config: Config) -> bool:
    """Whether enough items have a block and it tells some of them apart."""
    if block.present.sum() < config.fewest:
        return False
    return bool((block.rows != block.rows[0]).any())


def _joined(stack: Stack, views: Mapping[str, Block]) -> Block:
    """All views of one modality side by side, present where any of them is."""
    known = {name: views[name] for name in stack.origins if name in views}
    if not known:
        raise InputError(
            f"None of the views {', '.join(views)} was there in training.",
            "encode with the towers that the model was trained with",
        )
    present = np.any([block.present for block in known.values()], axis=0)
    return Block(values=stack.features(known), present=present)


def _shared_space(
    plain: Mapping[str, Block], config: Config, groups: NDArray[Any] | None, seed: int
) -> tuple[SharedSpace | None, str]:
    """What the modalities share; of those only that items carry together often enough."""
    if len(plain) < 2:
        return None, "Items carry one modality only, so there is nothing to share."
    refusal = ""
    for chosen in _choices(plain):
        # By name, as files hand them back in that order.
        named = {name: plain[name] for name in sorted(chosen)}
        try:
            space = SharedSpace.fit(named, config.shared, seed=seed, groups=groups)
        except HandfulError as error:
            refusal = refusal or error.what
            continue
        return space, refusal
    return None, refusal


def _choices(plain: Mapping[str, Block]) -> list[tuple[str, ...]]:
    """Two modalities or more: larger choices first, then those that more items carry whole."""
    found = [chosen for size in range(len(plain), 1, -1) for chosen in combinations(plain, size)]

    def carried(chosen: tuple[str, ...]) -> int:
        return int(np.all([plain[name].present for name in chosen], axis=0).sum())

    return sorted(found, key=lambda chosen: (-len(chosen), -carried(chosen)))
