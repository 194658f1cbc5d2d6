"""A crude eye and ear for checks that nobody gave a better one: small thumbnails, pitches, letters.

It is made from the prints that tell copies apart, so no file is opened again.
"""
# N items, C classes, D numbers

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.data.checks.base import Fit, View
from handful.data.library.items import Item
from handful.data.library.twins import pictures
from handful.data.library.twins.look import find_twins, prints_of
from handful.data.library.units import copies_of
from handful.foundation.errors import InputError
from handful.numerics.linear.held_out import held_out
from handful.numerics.linear.ridge import Spectrum

_BINS = 256


def fit_of(view: View) -> Fit:
    """The classifier that a view brings, or a crude one.

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
            features = features_of(view, items)
            if not features.shape[1]:
                raise InputError(f"Nothing of {len(items)} items tells one from another.")
            known[key] = Spectrum.of_features(features)
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
    named = copies_of(items, find_twins(view.library.media, items, view.cache))
    return np.array([named[item.id] for item in items])


def features_of(view: View, items: Sequence[Item]) -> NDArray[np.float64]:
    """Thumbnails, pitches and letters side by side, each as loud as the others.

    Args:
        view: The library.
        items: N of its items.

    Returns:
        `[N, D]`; no columns where nothing of them tells one from another.
    """
    prints = prints_of(view.library.media, items, view.cache)
    blocks = []
    for modality, read in _READ.items():
        contents = [
            part.content_sha256 if (part := item.parts.get(modality)) else "" for item in items
        ]
        rows = [read(prints[content]) if content in prints else None for content in contents]
        there = [row for row in rows if row is not None]
        if there:
            middle = np.mean(there, axis=0)
            block = np.array(
                [np.zeros_like(middle) if row is None else row - middle for row in rows]
            )
            blocks.append(block / max(float(np.linalg.norm(block, axis=1).mean()), 1e-12))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(items), 0))


def _thumbnail(kept: bytes) -> NDArray[np.float64]:
    side = pictures.SIDE
    pixels = np.frombuffer(kept, np.uint8).reshape(side // 2, 2, side // 2, 2, 3)
    return pixels.mean(axis=(1, 3)).ravel() / 255


def _pitches(kept: bytes) -> NDArray[np.float64]:
    marks = np.frombuffer(kept, np.uint32).reshape(2, -1)[0]
    return _shares(np.concatenate([marks >> 15, (marks >> 6) & 0xFF]))


def _letters(kept: bytes) -> NDArray[np.float64]:
    return _shares(np.frombuffer(kept, np.uint32) % _BINS)


def _shares(places: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.float64]:
    counts = np.sqrt(np.bincount(places.astype(np.intp), minlength=_BINS)[:_BINS])
    return counts / max(float(np.linalg.norm(counts)), 1e-12)


_READ = {"image": _thumbnail, "audio": _pitches, "text": _letters}
