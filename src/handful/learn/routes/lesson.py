"""From views of labelled items to a lesson: kernels by block, lean ones, latents, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import InputError
from handful.learn.model.latents import Latents
from handful.learn.model.names import spoken
from handful.learn.model.quiet import Quiet
from handful.learn.routes.towers import lean_of
from handful.learn.routes.viewing import encode_values
from handful.learn.rungs.base import Evidence
from handful.learn.towers.base import Tower
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Blocks, KernelSum, Parts
from handful.numerics.linear.kernels import Config as KernelConfig

_INPUT_SIDE = 128
"""Pictures are held no larger than this for rungs that learn from them."""


class LessonKernels(NamedTuple):
    """Kernels among labelled items.

    Attributes:
        full: Of all views.
        lean: The same without the views that may mislead, for the modalities that have such.
    """

    full: KernelSum
    lean: KernelSum | None

    @classmethod
    def fit(cls, views: Blocks, towers: Mapping[str, Tower[Any]], seed: int) -> Self:
        """Learn the kernel of every view, in the shape that the view is made for.

        Args:
            views: Modality to view to `[N, D]` with presence; each in two items or more.
            towers: Modality to its tower.
            seed: For the widths.
        """
        full = KernelSum.fit(views, kernel_configs(views, towers), seed)
        leaner = _leaner(views)
        if not leaner:
            return cls(full, None)
        return cls(full, full.of(leaner).keeping(leaner))

    def parts(self) -> tuple[Parts, Parts]:
        """`[N, N]` kernels: the full ones of every modality, and the lean ones there are."""
        return self.full.train(), self.lean.train() if self.lean else Parts({}, {}, {})

    def chosen(self, lean: Sequence[str]) -> KernelSum:
        """The kernels that a model keeps.

        Args:
            lean: The modalities that go lean.
        """
        views = self.full.blocks
        return self.full.keeping({name: lean_of(name, views[name]) for name in lean})


def lean_views(views: Blocks) -> dict[str, Mapping[str, Block]]:
    """All modalities, without the views that may mislead; empty when there are none such.

    Args:
        views: Modality to view to `[N, D]` with presence.
    """
    leaner = _leaner(views)
    if not leaner:
        return {}
    return {
        modality: {name: named[name] for name in leaner.get(modality, named)}
        for modality, named in views.items()
    }


def _leaner(views: Blocks) -> dict[str, tuple[str, ...]]:
    """The views that are kept, of the modalities that have others as well."""
    leaner = {modality: lean_of(modality, named) for modality, named in views.items()}
    return {modality: kept for modality, kept in leaner.items() if kept}


def kernel_configs(views: Blocks, towers: Mapping[str, Tower[Any]]) -> dict[str, KernelConfig]:
    """The shape of every view's kernel, as its tower prefers it.

    Args:
        views: Modality to view.
        towers: Modality to its tower.
    """
    return {
        f"{modality}/{name}": KernelConfig(shape=towers[modality].kernels()[name])
        for modality, named in views.items()
        for name in named
    }


def views_of(views: Blocks, rows: NDArray[np.intp]) -> dict[str, dict[str, Block]]:
    """The views of some items, without those that fewer than two of them have.

    Args:
        views: Of all items.
        rows: Which items.
    """
    found: dict[str, dict[str, Block]] = {}
    for modality, named in views.items():
        taken = {name: block.take(rows) for name, block in named.items()}
        enough = {name: block for name, block in taken.items() if block.present.sum() >= 2}
        if enough:
            found[modality] = enough
    return found


def with_kernels(evidence: Evidence, kernels: LessonKernels) -> Evidence:
    """Evidence of labelled items with the kernels among them.

    Args:
        evidence: Their latents, full and lean, and views.
        kernels: Fitted on them.
    """
    full, lean = kernels.parts()
    return Evidence(
        kernels=full,
        lean=lean,
        latents=evidence.latents,
        lean_latents=evidence.lean_latents,
        views=evidence.views,
        inputs=evidence.inputs,
    )


def names_of(
    classes: Sequence[str], latents: Latents, towers: Mapping[str, Tower[Any]], quiet: Quiet
) -> Block | None:
    """Where class names stand among what modalities predict of all, read as texts of the library.

    Args:
        classes: K names.
        latents: Of the library.
        towers: Modality to its tower.
        quiet: What is turned down before latents are made.

    Returns:
        `[K, S]`, absent where a name holds no letters or words that the texts hold; None where
        words tell nothing of other modalities.
    """
    if "text" not in towers or "text" not in latents.cross.maps:
        return None
    views = encode_values(towers["text"], spoken(classes))
    said = np.any([(block.values != 0).any(axis=1) for block in views.values()], axis=0)
    block = latents.of(quiet.of({"text": views}))["text"]["predicted"]
    return Block(values=block.values, present=block.present & said)


def inputs_of(library: Library, items: Sequence[Item]) -> dict[str, list[Any]]:
    """Decoded files of items, for rungs that learn from them; pictures are made small.

    A file that went missing or changed is absent, as it is everywhere else.

    Args:
        library: Where the items are.
        items: `N` of them.
    """
    return {
        modality: [_decoded(library, item, modality) for item in items] for modality in MODALITIES
    }


def _decoded(library: Library, item: Item, modality: str) -> Any:
    if modality not in item.modalities:
        return None
    try:
        value = library.read_part(item, modality)
    except InputError:
        return None
    if modality != "image":
        return value
    picture = Image.fromarray(np.asarray(value))
    picture.thumbnail((_INPUT_SIDE, _INPUT_SIDE))
    return np.asarray(picture)
