"""Which towers a run uses: a profile per modality, kept with the run so that it can be rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from handful.foundation.errors import require
from handful.learn.towers.base import Tower

Profile = Literal["fast", "default"]

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Modality to the names of the classical blocks that serve it."""

    blocks: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, profile: Profile, modalities: Sequence[str]) -> Self:
        """The recipe of a profile.

        Args:
            profile: `fast` (hundreds of items a second) or `default` (better).
            modalities: Those that some item has.
        """
        require(profile in _BLOCKS, "profile", profile, "`fast` or `default`")
        return cls(blocks={name: _BLOCKS[profile][name] for name in modalities})

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities it serves."""
        return tuple(self.blocks)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: list(blocks) for name, blocks in self.blocks.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Sequence[str]]) -> Self:
        """The recipe that `as_dict` described."""
        return cls(blocks={name: tuple(blocks) for name, blocks in data.items()})


def build(recipe: Recipe) -> dict[str, Tower[Any]]:
    """Make the towers of a recipe, not fitted yet.

    Args:
        recipe: Modality to block names.

    Raises:
        UsageError: When a block does not exist.
    """
    from handful.learn.towers.classical.profiles import make_tower

    return {name: make_tower(name, blocks) for name, blocks in recipe.blocks.items()}
