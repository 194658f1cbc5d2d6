"""A classifier for whoever wants to know what labels say of each other, without climbing a ladder.

Checks of the data take it as a function, because they may not know how to learn. It reads every
modality by its weight-free towers, adds their kernels, and answers out of fold in closed form, so
that asking again with other labels costs next to nothing.
"""
# N items, C classes

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.learn.routes.encode import OnItems, encode
from handful.learn.routes.lesson import kernel_configs
from handful.learn.routes.towers import Profile, Recipe, build, sides_of
from handful.learn.towers.latents import LatentCache
from handful.numerics.linear.fusion import sum_kernels
from handful.numerics.linear.held_out import held_out
from handful.numerics.linear.kernels import KernelSum
from handful.numerics.linear.ridge import Spectrum

OutOfFold = Callable[[Sequence[Item], NDArray[np.intp], NDArray[Any]], NDArray[np.float64]]
"""Items, class numbers and groups to `[N, C]` probabilities, each said while held out."""


def out_of_fold(
    library: Library,
    cache: Path,
    profile: Profile = "default",
    on_items: OnItems = lambda modality, done, total: None,
) -> OutOfFold:
    """Make the classifier for a library.

    Args:
        library: Where the items are.
        cache: The project's `cache`, where latents are kept; a training finds them there.
        profile: `fast` or `default` encoders.
        on_items: Told about progress.

    Returns:
        A function; it raises `UsageError` when all items are one group, and `InputError` when
        their files cannot be read.
    """
    known: dict[tuple[str, ...], Spectrum] = {}

    def answer(
        items: Sequence[Item], labels: NDArray[np.intp], groups: NDArray[Any]
    ) -> NDArray[np.float64]:
        key = tuple(item.id for item in items)
        if key not in known:
            known.clear()
            known[key] = _spectrum(library, items, cache, profile, on_items)
        return held_out(known[key], labels, groups)

    return answer


def _spectrum(
    library: Library, items: Sequence[Item], cache: Path, profile: Profile, on_items: OnItems
) -> Spectrum:
    modalities = sorted({name for item in items for name in item.modalities})
    recipe = Recipe.of(profile, modalities, sides_of(items))
    encoded = encode(
        library, items, build(recipe), LatentCache(cache / "latents"), on_items=on_items
    )
    kernels = KernelSum.fit(encoded.views, kernel_configs(encoded.views, encoded.towers), 0)
    return Spectrum.of_kernel(sum_kernels(kernels.train()))
