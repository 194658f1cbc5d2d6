"""Which towers a run uses: a profile per modality, kept with the run so that it can be rebuilt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import require
from handful.learn.towers.base import Tower
from handful.learn.towers.local.tower import Chosen

if TYPE_CHECKING:
    from handful.data.library.items import Item  # serving opens no library

Profile = Literal["fast", "default"]

SIZES = (32, 64, 96, 128)
"""Sides in pixels that pictures are brought to: digits, icons, small photos, photos."""

_BLOCKS: dict[str, dict[str, tuple[str, ...]]] = {
    "fast": {
        "text": ("characters", "words"),
        "image": ("lab", "hog", "lbp"),
        "audio": ("mfcc", "band_statistics", "aligned_cepstra"),
    },
    "default": {
        "text": ("characters", "words"),
        "image": ("lab", "hog", "fisher_gradient", "fisher_colour"),
        "audio": ("mfcc", "band_statistics", "modulation", "aligned_cepstra", "random_kernels"),
    },
}
"""The blocks that won on seven sets, by speed."""

LEAN: dict[str, tuple[str, ...]] = {"image": ("fisher_gradient", "fisher_colour")}
"""Blocks that may serve a modality better without the others, where a library has them all."""


def lean_of(modality: str, views: Collection[str]) -> tuple[str, ...]:
    """The views of a modality that may serve it better alone; those of model folders stay.

    Args:
        modality: Which.
        views: All its views.

    Returns:
        Fewer views than all; empty when no such choice is known.
    """
    kept = LEAN.get(modality, ())
    usual = {name for blocks in _BLOCKS.values() for name in blocks.get(modality, ())}
    if not kept or not set(kept) < set(views) & usual:
        return ()
    return (*kept, *(view for view in views if view not in usual))


_LARGEST = {"fast": 96, "default": 128}
"""The largest side in pixels that pictures are brought to. On photos of pots 128 instead of 96
told flaws of the glaze apart with an area under the curve of .971 instead of .953."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Which towers serve which modality: classical blocks, model folders, or both.

    Attributes:
        blocks: Modality to the names of its classical blocks.
        picture_px: Height and width that pictures are brought to for them.
        local: Modality to the views that model folders give.
    """

    blocks: Mapping[str, tuple[str, ...]]
    picture_px: int = 96
    local: Mapping[str, tuple[Chosen, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: Profile, modalities: Sequence[str], sides: Sequence[int] = ()) -> Self:
        """The recipe of a profile.

        Args:
            profile: `fast` (hundreds of items a second) or `default` (better).
            modalities: Those that some item has.
            sides: Shorter sides of the library's pictures in pixels: small ones are not blown up.
        """
        require(profile in _BLOCKS, "profile", profile, "`fast` or `default`")
        largest = _LARGEST[profile]
        size = working_size(sides, largest) if len(sides) else largest
        blocks = {name: _BLOCKS[profile][name] for name in modalities}
        return cls(blocks=blocks, picture_px=size)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities it serves."""
        if not self.local:
            return tuple(self.blocks)
        return tuple(name for name in MODALITIES if name in self.blocks or name in self.local)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        blocks = {name: list(blocks) for name, blocks in self.blocks.items()}
        plain: dict[str, Any] = {"blocks": blocks, "picture_px": self.picture_px}
        if self.local:
            plain["local"] = {
                name: [each.as_dict() for each in views] for name, views in self.local.items()
            }
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The recipe that `as_dict` described."""
        blocks = {name: tuple(blocks) for name, blocks in data["blocks"].items()}
        local = {
            name: tuple(map(Chosen.from_dict, views))
            for name, views in data.get("local", {}).items()
        }
        return cls(blocks=blocks, picture_px=data["picture_px"], local=local)

    def serving(self, modalities: Collection[str]) -> Self:
        """The same recipe for some modalities only.

        Args:
            modalities: Those to keep.
        """
        return replace(
            self,
            blocks={name: blocks for name, blocks in self.blocks.items() if name in modalities},
            local={name: views for name, views in self.local.items() if name in modalities},
        )


def build(recipe: Recipe, near: Sequence[Path] = ()) -> dict[str, Tower[Any]]:
    """Make the towers of a recipe, not fitted yet; model folders are not looked at yet.

    Args:
        recipe: Modality to block names and model folders.
        near: Where to look for model folders that are no longer where they were.

    Raises:
        UsageError: When a block does not exist.
    """
    from handful.learn.towers.classical.profiles import make_tower
    from handful.learn.towers.joined import JoinedTower
    from handful.learn.towers.local.tower import towers_of

    towers: dict[str, Tower[Any]] = {}
    for name in recipe.modalities:
        parts: list[Tower[Any]] = []
        if name in recipe.blocks:
            parts.append(make_tower(name, recipe.blocks[name], picture_px=recipe.picture_px))
        parts += towers_of(name, recipe.local.get(name, ()), near)
        towers[name] = parts[0] if len(parts) == 1 else JoinedTower(parts)
    return towers


def sides_of(items: Iterable[Item]) -> list[int]:
    """The shorter side in pixels of every picture, as the library noted it.

    Args:
        items: Of a library.
    """
    parts = [item.parts["image"] for item in items if "image" in item.modalities]
    return [
        int(min(part.meta["width"], part.meta["height"]))
        for part in parts
        if "width" in part.meta and "height" in part.meta
    ]


def working_size(sides: Sequence[int], largest: int) -> int:
    """The smallest usual size that holds the median shorter side; the largest for photos.

    Args:
        sides: Shorter sides in pixels, at least one.
        largest: No more than this.
    """
    middle = float(np.median(sides))
    return next((size for size in SIZES if middle <= size <= largest), largest)
