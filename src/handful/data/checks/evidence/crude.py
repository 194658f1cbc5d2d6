"""A crude eye and ear for checks that nobody gave a better one: small thumbnails, pitches, letters.

It is made from the prints that tell copies apart, so no file is opened again.
"""
# N items, D numbers

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handful.data.checks.base import View
from handful.data.library.items import Item
from handful.data.library.twins import pictures
from handful.data.library.twins.look import Looked, look
from handful.numerics.linear.blocks import Block

_BINS = 256


def looked_at(view: View) -> Looked:
    """Prints of everything usable and which of it is the same; looked at once, whoever asks first.

    Args:
        view: The library.
    """
    if "looked" not in view.shared:
        view.shared["looked"] = look(view.library.media, view.usable, view.cache)
    return view.shared["looked"]


def crude_blocks(view: View, items: Sequence[Item]) -> dict[str, Block]:
    """Thumbnails, pitches and letters as vectors, each modality as loud as the others.

    Args:
        view: The library.
        items: N of its items.

    Returns:
        Modality to `[N, D]` with presence; without those that tell nothing.
    """
    prints = looked_at(view).prints
    blocks = {}
    for modality, read in _READ.items():
        contents = [
            part.content_sha256 if (part := item.parts.get(modality)) else "" for item in items
        ]
        present = np.array([content in prints for content in contents], dtype=bool)
        if present.any():
            there = np.array([read(prints[each]) for each in contents if each in prints])
            there -= there.mean(axis=0)
            there /= max(float(np.linalg.norm(there, axis=1).mean()), 1e-12)
            values = np.zeros((len(items), there.shape[1]))
            values[present] = there
            blocks[modality] = Block(values=values, present=present)
    return blocks


def _thumbnail(kept: bytes) -> NDArray[np.float64]:
    side = pictures.SIDE
    pixels = np.frombuffer(kept, np.uint8).reshape(side // 2, 2, side // 2, 2, 3)
    return pixels.mean(axis=(1, 3)).ravel() / 255


def _pitches(kept: bytes) -> NDArray[np.float64]:
    marks = np.frombuffer(kept, np.uint32).reshape(2, -1)[0]
    return _shares(np.concatenate([marks >> 15, (marks >> 6) & 0xFF]))


def _letters(kept: bytes) -> NDArray[np.float64]:
    return _shares(np.frombuffer(kept, np.uint32) % _BINS)


def _shares(places: NDArray[np.unsignedinteger]) -> NDArray[np.float64]:
    counts = np.sqrt(np.bincount(places.astype(np.intp), minlength=_BINS)[:_BINS])
    return counts / max(float(np.linalg.norm(counts)), 1e-12)


_READ = {"image": _thumbnail, "audio": _pitches, "text": _letters}
