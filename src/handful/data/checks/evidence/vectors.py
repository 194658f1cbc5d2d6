"""Vectors and a classifier for checks: those that the view brings, or crude ones of its prints."""
# N items, C classes, D numbers

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.checks.base import Fit, View
from handful.data.checks.evidence.crude import crude_blocks, looked_at
from handful.data.library.items import Item
from handful.data.library.units import copies_of
from handful.foundation.errors import InputError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.held_out import held_out
from handful.numerics.linear.ridge import Spectrum


def blocks_in(view: View, items: Sequence[Item]) -> Mapping[str, Block]:
    """Vectors of some items by modality, as `Embed` says.

    Where files are gone or tell too little for a tower, crude ones serve.

    Args:
        view: The library.
        items: N of its items.

    Returns:
        Modality to `[N, D]` with presence; empty where nothing tells items apart.
    """
    if view.embed is not None:
        try:
            return view.embed(items)
        except InputError:
            pass
    return crude_blocks(view, items)


def vectors_in(view: View, items: Sequence[Item]) -> NDArray[np.floating]:
    """The same side by side, zeros where a modality is absent.

    Args:
        view: The library.
        items: N of its items.

    Returns:
        `[N, D]`; no columns where nothing tells items apart.
    """
    blocks = blocks_in(view, items)
    if not blocks:
        return np.zeros((len(items), 0))
    return np.concatenate(
        [np.where(each.present[:, None], each.values, 0) for each in blocks.values()], axis=1
    )


def fit_of(view: View) -> Fit:
    """The classifier that a view brings, or a simple one on its vectors.

    Args:
        view: The library.
    """
    if view.fit is not None:
        return view.fit
    known: dict[tuple[str, ...], Spectrum] = {}

    def answer(
        items: Sequence[Item], labels: NDArray[np.intp], groups: NDArray[Any]
    ) -> NDArray[np.float64]:
        key = tuple(item.id for item in items)
        if key not in known:
            features = vectors_in(view, items)
            if not features.any():
                raise InputError(f"Nothing of {len(items)} items tells one from another.")
            known.clear()  # one task at a time is asked about, and each may be large
            known[key] = Spectrum.of_features(features.astype(np.float64))
        return held_out(known[key], labels, groups)

    return answer


def copies_in(view: View, items: Sequence[Item]) -> NDArray[Any]:
    """What each item shares with its copies, however they were changed, and with nothing else.

    Args:
        view: The library.
        items: N of its items.

    Returns:
        `[N]` names.
    """
    named = copies_of(items, looked_at(view).twins)
    return np.array([named[item.id] for item in items])
